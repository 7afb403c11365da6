"""Lists of accounts that may not win: staff, families, earlier winners. Files beside the rundown.

A row is an account's hash (`rewards.rules.leaves.account_hash`, 64 hex digits; `gala exclude` makes them),
empty, or a remark after ``#``. What is wrong is said by row, and never with what the row holds: a row that is
no hash may be somebody's name.
"""

import re
from pathlib import Path

from gala.rundown.beside import read_beside

LIST_BYTES_MAX = 8 * 1024 * 1024  # some 120 000 accounts
FAULTS_TOLD = 5

_HASH = re.compile("[0-9a-f]{64}")


class Lists:
    """Those of one rundown, by the path as it writes them. `folder`: the rundown's own, or None."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.held: dict[str, bytes] = {}

    def take(self, written: str) -> list[bytes]:
        """The hashes of one list, as they stand there. ValueError names the rows that are none."""
        if written not in self.held:
            self.held[written] = read_beside(
                self._folder, written, LIST_BYTES_MAX, "a list of accounts", "lists/staff.txt"
            )
        return rows(self.held[written])


def rows(content: bytes) -> list[bytes]:
    """The hashes in a list. ValueError names the rows that are none."""
    found: list[bytes] = []
    wrong: list[int] = []
    for number, line in enumerate(content.splitlines(), start=1):
        said = line.decode("utf-8", "replace").partition("#")[0].strip()
        if _HASH.fullmatch(said):
            found.append(bytes.fromhex(said))
        elif said:
            wrong.append(number)
    if wrong:
        told = ", ".join(map(str, wrong[:FAULTS_TOLD]))
        more = f" and {len(wrong) - FAULTS_TOLD} more" if len(wrong) > FAULTS_TOLD else ""
        raise ValueError(
            f"row {told}{more}: no account hash of 64 hex digits (`gala exclude` makes them of accounts)"
        )
    if not found:
        raise ValueError("there is no account in it")
    return found
