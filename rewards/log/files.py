"""Files that are there whole or not at all, also after a power cut."""

import os
import threading
from pathlib import Path


def write_durably(path: Path, content: bytes) -> None:
    """Writes beside, syncs, renames, syncs the folder. Parents are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = f"{os.getpid()}-{threading.get_ident()}"  # two may write one file, and each writes it whole
    beside = path.with_name(f"{path.name}.{writer}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
