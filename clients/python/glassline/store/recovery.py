"""Reads an outbox as the last run of the program left it: whatever became of it, what can be read is found, and what is missing is
said.

A log is read line by line: the end of a line is where reading takes up again behind a damage, and a checksum tells a whole line
from a damaged one.
"""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

from ..session import Head, Kept
from . import head, record, segment
from .limits import MISSING_MESSAGES_MAX
from .record import MESSAGE_BYTES_MIN, Message, Stamped
from .report import Damage, Report
from .segment import Segment


class End(NamedTuple):
    """How a file of the log ends: with a whole line, unless one of these says otherwise."""

    #: Whole lines end at this byte, and something damaged follows.
    torn_at: Optional[int] = None
    #: A whole line lacks its end.
    unended: bool = False
    #: Nobody knows: the system failed to read the file. Another time it may not.
    unreadable: bool = False


class Recovered(NamedTuple):
    """What was found."""

    kept: Kept
    #: The files of the log, oldest first.
    segments: List[Segment]
    #: The position of the next message: above every one that was ever used, as far as anything tells.
    next: int
    #: The newest head, also where none was found: then that of an empty outbox.
    stamped: Stamped
    report: Report
    #: That of the last file.
    end: End
    head_file: head.HeadFile


def recover(folder: Path) -> Recovered:
    """Reads the outbox in ``folder``. A file that cannot be read counts as damaged from its beginning to its end.

    Raises the system's ``OSError`` where the folder itself cannot be listed.
    """
    found = head.read(folder)
    reading = _Reading(folder, found)
    segments = reading.without_strange(segment.in_folder(folder))
    for one in segments:
        reading.read(one)
    # What the head's file says of the next position counts behind the log, not within it.
    reading.next = max(reading.next, found.stamped.next if found.stamped else 1)
    return reading.finish(segments, found.file)


class _Reading:
    """The log as far as it was read."""

    def __init__(self, folder: Path, found: head.Read) -> None:
        self._folder = folder
        self._messages: Dict[int, bytes] = {}
        self._stamped = found.stamped
        #: Above every position that is in the log or was damaged in it.
        self.next = 0
        self._report = Report()
        self._report.head_damaged = found.damaged
        self._end = End()

    def without_strange(self, segments: List[Segment]) -> List[Segment]:
        """A file so far behind the one before it is none that an outbox ever makes: it counts as damaged, whole."""
        near: List[Segment] = []
        for one in segments:
            if near and one.first - near[-1].first > MISSING_MESSAGES_MAX:
                self._report.damages.append(Damage(segment.path(self._folder, one.first), 0, one.size))
            else:
                near.append(one)
        return near

    def read(self, one: Segment) -> None:
        path = segment.path(self._folder, one.first)
        self.next = max(self.next, one.first, 1)
        try:
            content = path.read_bytes()
        except OSError:
            self._report.damages.append(Damage(path, 0, one.size))
            self._end = End(unreadable=True)
            return
        damages = self._read_lines(content, one.first)
        self._end = End(unended=content != b"" and not content.endswith(b"\n"))
        if damages and damages[-1][1] == len(content):
            begin = damages[-1][0]
            self._tear(content[begin:])
            self._end = End(torn_at=begin)
        self._report.damages += [Damage(path, begin, end - begin) for begin, end in damages]

    def _read_lines(self, content: bytes, first: int) -> List[Tuple[int, int]]:
        """Answers from where to where it is damaged."""
        damages: List[Tuple[int, int]] = []
        at = 0
        for line in content.split(b"\n"):
            behind = min(at + len(line) + 1, len(content))
            found = record.read(line) if line else None
            # A file is named for its first message: what lies below it was never written there.
            if found is None or (isinstance(found, Message) and found.position < first):
                # An empty line is what a failed write was ended with.
                if line:
                    if damages and damages[-1][1] == at:
                        damages[-1] = (damages[-1][0], behind)
                    else:
                        damages.append((at, behind))
            else:
                self._take(found)
            at = behind
        return damages

    def _take(self, found: "Message | Stamped") -> None:
        if isinstance(found, Message):
            self.next = max(self.next, found.position + 1)
            self._messages.setdefault(found.position, found.body)
            return
        self.next = max(self.next, found.next)
        if self._stamped is None or found.generation >= self._stamped.generation:
            self._stamped = found

    def _tear(self, torn: bytes) -> None:
        """At least one message was in these bytes, unless they are those of a head. Their positions may have been said, so they
        are not used again."""
        last = record.last_claimed(torn, self.next)
        if last is not None or not record.is_rest_of_head(torn):
            self.next = (self.next if last is None else last) + 1

    def finish(self, segments: List[Segment], head_file: head.HeadFile) -> Recovered:
        if segments and self._end.unreadable:
            # As many as it may hold were used.
            messages = min(max(segments[-1].size // MESSAGE_BYTES_MIN, 1), MISSING_MESSAGES_MAX)
            self.next = max(self.next, segments[-1].first + messages)
        report = self._report
        report.head_lost = self._stamped is None and (report.head_damaged > 0 or segments != [])
        stamped = self._stamped or Stamped(0, 1, Head())
        after = max(self.next, stamped.next, stamped.head.head)
        kept = self._kept(stamped.head, segments, after)
        return Recovered(kept, segments, after, stamped, report, self._end, head_file)

    def _kept(self, newest: Head, segments: List[Segment], after: int) -> Kept:
        """What the device holds: from the first position that is neither taken over nor given back with its file, to the next
        one. What is not there is missing."""
        given_back = segments[0].first if segments else after
        lowest = min(self._messages, default=after)
        first = max(newest.head, min(given_back, lowest))
        messages = [self._messages.get(position) for position in range(first, after)]
        self._report.restored = len(messages) - messages.count(None)
        for position, body in enumerate(messages, first):
            if body is None:
                self._report.miss(position)
        return Kept(newest, first, messages)
