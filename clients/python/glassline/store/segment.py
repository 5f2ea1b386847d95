"""The files of a log: each is named for the position of its first message, so that a file that is gone is noticed."""

from pathlib import Path
from typing import List

#: How much of a file a power cut leaves: all; perhaps not its end; nobody knows, since the system failed to sync it and may since
#: have forgotten what it did not write.
SYNCED, UNSYNCED, SUSPECT = "synced", "unsynced", "suspect"

_SUFFIX = ".log"


class Segment:
    """One file of the log."""

    def __init__(self, first: int, size: int) -> None:
        #: The position of its first message, be it there or yet to come.
        self.first = first
        #: Bytes of whole lines in it.
        self.size = size
        self.state = UNSYNCED


def path(folder: Path, first: int) -> Path:
    """The file that begins with the message at ``first``."""
    return folder / f"{first:020}{_SUFFIX}"


def in_folder(folder: Path) -> List[Segment]:
    """All files of the log in ``folder``, oldest first. Raises the system's ``OSError``."""
    found = []
    for entry in folder.iterdir():
        if entry.suffix == _SUFFIX and entry.stem.isascii() and entry.stem.isdigit():
            found.append(Segment(int(entry.stem), entry.stat().st_size))
    return sorted(found, key=lambda segment: segment.first)
