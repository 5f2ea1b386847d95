"""What the program gives, as JSON: what the hub would refuse is refused here, since accepted it would be a loss."""

import json
from typing import Iterable, List, Mapping, Optional, Tuple

from .session.limits import (
    CHANNEL_BYTES_MAX,
    LINE_BYTES_MAX,
    LINE_DEPTH_MAX,
    MESSAGE_CHANNELS_MAX,
    SEQ_MAX,
)
from .session.members import check, depth, members
from .session.message import describe, numbered, samples

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_TEXTS = ("unit", "input")
_NUMBERS = ("min", "max", "step")
# Times that a hub can hold: 64 bits.
_TS_MAX = 2**63


class NotAccepted(Exception):
    """Why a message, a description or a result is none that a hub takes."""


def encode(value: object) -> str:
    """``value`` as JSON. Raises :class:`NotAccepted` where it is none."""
    try:
        return _checked(value, _encode(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise NotAccepted(f"it is no JSON: {error}") from error


def _checked(value: object, raw: str) -> str:
    # Keys of a dict that are not texts become some: two may become the same.
    return check(raw) if isinstance(value, (dict, list, tuple)) else raw


def message(values: Iterable[Tuple[str, object]], ts: Optional[int]) -> bytes:
    """The members of a message. Raises :class:`NotAccepted` where a hub would not take it."""
    read = [(name(channel), encode(value)) for channel, value in values]
    if not 0 < len(read) <= MESSAGE_CHANNELS_MAX:
        raise NotAccepted(f"a message has 1 to {MESSAGE_CHANNELS_MAX} channels")
    if ts is not None and (type(ts) is not int or not -_TS_MAX <= ts < _TS_MAX):
        raise NotAccepted("a time is milliseconds since 1970, a whole number")
    # The line's own object is a level, that of several values another.
    levels = LINE_DEPTH_MAX - (1 if len(read) == 1 else 2)
    if any(raw[0] in "[{" and depth(raw) > levels for _, raw in read):
        raise NotAccepted(f"a line has at most {LINE_DEPTH_MAX} levels")
    try:
        body = samples(read, ts)
    except UnicodeEncodeError as error:
        raise NotAccepted("a text is not Unicode") from error
    _fits(numbered(SEQ_MAX, body, None, 0))
    return body


def description(channels: Mapping[str, Mapping[str, object]]) -> str:
    """What channels are, as JSON. Raises :class:`NotAccepted` where a hub would not take it."""
    raw = encode(channels)
    if not raw.startswith("{"):
        raise NotAccepted("a description is an object with a member for each channel")
    try:
        found = members(raw)
        if len(found) > MESSAGE_CHANNELS_MAX:
            raise NotAccepted(f"a description has at most {MESSAGE_CHANNELS_MAX} channels")
        for channel, said in found.items():
            _check_channel(name(channel), said)
        if depth(raw) >= LINE_DEPTH_MAX:
            raise NotAccepted(f"a line has at most {LINE_DEPTH_MAX} levels")
        _fits(describe(raw))
    except ValueError as error:
        raise NotAccepted(str(error)) from error
    return raw


def _check_channel(channel: str, said: str) -> None:
    if not said.startswith("{"):
        raise NotAccepted(f"what is said of {channel!r} must be an object")
    found = members(said)
    wrong = [key for key in _TEXTS if key in found and found[key][0] != '"']
    wrong += [key for key in _NUMBERS if key in found and found[key][0] not in "-0123456789"]
    if "every" in found and not (found["every"].isdigit() and 1 <= int(found["every"]) <= SEQ_MAX):
        wrong.append("every")
    if wrong:
        raise NotAccepted(f"of {channel!r}, {wrong[0]!r} is of the wrong type")


def name(channel: object) -> str:
    """``channel`` where it is the name of one. Raises :class:`NotAccepted` where it is none."""
    fits = isinstance(channel, str) and 0 < len(channel) <= CHANNEL_BYTES_MAX
    if fits and isinstance(channel, str):
        # Plain names are nearly all there are.
        plain = channel.isascii() and channel.isprintable()
        if plain or (_bytes(channel) <= CHANNEL_BYTES_MAX and not any(map(_is_control, channel))):
            return channel
    raise NotAccepted(f"a channel's name has 1 to {CHANNEL_BYTES_MAX} bytes and no control characters")


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _is_control(character: str) -> bool:
    return character < " " or "\x7f" <= character <= "\x9f"


def _fits(line: bytes) -> None:
    if len(line) - 1 > LINE_BYTES_MAX:
        raise NotAccepted(f"a line has at most {LINE_BYTES_MAX} bytes")


def result(value: object) -> Optional[str]:
    """What a handler returned, as JSON; None where there is nothing to say. Raises :class:`NotAccepted`."""
    if value is None:
        return None
    raw = encode(value)
    try:
        size = len(raw.encode())
    except UnicodeEncodeError as error:
        raise NotAccepted("a text is not Unicode") from error
    if size > LINE_BYTES_MAX - 64:
        raise NotAccepted("it is too long")
    if depth(raw) >= LINE_DEPTH_MAX:
        raise NotAccepted("it is too deep")
    return raw


def pairs(values: "Mapping[str, object] | Iterable[Tuple[str, object]]") -> List[Tuple[str, object]]:
    """The channels and values of a message; each channel stands once."""
    found = list(values.items()) if isinstance(values, Mapping) else [(channel, value) for channel, value in values]
    if len({channel for channel, _ in found}) != len(found):
        raise NotAccepted("a channel stands twice")
    return found
