"""Numbers, and what is said next: the outbox seen through a session (rules D2, D3 and D5).

A session is a name and the position at which it begins: number *n* in it is position ``begin + n - 1``. So a new session for
the same messages is a new beginning, and no message has its number written down. Positions, not numbers, are compared here.
"""

from .message import numbered, skip
from .outbox import Outbox


class KeptSession:
    """A session whose messages are held: opened and not forgotten."""

    def __init__(self, name: str, begin: int, end: "int | None" = None) -> None:
        self.name = name
        #: The position of its number 1.
        self.begin = begin
        #: The position behind its last message: where a later run of the program began, whose messages must not be said
        #: in it (rule D2). None in the run that opened it.
        self.end = end


class Head:
    """The head of a stored outbox: one record, written whole or not at all (rule D4)."""

    def __init__(self, session: "KeptSession | None" = None, head: int = 1) -> None:
        #: The session in which what is held is numbered; None where it has none yet.
        self.session = session
        #: Everything below this position is taken over, or its loss is declared and acked.
        self.head = head


class Kept:
    """What a stored outbox gives a new run of the program."""

    def __init__(self, head: Head, first: int, messages: "list[bytes | None]") -> None:
        self.head = head
        #: The position of the first of ``messages``, or the next one where there are none.
        self.first = first
        #: In order; None where a message was and can no longer be read.
        self.messages = messages


class Numbered:
    """The outbox, the session it is numbered in, and how far it was said."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.session: "KeptSession | None" = None
        #: Everything below this position was said since the last going back; what stands there is to be said next.
        self.said = outbox.head
        # Everything below this position may have been said in this session: no ack goes beyond it.
        self._said_max = outbox.head
        #: Numbered messages that may be unacked.
        self.window = 0
        #: Bytes of the longest line the hub side reads.
        self.line_max = 0

    def take_up(self, session: "KeptSession | None") -> bool:
        """A session of an earlier run is taken up first (rule D3); it ends where this run begins, be it by an earlier
        restart or by this one (rule D2). Answers whether there is one: then it is to be kept."""
        if session is None or not 1 <= session.begin <= self.outbox.head:
            return False
        end = min(self.outbox.next if session.end is None else session.end, self.outbox.next)
        # What the hub side has of it is at most all of it.
        self._said_max = end
        if self.outbox.head < end:
            self.session = KeptSession(session.name, session.begin, end)
        return True

    def begins_with(self) -> "int | None":
        """The lowest number still held, for an identify; None without a session."""
        first = self._within(self.outbox.first)
        # What it no longer holds the hub side may take as a gap, and ack (H3).
        self._said_max = max(self._said_max, first)
        return None if self.session is None else first + 1 - self.session.begin

    def open(self, name: str) -> None:
        """In a session that begins now, all that is not taken over is numbered anew, and so is what was dropped and not
        declared (rule D3)."""
        self.session = KeptSession(name, self.outbox.head)
        self._said_max = self.outbox.head

    def resume(self, ack: int) -> bool:
        """The session goes on, taken over up to number ``ack``. Answers False where that was never said: it counts the
        numbers of another run."""
        taken_over = self._behind(ack)
        if taken_over > self._said_max:
            return False
        self.outbox.take_over(taken_over)
        return True

    def is_over(self) -> bool:
        """Whether the session is one of an earlier run, and all of it is taken over."""
        end = None if self.session is None else self.session.end
        return end is not None and self.outbox.head >= end

    def ack(self, seq: int) -> bool:
        """Only this empties the outbox (rule D5). Answers whether it brought anything."""
        if self.session is None:
            return False
        taken_over = self._behind(seq)
        if not self.outbox.head < taken_over <= self._said_max:
            return False
        self.outbox.take_over(taken_over)
        self.said = max(self.said, taken_over)
        return True

    def nak(self, seq: int) -> None:
        """What was said from number ``seq`` on counts as not said."""
        if self.session is not None and seq > 0:
            back = self.session.begin + seq - 1
            if self.outbox.head <= back < self.said:
                self.said = back

    def go_back(self) -> None:
        """Everything unacked counts as not said."""
        self.said = self.outbox.head

    def next_line(self) -> "bytes | None":
        """The line that is to be said next: a message, or that what was to stand there is lost."""
        if self.session is None:
            return None
        loss = self._loss()
        if loss is not None and self.said < loss:
            self.said = loss
            line = skip(loss - self.session.begin, self.outbox.reason(loss))
        elif self.said < self.limit():
            # One that can no longer be read is waited for: it is declared when all before it is acked.
            message = self.outbox.get(self.said)
            if message is None:
                return None
            seq = self.said + 1 - self.session.begin
            self.said += 1
            # How far behind the device is, where more is held than the window lets out.
            held = len(self.outbox)
            line = numbered(seq, message, held if held > self.window else None, self.line_max)
        else:
            return None
        self._said_max = max(self._said_max, self.said)
        return line

    def probe(self) -> "bytes | None":
        """The first unacked line, said against a closed window; what was said stays said."""
        said = self.said
        self.go_back()
        line = self.next_line()
        self.said = max(self.said, said)
        return line

    def in_flight(self) -> int:
        """Messages, or the loss of some, said and not acked."""
        loss = self._loss()
        return max(self.said - self.outbox.first, 0) + (1 if loss is not None and loss <= self.said else 0)

    def limit(self) -> int:
        """The position behind the last that may be said in this session."""
        return self._within(self.outbox.next)

    def _behind(self, seq: int) -> int:
        """The position behind that of number ``seq``, within the session; for 0 its beginning."""
        return self._within((0 if self.session is None else self.session.begin) + seq)

    def _within(self, position: int) -> int:
        end = None if self.session is None else self.session.end
        return position if end is None else min(position, end)

    def _loss(self) -> "int | None":
        """The position behind the loss that this session has to declare, where there is one."""
        behind = self._within(self.outbox.first)
        return behind if behind > self.outbox.head else None
