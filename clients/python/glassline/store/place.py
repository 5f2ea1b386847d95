"""The folder of an outbox: one program's at a time, and as long as anything of it still works there."""

import os
import sys
import threading
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class InUse(OSError):
    """Another program uses this outbox, or this one twice."""


class Place:
    """A folder that is locked, until :meth:`let_go`."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder if need be, and takes its lock. Raises :class:`InUse`, or the system's ``OSError``."""
        self.folder = folder
        #: Who writes the head, removes files or replaces one holds it: such works are done one after another.
        self.works = threading.Lock()
        make(folder)
        self._lock: IO[bytes] = open(folder / "lock", "ab")
        try:
            _lock(self._lock)
        except OSError as error:
            self._lock.close()
            raise InUse(f"the outbox {folder} is in use by another program") from error

    def let_go(self) -> None:
        """Another program may use it now; works still under way are waited for."""
        with self.works:
            self._lock.close()

    def is_ours(self) -> bool:
        """Whether it was not let go yet. Ask while holding ``works``."""
        return not self._lock.closed


# The lock goes with the process that holds it, so nothing has to be cleared away after a crash.
def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def make(folder: Path) -> None:
    """Makes ``folder`` where it is not there, so that a power cut leaves it there."""
    if folder.is_dir():
        return
    make(folder.parent)
    folder.mkdir(exist_ok=True)
    sync(folder.parent)


def sync(folder: Path) -> None:
    """Makes names in ``folder`` durable: those that were made, renamed or removed."""
    if sys.platform == "win32":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_all(file: int, content: bytes) -> None:
    """Writes all of ``content``. Raises the system's ``OSError``; then some of it may be written."""
    written = os.write(file, content)
    while written < len(content):
        written += os.write(file, content[written:])


def write_file(path: Path, content: bytes) -> None:
    """Writes a file anew, synced, so that it is there whole or as it was before."""
    new = path.with_name(path.name + ".new")
    with open(new, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    sync(path.parent)
