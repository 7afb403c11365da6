"""Files that lie beside a rundown and belong to it: found in its own folder, and bound by its digest."""

import hashlib
from collections.abc import Mapping
from pathlib import Path


def read_beside(folder: Path | None, written: str, bytes_max: int, what: str, such_as: str) -> bytes:
    """The file as the rundown writes its path; ValueError says what is wrong. folder: the rundown's own; None
    where it came without one. what, such_as: for the words."""
    if folder is None:
        raise ValueError(f"{what} is looked for beside the rundown's file, and this rundown has none")
    try:
        home = folder.resolve()
        path = (home / written).resolve()
        if Path(written).is_absolute() or "\\" in written or not path.is_relative_to(home):
            raise ValueError(f"{what} stays in the rundown's own folder: write `{such_as}`")
        if not path.is_file():
            raise ValueError(f"there is no file {written!r} beside the rundown")
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise ValueError(f"{written!r} cannot be read: {error}") from None
    if len(content) > bytes_max:
        raise ValueError(f"{written!r} is larger than {bytes_max // 1024} KiB")
    return content


def digest(source: bytes, beside: Mapping[str, bytes]) -> str:
    """SHA-256 (hex) of the rundown's file; with files beside it, of it and them in their paths' order."""
    whole = hashlib.sha256(source)
    if beside:
        each = [hashlib.sha256(beside[path]).digest() for path in sorted(beside)]
        whole = hashlib.sha256(b"gala/rundown/1\0" + whole.digest() + b"".join(each))
    return whole.hexdigest()
