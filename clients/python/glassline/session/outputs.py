"""What a session wants done, in this order."""

from .numbered import Head


class Keep:
    """Store this head in the place of the one before, durably, before the next output is carried out (rule D4)."""

    def __init__(self, head: Head) -> None:
        self.head = head


class Send:
    """Write this line; it has its end."""

    def __init__(self, line: bytes) -> None:
        self.line = line


class Welcomed:
    """The identify was answered. A ``token`` in it is to be kept and used from now on."""

    def __init__(self, device: str, time: int, token: "str | None") -> None:
        #: The id of the device.
        self.device = device
        #: The hub side's clock when it wrote this, in milliseconds since 1970.
        self.time = time
        self.token = token


class Begin:
    """Begin this command, and give what comes of it to ``Session.answer``."""

    def __init__(self, number: int, channel: str, value: str, ttl: int) -> None:
        self.number = number
        self.channel = channel
        #: JSON, as it came.
        self.value = value
        #: Milliseconds for which it stays wanted.
        self.ttl = ttl


class Complain:
    """The hub side skipped a line: for the log."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason


class Close:
    """Drop the connection, with what was read from it, and come back by rule D9.

    ``code`` is that of the ``bye`` that was told, or ``silent`` or ``stuck`` where the device found out by itself.
    """

    def __init__(self, code: str, again: str, wait: "int | None", told: bool) -> None:
        self.code = code
        #: ``now``, ``later`` or ``never``.
        self.again = again
        #: Milliseconds to stay away at least; None for as long as is usual.
        self.wait = wait
        #: Whether the hub side said so.
        self.told = told
