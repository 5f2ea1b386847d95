"""What takes the disk some time, apart from the log itself: it is carried out while messages go on being put in."""

import os
from pathlib import Path
from typing import List, NamedTuple, Tuple, Union

from . import place, record, segment
from .head import HeadFile
from .place import Place
from .record import Stamped


class Done(NamedTuple):
    """What came of a work."""

    #: The head is on disk.
    kept: bool = False
    #: These files are gone.
    removed: Tuple[int, ...] = ()
    #: So many bytes of these files are durable.
    synced: Tuple[Tuple[int, int], ...] = ()
    #: The system failed to make these files durable.
    failed: Tuple[int, ...] = ()


class Keep:
    """Replaces the head, and then gives back files that it makes superfluous."""

    def __init__(self, where: Place, head_file: HeadFile, stamped: Stamped, given_back: List[int]) -> None:
        self._place = where
        self._head_file = head_file
        self._stamped = stamped
        self._given_back = given_back

    def run(self) -> Done:
        """Does it; once this returns, a power cut does not take the head back.

        Raises the system's ``OSError``; the head before is still there.
        """
        with self._place.works:
            _still_ours(self._place)
            self._head_file.write(self._place.folder, self._stamped)
            return Done(kept=True, removed=tuple(filter(self._remove, self._given_back)))

    def _remove(self, first: int) -> bool:
        try:
            segment.path(self._place.folder, first).unlink(missing_ok=True)
        except OSError:
            return False
        return True


class Sync:
    """Makes durable what is in the log."""

    def __init__(self, where: Place, files: List[Tuple[int, int, bool]]) -> None:
        self._place = where
        # The first position of each file, its bytes, and whether the system failed to sync it before.
        self._files = files

    def run(self) -> Done:
        """Does it. With ``synced`` a power cut loses nothing that was in the outbox when this began; with ``failed`` it may."""
        try:
            with self._place.works:
                _still_ours(self._place)
                for first, size, suspect in self._files:
                    self._sync_file(segment.path(self._place.folder, first), size, suspect)
                place.sync(self._place.folder)
        except OSError:
            return Done(failed=tuple(first for first, _, _ in self._files))
        return Done(synced=tuple((first, size) for first, size, _ in self._files))

    def _sync_file(self, path: Path, size: int, suspect: bool) -> None:
        try:
            if suspect:
                _copy(path, size)
            else:
                with open(path, "r+b") as file:
                    os.fsync(file.fileno())
        except FileNotFoundError:
            # Given back meanwhile.
            pass


Work = Union[Keep, Sync]


def _still_ours(where: Place) -> None:
    """A work that outlives the outbox must not change what is the next program's."""
    if not where.is_ours():
        raise OSError("the outbox was let go")


def _copy(path: Path, size: int) -> None:
    """After a failed sync the system may count as written what it could not write. So the file is written again, from what can be
    read of it, if that is still whole."""
    content = path.read_bytes()
    lines = content.split(b"\n")
    if len(content) < size or lines.pop() or any(line and record.read(line) is None for line in lines):
        raise OSError("what the system failed to write can no longer be read")
    place.write_file(path, content)
