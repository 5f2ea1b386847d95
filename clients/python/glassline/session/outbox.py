"""What a device sent, or has yet to send, and nobody acked (rule D5), by position.

Every message put in gets a **position**: 1, 2, 3 …, counted over all runs of the program. The messages that are held have
consecutive ones. What lies between the head and the first of them is gone: dropped when the outbox was full, no longer
readable where it was stored, or acked once by a hub side that no longer has it. That is what a ``skip`` declares.
"""

# What stands around the members of a message in its line without a number, and ends it.
_AROUND_BYTES = 3


class Outbox:
    """Holds the members of each message, ``"channel":…,"value":…``; None where a storage can no longer read one."""

    def __init__(self, messages_max: int, bytes_max: int) -> None:
        self._messages_max = max(messages_max, 1)
        self._bytes_max = bytes_max
        # Those before `_start` are gone; they are cut off now and then.
        self._messages: "list[bytes | None]" = []
        self._start = 0
        self._bytes = 0
        #: The position of the next message.
        self.next = 1
        #: Everything below it is taken over.
        self.head = 1
        #: Messages dropped so far because there was no room.
        self.dropped = 0
        # Everything below it that is not taken over was dropped for want of room; 0 for none.
        self._dropped_below = 0

    def restore(self, head: int, first: int, messages: "list[bytes | None]") -> None:
        """Takes what was stored into an empty outbox. Where there is no room for all of it, the oldest go."""
        head, first = max(head, 1), max(first, 1)
        self.next, self.head = first, min(head, first)
        self._dropped_below = first if first > head else 0
        for message in messages:
            self.push(message)
        self.take_over(head)
        if head > self.next:
            # A tail that was taken over was lost. Its positions stay used.
            self.next = self.head = head

    def push(self, message: "bytes | None") -> int:
        """Adds a message behind all others; where there is no room, the oldest go. Answers its position."""
        self._messages.append(message)
        self._bytes += _size(message)
        self.next += 1
        while len(self) > self._messages_max or (self._bytes > self._bytes_max and len(self) > 1):
            self._drop_first()
        return self.next - 1

    def __len__(self) -> int:
        return len(self._messages) - self._start

    @property
    def first(self) -> int:
        """The position of the first message that is held, or of the next one."""
        return self.next - len(self)

    def get(self, position: int) -> "bytes | None":
        """The message at ``position``; None where there is none, or none that can be read."""
        at = position - self.first
        return self._messages[self._start + at] if 0 <= at < len(self) else None

    def reason(self, position: int) -> str:
        """Why what lies below ``position``, the first that is held or one before it, is lost."""
        return "overflow" if self._dropped_below >= position else "lost"

    def take_over(self, position: int) -> None:
        """Everything below ``position`` is taken over, and nothing from there on."""
        position = min(position, self.next)
        while self.first < position and len(self):
            self._remove_first()
        self._remove_unreadable()
        self.head = position

    def _drop_first(self) -> None:
        """A loss stays behind the head until it is declared (rule D5)."""
        first = self.first
        self._remove_first()
        self._remove_unreadable()
        self._dropped_below = self.first
        self.dropped += self._dropped_below - first

    def _remove_unreadable(self) -> None:
        """What cannot be read becomes a loss to declare as soon as it is the first. Not before: a skip takes with it what
        the hub side lacks of all that stands below."""
        while len(self) and self._messages[self._start] is None:
            self._remove_first()

    def _remove_first(self) -> None:
        self._bytes -= _size(self._messages[self._start])
        self._messages[self._start] = None
        self._start += 1
        if self._start >= 64 and self._start * 2 >= len(self._messages):
            self._messages = self._messages[self._start :]
            self._start = 0


def _size(message: "bytes | None") -> int:
    return 0 if message is None else len(message) + _AROUND_BYTES
