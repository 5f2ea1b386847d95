"""Scripts in the notation of ``spec/vectors``: read into steps, and messages in words compared with lines.

It runs on CPython and on MicroPython.
"""

import json

from glassline.session.members import members

#: Members whose value is ``true`` when none follows.
_FLAGS = ("boot", "ok")
#: What begins a message that names its members; anything else is samples.
_KINDS = (
    "identify", "welcome", "ack", "nak", "window", "need", "error", "bye", "command", "result", "skip", "describe", "channel",
    "values",
)  # fmt: skip
#: What a script leaves out of a welcome.
_WELCOME = (("window", "64"), ("heartbeat", "15"), ("line_max", "65536"), ("time", "1763846847123"))


class Step:
    """One thing that is said, or happens: ``side`` is ``device``, ``hub`` or ``world``."""

    def __init__(self, line, side, words):
        self.line = line
        self.side = side
        self.words = words


def steps(script):
    """The steps of a script, in order."""
    found = []
    for number, text in enumerate(script.split("\n"), 1):
        text = text.strip()
        if not text or text[0] == "#":
            continue
        if text[0] == "|":
            found += [Step(number, "world", one.strip()) for one in text[1:].split(", ")]
            continue
        side, mark, message = text.partition(">")
        side = side.strip()
        if not mark or side not in ("device", "hub"):
            raise ValueError("line %d: neither said nor happens: %s" % (number, text))
        found.append(Step(number, side, message.strip()))
    return found


def duration(text):
    """``3 s``, ``250 ms``: in milliseconds; None where it is none."""
    number, _, unit = text.partition(" ")
    if unit not in ("s", "ms") or not _is_number(number):
        return None
    return int(number) * (1000 if unit == "s" else 1)


def whole_welcome(words):
    """A welcome in words with all its members."""
    if words.startswith("welcome "):
        named = words.split()
        for member, value in _WELCOME:
            if member not in named:
                words += " " + member + " " + value
    return words


def line(words):
    """The line that a message in words stands for, without its end."""
    if words.startswith("{"):
        return words
    if words.startswith("raw "):
        return words[4:]
    parts = words.split()
    if parts == ["heartbeat"]:
        return ""
    if parts[0] == "error":
        return '{"error":{' + _members(parts[1:]) + "}}"
    if _is_number(parts[0]):
        return _numbered(parts[0], parts[1:])
    return "{" + _members(parts) + "}"


def _numbered(seq, rest):
    cut = min([rest.index(word) for word in ("ts", "outbox") if word in rest], default=len(rest))
    values, others = rest[:cut], rest[cut:]
    tail = "," + _members(others) if others else ""
    if len(values) == 2:
        return '{"seq":%s,"channel":"%s","value":%s%s}' % (seq, values[0], as_json(values[1]), tail)
    return '{"seq":%s,"values":{%s}%s}' % (seq, _members(values), tail)


def _members(words):
    found, at = [], 0
    while at < len(words):
        key = words[at]
        if key in _FLAGS and words[at + 1 : at + 2] != ["false"]:
            value, at = "true", at + 1
        else:
            value, at = as_json(words[at + 1]), at + 2
        found.append('"%s":%s' % (key, value))
    return ",".join(found)


def as_json(word):
    """A word as JSON: as it is where it is some, else as text."""
    if word in ("true", "false", "null") or word[0] in '{["' or _is_number(word.lstrip("-").replace(".", "")):
        return word
    return json.dumps(word)


def matches(words, said):
    """Whether ``said`` is the message ``words``, as ``spec/vectors`` compares them."""
    said = said.decode().rstrip("\n")
    words, absent = _without_excluded(words)
    expected = line(words)
    if not expected or not said:
        return expected == said
    expected, found = members(expected), members(said)
    if words.startswith("{"):
        return expected == found
    first = words.split()[0]
    if first in _KINDS:
        return not any([key in found for key in absent]) and _includes(expected, found)
    in_order = not _is_number(first) or said.startswith('{"seq":')
    return in_order and _values(expected) == _values(found) and _includes(expected, found)


def _without_excluded(words):
    """Cuts ``no session`` and the like out of the words of a message that names its members."""
    parts = words.split()
    if parts[0] not in _KINDS or "no" not in parts:
        return words, []
    absent = [parts[at + 1] for at in range(len(parts)) if parts[at] == "no"]
    kept = [part for at, part in enumerate(parts) if part != "no" and (at == 0 or parts[at - 1] != "no")]
    return " ".join(kept), absent


def _values(found):
    """Takes the values out of a message of samples, in whichever of their forms they stand."""
    if "values" in found:
        return members(found.pop("values"))
    if "channel" in found:
        return {json.loads(found.pop("channel")): found.pop("value")}
    names = [key for key in found if key not in ("seq", "ts", "outbox")]
    return {name: found.pop(name) for name in names}


def _includes(expected, found):
    for key, value in expected.items():
        other = found.get(key)
        if key == "error" and other is not None:
            if not _includes(members(value), members(other)):
                return False
        elif other != value:
            return False
    return True


def whole(text, key):
    """The whole number that member ``key`` of a line is; None where it is none."""
    raw = members(text).get(key)
    return int(raw) if raw is not None and _is_number(raw) else None


def _is_number(word):
    return word != "" and all(["0" <= character <= "9" for character in word])
