"""What lines say: those of a device are written, those of the hub side read."""

import json

from .limits import HEARTBEAT_SECONDS_MAX, REASON_BYTES_MAX, SEQ_MAX, WINDOW_MESSAGES
from .members import members, text, whole

# What a reader of the hub side's lines looks for, in this order.
_KINDS = ("welcome", "ack", "nak", "command", "window", "need", "error", "bye")


class Malformed(Exception):
    """The line says nothing that a device could read."""


class Line:
    """A line of the hub side: its kind, and the JSON text of its members. ``""`` for a heartbeat or a kind that is not
    known."""

    def __init__(self, kind: str, found: "dict[str, str]") -> None:
        self.kind = kind
        self._found = found

    def text(self, key: str) -> str:
        """The member ``key``, a text. Raises :class:`Malformed` where it is none."""
        value = text(self._found.get(key))
        if value is None:
            raise Malformed(key)
        return value

    def whole(self, key: str) -> int:
        """The member ``key``, a whole number from 0. Raises :class:`Malformed` where it is none."""
        value = whole(self._found.get(key))
        if value is None:
            raise Malformed(key)
        return value

    def number(self, key: str) -> int:
        """The member ``key``, the number of a message or a command. Raises :class:`Malformed` where it is none."""
        value = self.whole(key)
        if not 1 <= value <= SEQ_MAX:
            raise Malformed(key)
        return value

    def has(self, key: str) -> bool:
        """Whether there is a member ``key``."""
        return key in self._found

    def raw(self, key: str) -> str:
        """The JSON text of member ``key``. Raises :class:`Malformed` where there is none."""
        if key not in self._found:
            raise Malformed(key)
        return self._found[key]


class Welcome:
    """The answer to an identify. Raises :class:`Malformed` where a member is missing or of the wrong type."""

    def __init__(self, line: Line) -> None:
        self.device = line.text("welcome")
        self.nonce = line.whole("nonce") if line.has("nonce") else None
        self.session = line.text("session") if line.has("session") else None
        self.ack = line.whole("ack") if line.has("ack") else 0
        self.window = line.whole("window") if line.has("window") else WINDOW_MESSAGES
        #: Milliseconds between heartbeats.
        self.heartbeat_ms = min(max(line.whole("heartbeat"), 1), HEARTBEAT_SECONDS_MAX) * 1000
        self.line_max = line.whole("line_max")
        self.time = line.whole("time")
        self.token = line.text("token") if line.has("token") else None


def read(line: bytes) -> Line:
    """Reads a line of the hub side, without its end. Raises :class:`Malformed`."""
    if not line:
        return Line("", {})
    try:
        found = members(line.decode())
    except (ValueError, IndexError) as error:
        raise Malformed(str(error))
    for kind in _KINDS:
        if kind in found:
            return Line(kind, found)
    return Line("", found)


def complaint(line: Line) -> "tuple[str, str]":
    """The code and the reason of an ``error``. Raises :class:`Malformed`."""
    try:
        inner = Line("error", members(line.raw("error")))
    except (ValueError, IndexError) as error:
        raise Malformed(str(error))
    return inner.text("code"), inner.text("reason") if inner.has("reason") else ""


def again(line: Line) -> str:
    """What a ``bye`` says of coming back. A word from the future is ``later``."""
    word = line.text("again") if line.has("again") else "later"
    return word if word in ("now", "never") else "later"


def quoted(plain: str) -> str:
    """``plain`` as a JSON string."""
    return json.dumps(plain)


def identify(device: str, token: "str | None", rest: "list[tuple[str, str | int | bool | None]]") -> bytes:
    """Who the device is; of the ``rest``, in order, what is None is left out."""
    line = '{"identify":' + quoted(device)
    for key, value in [("token", token)] + rest:
        if value is not None:
            line += ',"' + key + '":' + json.dumps(value)
    return (line + "}\n").encode()


def samples(values: "list[tuple[str, str]]", ts: "int | None") -> bytes:
    """The members of a message: channels with the JSON text of their values, and when they were taken."""
    if len(values) == 1:
        body = '"channel":' + _name(values[0][0]) + ',"value":' + values[0][1]
    else:
        body = '"values":{' + ",".join([_name(channel) + ":" + value for channel, value in values]) + "}"
    return (body if ts is None else body + ',"ts":' + str(ts)).encode()


def _name(channel: str) -> str:
    """As it is where it needs no escapes: most names."""
    return quoted(channel) if "\\" in channel or '"' in channel else '"' + channel + '"'


def unnumbered(message: bytes) -> bytes:
    """The line of a message without a number."""
    return b"{" + message + b"}\n"


def numbered(seq: int, message: bytes, held: "int | None", line_max: int) -> bytes:
    """The line of a message with its number, and with how many are held where the line has room for it."""
    line = ('{"seq":' + str(seq) + ",").encode() + message
    if held is not None:
        longer = line + (',"outbox":' + str(held)).encode()
        if len(longer) < line_max:
            line = longer
    return line + b"}\n"


def skip(to: int, reason: str) -> bytes:
    """What the hub side lacks up to number ``to`` is given up."""
    return ('{"skip":' + str(to) + ',"reason":' + quoted(reason) + "}\n").encode()


def describe(channels: str) -> bytes:
    """What the channels are: an object, as JSON."""
    return ('{"describe":' + channels + "}\n").encode()


def result(command: int, ok: bool, value: "str | None", reason: "str | None") -> bytes:
    """The answer to a command; ``value`` is JSON, ``reason`` a text, cut where it is too long."""
    line = '{"result":' + str(command) + ',"ok":' + ("true" if ok else "false")
    if value is not None:
        line += ',"value":' + value
    if reason is not None:
        line += ',"reason":' + quoted(cut(reason, REASON_BYTES_MAX))
    return (line + "}\n").encode()


def cut(words: str, bytes_max: int) -> str:
    """The longest beginning of ``words`` that has at most ``bytes_max`` bytes and ends at a character."""
    words = words[:bytes_max]
    while len(words.encode()) > bytes_max:
        words = words[:-1]
    return words


def is_session(name: str) -> bool:
    """Whether ``name`` is one that an issuer gives: a tag and a counter, ``k7-3``."""
    tag, _, counter = name.partition("-")
    plain = whole(counter) is not None and len(counter) <= 15
    if not plain or not 1 <= len(tag) <= 8:
        return False
    for character in tag:
        if not ("a" <= character <= "z" or "0" <= character <= "9"):
            return False
    return True
