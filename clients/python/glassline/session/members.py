"""Reads JSON objects, the values kept as they came, digit for digit."""

import json
import sys

from .limits import LINE_DEPTH_MAX

# MicroPython's reader takes no hooks; what it is lenient about does not matter to a device that reads what a hub wrote.
_STRICT = sys.implementation.name != "micropython"
_BLANKS = " \t\r\n"
_ENDS = ",]} \t\r\n"


def members(text: str) -> "dict[str, str]":
    """The members of the object ``text``: the JSON text of each value by its key, in order.

    Raises ``ValueError`` where it is no object, has a key twice or is nested more than :data:`LINE_DEPTH_MAX` deep.
    """
    found: "dict[str, str]" = {}
    at = _skip_blanks(text, 0)
    at = _skip_blanks(text, _expect(text, at, "{"))
    if text[at : at + 1] != "}":
        while True:
            end = _string_end(text, at)
            key = text[at + 1 : end - 1]
            if "\\" in key:
                key = json.loads(text[at:end])
            if key in found:
                raise ValueError("a key stands twice")
            at = _skip_blanks(text, _expect(text, _skip_blanks(text, end), ":"))
            end = _value_end(text, at)
            found[key] = check(text[at:end])
            at = _skip_blanks(text, end)
            if text[at : at + 1] != ",":
                break
            at = _skip_blanks(text, at + 1)
    if _skip_blanks(text, _expect(text, at, "}")) != len(text):
        raise ValueError("something follows the object")
    return found


def check(raw: str) -> str:
    """``raw`` where it is the text of a JSON value. Raises ``ValueError`` where it is none."""
    if _is_digits(raw):
        return raw
    if _STRICT:
        # Numbers of any size stay text.
        json.loads(raw, object_pairs_hook=_no_key_twice, parse_constant=_no_constant, parse_int=str, parse_float=str)
    else:
        json.loads(raw)
    return raw


def whole(raw: "str | None") -> "int | None":
    """The whole number from 0 that ``raw`` is; None where it is none."""
    return int(raw) if raw and _is_digits(raw) else None


def text(raw: "str | None") -> "str | None":
    """The text that ``raw`` is; None where it is none."""
    value = json.loads(raw) if raw and raw[0] == '"' else None
    return value if isinstance(value, str) else None


def depth(raw: str) -> int:
    """How many levels of objects and arrays a JSON value has."""
    if raw[0] not in "[{":
        return 0
    deepest = level = at = 0
    while at < len(raw):
        character = raw[at]
        if character == '"':
            at = _string_end(raw, at)
            continue
        if character in "[{":
            level += 1
            deepest = max(deepest, level)
        elif character in "]}":
            level -= 1
        at += 1
    return deepest


def _is_digits(raw: str) -> bool:
    for character in raw:
        if not "0" <= character <= "9":
            return False
    return raw != "" and (raw[0] != "0" or len(raw) == 1)


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _expect(text: str, at: int, character: str) -> int:
    if text[at : at + 1] != character:
        raise ValueError("no object: " + character + " is missing")
    return at + 1


def _string_end(text: str, at: int) -> int:
    """Behind the string that begins at ``at``."""
    end = _expect(text, at, '"')
    while True:
        end = text.find('"', end)
        if end < 0:
            raise ValueError("a text does not end")
        backslashes = 0
        while text[end - 1 - backslashes] == "\\":
            backslashes += 1
        end += 1
        if backslashes % 2 == 0:
            return end


def _value_end(text: str, at: int) -> int:
    """Behind the value that begins at ``at``."""
    first = text[at : at + 1]
    if first == '"':
        return _string_end(text, at)
    if first not in ("{", "["):
        end = at
        while end < len(text) and text[end] not in _ENDS:
            end += 1
        return end
    level = 0
    while at < len(text):
        character = text[at]
        if character == '"':
            at = _string_end(text, at)
            continue
        if character in "{[":
            level += 1
            if level >= LINE_DEPTH_MAX:
                raise ValueError("too deep")
        elif character in "}]":
            level -= 1
        at += 1
        if level == 0:
            return at
    raise ValueError("a value does not end")


def _no_key_twice(pairs: "list[tuple[str, object]]") -> "dict[str, object]":
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(name + " is no JSON")
