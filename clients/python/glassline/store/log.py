"""A stored outbox, open: messages go in, and what takes the disk some time is given out as work to be done elsewhere."""

import os
from pathlib import Path
from typing import Optional, Set

from ..session import Head, Kept
from . import place, record, segment
from .limits import FILE_BYTES_MAX, FILE_BYTES_MIN, HEAD_EVERY_MESSAGES
from .place import Place
from .record import Stamped
from .recovery import End, recover
from .report import Report
from .segment import SUSPECT, SYNCED, UNSYNCED, Segment
from .work import Done, Keep, Sync, Work

__all__ = ["Done", "Keep", "Log", "Sync", "Work"]

_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
_CREATE = _APPEND | os.O_CREAT | os.O_EXCL


class Log:
    """An outbox in a folder. Not for several threads at once; the works it gives out are."""

    def __init__(self, folder: Path, bytes_max: int) -> None:
        """Opens the outbox in ``folder``, which is made if need be, for about ``bytes_max`` bytes of messages.

        Raises :class:`InUse` where another program uses it, and the system's ``OSError`` where the folder cannot be made or
        listed. Damaged contents are no error.
        """
        self._file_bytes = min(max(bytes_max // 8, FILE_BYTES_MIN), FILE_BYTES_MAX)
        #: Bytes of the log beyond which something is to be given back: twice what is held, and some files.
        self.bytes_max = 2 * bytes_max + 4 * self._file_bytes
        self._place = Place(folder)
        try:
            recovered = recover(folder)
        except OSError:
            self._place.let_go()
            raise
        #: What the device goes on with.
        self.kept: Kept = recovered.kept
        self.report: Report = recovered.report
        #: The position of the next message.
        self.next = recovered.next
        self._segments = recovered.segments
        #: Bytes of all files of the log.
        self.size = sum(one.size for one in self._segments)
        self._head_file = recovered.head_file
        # The last segment's file; None where the next message begins another one.
        self._file: Optional[int] = None
        # The last write failed: what it left of a line is cut off before the next.
        self._torn = False
        self._generation = recovered.stamped.generation
        # The newest head that was written, be it to the log or to its file.
        self._noted: Head = recovered.stamped.head
        self._go_on(not self.report.is_whole, recovered.end)

    def _go_on(self, damaged: bool, end: End) -> None:
        """Writes behind the whole lines of the last file if that can be done, and begins another one if it cannot."""
        try:
            if damaged:
                # What is known of the missing must not be forgotten with what told it. Both slots: one may be damaged.
                self._generation += 1
                self._write_head_file()
                self._write_head_file()
            elif not self._head_file.made:
                # On a full disk that is tried again before the log takes anything.
                self._write_head_file()
        except OSError:
            if damaged:
                return
        if not self._segments or end.unreadable:
            return
        last = self._segments[-1]
        try:
            self._file = os.open(segment.path(self._place.folder, last.first), _APPEND)
            if end.torn_at is not None:
                os.ftruncate(self._file, end.torn_at)
                self._grow(end.torn_at - last.size)
            elif end.unended:
                place.write_all(self._file, b"\n")
                self._grow(1)
            if damaged:
                # So that what follows is known to follow that. It is in the head's file in any case.
                self._write(record.of_head(self._stamped(self._noted)))
        except OSError:
            self._close_file()

    def append(self, body: bytes) -> None:
        """Puts a message behind all others. Once this returns, ``kill -9`` does not lose it.

        Raises the system's ``OSError``: the disk is full, say. Then it is not in the outbox, and the next may be tried.
        """
        self._write(record.of_message(self.next, body))
        self.next += 1

    def note(self, head: Head, held: int) -> None:
        """Notes ``head`` in the log, where enough was taken over since the last time: so that after the end of the program
        little is sent that was taken over before. Nothing is synced."""
        taken_over = head.head - self._noted.head
        if taken_over >= HEAD_EVERY_MESSAGES or (taken_over > 0 and held == 0):
            self._write_head(head)

    def keep(self, head: Head, held_from: int) -> Keep:
        """The work that replaces the head by ``head`` and gives back what lies below ``held_from``; :meth:`done` is told what
        comes of it."""
        # The log has it too, for the case that its file is damaged; what counts is its file.
        self._write_head(head)
        given_back = []
        for one, following in zip(self._segments, self._segments[1:]):
            if following.first > held_from:
                break
            given_back.append(one.first)
        return Keep(self._place, self._head_file, self._stamped(head), given_back)

    def has_room_to_give(self, held_from: int) -> bool:
        """Whether a :meth:`keep` would give back a file."""
        return len(self._segments) > 1 and self._segments[1].first <= held_from

    def give_back(self, held_from: int) -> None:
        """Removes the files below ``held_from`` at once. Nothing is synced, so it takes no longer than a message does: without a
        head that says so, what is missing below the first file counts as dropped, and so it was."""
        # One that a sync is to write again stays: it would come again.
        while self.has_room_to_give(held_from) and self._segments[0].state != SUSPECT:
            given_back = self._segments.pop(0)
            self.size -= given_back.size
            try:
                segment.path(self._place.folder, given_back.first).unlink(missing_ok=True)
            except OSError:
                # It stays, and is found by the next run of the program.
                continue

    def sync(self) -> Sync:
        """The work that makes durable all that was put in so far; :meth:`done` is told what comes of it."""
        if self._segments and self._segments[-1].state == SUSPECT:
            # The work copies it, and nothing is to be added meanwhile.
            self._close_file()
        files = [
            (one.first, one.size, one.state == SUSPECT)
            for one in self._segments
            # A suspect one without a message is begun anew instead, with the next message.
            if one.state != SYNCED and not (one.state == SUSPECT and one.first == self.next)
        ]
        return Sync(self._place, files)

    def done(self, done: Done) -> None:
        """What a :class:`Keep` or a :class:`Sync` came to."""
        removed: Set[int] = set(done.removed)
        for one in self._segments:
            if one.first in removed:
                self.size -= one.size
            elif (one.first, one.size) in done.synced:
                one.state = SYNCED
            elif one.first in done.failed:
                one.state = SUSPECT
        self._segments = [one for one in self._segments if one.first not in removed]

    def let_go(self) -> None:
        """Closes it, and frees the folder for another program."""
        self._close_file()
        self._place.let_go()

    def _stamped(self, head: Head) -> Stamped:
        return Stamped(self._generation, self.next, head)

    def _write_head_file(self) -> None:
        with self._place.works:
            self._head_file.write(self._place.folder, self._stamped(self._noted))

    def _write_head(self, head: Head) -> None:
        self._generation += 1
        try:
            self._write(record.of_head(self._stamped(head)))
        except OSError:
            # It is told again with the next one.
            pass
        self._noted = head

    def _write(self, lines: bytes) -> None:
        """Adds whole lines to the log, in another file where the last one is full."""
        last = self._segments[-1] if self._segments else None
        if last is not None and 0 < last.size and last.size + len(lines) > self._file_bytes:
            self._close_file()
        if self._torn:
            self._mend()
        if self._file is None:
            self._begin_file()
        assert self._file is not None
        self._torn = True
        place.write_all(self._file, lines)
        self._torn = False
        self._grow(len(lines))

    def _mend(self) -> None:
        """Cuts off what a failed write left, and begins another file: on a full disk this one is in nobody's way then, and can be
        given back, with the room it takes."""
        self._torn = False
        if self._file is not None and self._segments:
            try:
                os.ftruncate(self._file, self._segments[-1].size)
            except OSError:
                # What is left there is found to be damaged, and no loss: it was not accepted.
                pass
        self._close_file()

    def _begin_file(self) -> None:
        """Begins the file that the next message is the first of. One of that name holds no message yet: it is replaced."""
        if not self._head_file.made:
            # The log may take all the room there is, and what is in it could not be said without a head.
            self._write_head_file()
        path = segment.path(self._place.folder, self.next)
        path.unlink(missing_ok=True)
        if self._segments and self._segments[-1].first == self.next:
            self.size -= self._segments.pop().size
        self._file = os.open(path, _CREATE, 0o666)
        self._segments.append(Segment(self.next, 0))
        # So that each file tells where the log stood when it was begun: what came before may be gone.
        head = record.of_head(self._stamped(self._noted))
        self._torn = True
        place.write_all(self._file, head)
        self._torn = False
        self._grow(len(head))

    def _grow(self, size: int) -> None:
        last = self._segments[-1]
        last.size += size
        self.size += size
        if last.state == SYNCED:
            last.state = UNSYNCED

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
