"""The head file: what is taken over and in which session the rest is numbered (rule D4).

It has two slots, and the older one is overwritten in place: so there is a head that is whole whenever the power goes, and a head
needs no room, which on a full disk there is only once one was written and files are given back.

A slot holds its record twice and is empty lines otherwise, so that no single damaged place loses it.
"""

import os
from pathlib import Path
from typing import NamedTuple, Optional

from . import place, record
from .record import Stamped

_NAME = "head"
#: What a disk writes at once, so that writing one slot does nothing to the other.
_SLOT_BYTES = 4096


class HeadFile:
    """Where in the head file the next head goes. Whoever writes holds the works of the place."""

    def __init__(self) -> None:
        # The slot that does not have the newest head, 0 or 1.
        self._older = 0
        # That of the newest head that was written: never is an older one written over a newer.
        self._generation = 0
        #: Whether it has its two slots, so that the next head needs no room on the disk.
        self.made = False

    def write(self, folder: Path, stamped: Stamped) -> None:
        """Writes the head into ``folder``; once this returns, a power cut leaves it, before that it or the one before.

        Raises the system's ``OSError``: the head before is still there, and the same slot is written again the next time.
        """
        if stamped.generation < self._generation:
            return
        path = folder / _NAME
        if path.is_file() and path.stat().st_size == 2 * _SLOT_BYTES:
            self._overwrite(path, stamped)
        else:
            place.write_file(path, 2 * _slot(stamped))
        self._older, self._generation, self.made = 1 - self._older, stamped.generation, True

    def _overwrite(self, path: Path, stamped: Stamped) -> None:
        with open(path, "r+b", buffering=0) as file:
            file.seek(self._older * _SLOT_BYTES)
            place.write_all(file.fileno(), _slot(stamped))
            os.fsync(file.fileno())

    def take_bytes(self, content: bytes) -> "Read":
        """Reads what the file has, and goes on behind it."""
        self.made = len(content) == 2 * _SLOT_BYTES
        newest: Optional[Stamped] = None
        damaged = 0
        for at in range(0, len(content), _SLOT_BYTES):
            for line in content[at : at + _SLOT_BYTES].split(b"\n"):
                found = record.read(line) if line else None
                if isinstance(found, Stamped):
                    if newest is None or found.generation >= newest.generation:
                        newest, self._older = found, 1 if at == 0 else 0
                else:
                    damaged += len(line)
        # An empty file is no head either.
        return Read(newest, damaged if newest else max(damaged, 1), self)


class Read(NamedTuple):
    """What a head file says."""

    #: The newest head; None where there is none, or none that can be read.
    stamped: Optional[Stamped]
    #: Bytes of it that are damaged.
    damaged: int
    #: For the next one.
    file: HeadFile


def read(folder: Path) -> Read:
    """Reads the head file in ``folder``."""
    path = folder / _NAME
    try:
        with open(path, "r+b") as file:
            content = file.read()
            # What an earlier run wrote and did not live to sync must be there before the other slot is overwritten.
            os.fsync(file.fileno())
    except FileNotFoundError:
        return Read(None, 0, HeadFile())
    except OSError:
        return Read(None, 1, HeadFile())
    return HeadFile().take_bytes(content)


def _slot(stamped: Stamped) -> bytes:
    return 2 * record.of_head(stamped).ljust(_SLOT_BYTES // 2, b"\n")
