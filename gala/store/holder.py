"""Who holds a data folder: the note in its lock file, and whether that is locked. See `gala.store.valkey`."""

import fcntl
import json
import os


class Holder:
    """Who wrote the lock file last: process and machine, and where their server listens."""

    def __init__(self, pid: int, host: str, socket_path: str) -> None:
        self.pid = pid
        self.host = host
        self.socket = socket_path


def holder_of(lock: int) -> Holder:
    """What stands in an open lock file; nobody, if it cannot be read."""
    try:
        note = json.loads(os.pread(lock, 4096, 0))
        return Holder(int(note["pid"]), str(note["host"]), str(note["socket"]))
    except (ValueError, KeyError, TypeError):
        return Holder(0, "", "")


def locked(lock: int) -> bool:
    """Takes the lock of an open lock file; whether nobody else has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def alive(pid: int) -> bool:
    """Whether there is such a process on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
