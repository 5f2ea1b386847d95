"""What a stored outbox was found to have lost when it was opened."""

from pathlib import Path
from typing import List, NamedTuple, Tuple


class Damage(NamedTuple):
    """Bytes of a file that could not be read."""

    file: Path
    #: Where in it, in bytes.
    offset: int
    #: How many bytes.
    size: int


class Report:
    """What became of an outbox between two runs of the program. Usually: nothing."""

    def __init__(self) -> None:
        #: Messages that are there and not known to be taken over.
        self.restored = 0
        #: Places of the log that could not be read, in order. One at the end of the last file was cut off.
        self.damages: List[Damage] = []
        #: First and last of positions that were used and whose messages are gone. Their loss is declared to the hub.
        self.missing: List[Tuple[int, int]] = []
        #: Bytes of the head file that could not be read. It has everything twice.
        self.head_damaged = 0
        #: No head could be read at all. What is there is sent as if none of it had been sent before.
        self.head_lost = False

    @property
    def is_whole(self) -> bool:
        """Whether everything was as it had been left."""
        return not (self.damages or self.missing or self.head_damaged or self.head_lost)

    def miss(self, position: int) -> None:
        """Notes that the message at ``position`` is gone."""
        if self.missing and self.missing[-1][1] + 1 == position:
            position_first = self.missing.pop()[0]
        else:
            position_first = position
        self.missing.append((position_first, position))

    def __str__(self) -> str:
        parts = [f"{self.restored} messages restored"]
        parts += [f"{size} bytes are damaged from byte {offset} of {file}" for file, offset, size in self.damages]
        parts += [f"lost: {first} to {last}" for first, last in self.missing]
        if self.head_damaged:
            parts.append(f"{self.head_damaged} bytes of the head are damaged")
        if self.head_lost:
            parts.append("no head is left, so all is sent anew")
        return "; ".join(parts)
