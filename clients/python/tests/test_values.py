"""What is accepted and what is not: exactly what a hub would take."""

import enum
import json
import logging
import math
import unittest
from typing import Any, List

import library  # noqa: F401

from glassline import AddressError, Device, _address, _values
from glassline._values import NotAccepted


class Level(enum.IntEnum):
    HIGH = 3


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


class Accepted(unittest.TestCase):
    def test_values_are_written_as_json(self) -> None:
        for value, raw in [
            (21.5, "21.5"), (3, "3"), (True, "true"), (None, "null"), ("°C", '"°C"'), ([1, {"a": 2}], '[1,{"a":2}]'),
            (Level.HIGH, "3"), (2**70, str(2**70)), ((1, 2), "[1,2]"),
        ]:  # fmt: skip
            self.assertEqual(_values.message([("n", value)], 5), f'"channel":"n","value":{raw},"ts":5'.encode())

    def test_names_are_quoted(self) -> None:
        body = _values.message([('a"b\\', 1), ("ü", 2)], None)
        self.assertEqual(json.loads(b"{" + body + b"}"), {"values": {'a"b\\': 1, "ü": 2}})

    def test_a_line_may_have_sixteen_levels(self) -> None:
        _values.message([("n", nested(15))], None)
        _values.message([("n", nested(14)), ("m", 1)], None)
        with self.assertRaises(NotAccepted):
            _values.message([("n", nested(16))], None)
        with self.assertRaises(NotAccepted):
            _values.message([("n", nested(15)), ("m", 1)], None)


class Refused(unittest.TestCase):
    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.device = Device("tcp://127.0.0.1:1", "pump-1")
        self.addCleanup(self.device.close)

    def test_what_no_hub_takes_is_not_accepted_and_nothing_is_raised(self) -> None:
        endless: List[Any] = []
        endless.append(endless)
        for value in [
            math.nan, math.inf, object(), {1, 2}, b"bytes", "\ud800", "x" * 70000, endless, nested(5000), {1: 1, "1": 2},
        ]:  # fmt: skip
            self.assertFalse(self.device.send("n", value))
        bad_names: List[Any] = ["", "x" * 129, "ü" * 65, "a\nb", "\x9f", None, 5]
        for channel in bad_names:
            self.assertFalse(self.device.send(channel, 1), channel)
        bad_times: List[Any] = [1.5, "now", True, 2**63]
        for ts in bad_times:
            self.assertFalse(self.device.send("n", 1, ts))
        self.assertEqual(self.device.books.accepted, 0)

    def test_messages_have_channels_each_once(self) -> None:
        self.assertFalse(self.device.send_many({}))
        self.assertFalse(self.device.send_many([("a", 1), ("a", 2)]))
        self.assertFalse(self.device.send_many({f"c{n}": n for n in range(513)}))
        wrong: Any = 5
        self.assertFalse(self.device.send_many(wrong))
        self.assertTrue(self.device.send_many({f"c{n}": n for n in range(512)}))

    def test_the_longest_line_is_accepted_and_one_byte_more_is_not(self) -> None:
        around = len('{"seq":9007199254740991,"channel":"n","value":"","ts":1763846847123}')
        self.assertTrue(self.device.send("n", "x" * (65536 - around), 1763846847123))
        self.assertFalse(self.device.send("n", "x" * (65537 - around), 1763846847123))

    def test_descriptions_are_objects_of_objects(self) -> None:
        self.assertTrue(self.device.describe({"fan": {"input": "switch", "mine": [1]}, "t": {"min": -20, "every": 1000}}))
        wrong: List[Any] = [
            5, [1], {"fan": 1}, {"fan": {"input": 5}}, {"t": {"min": "low"}}, {"t": {"every": 0}}, {"": {}}, {"a": {"b": math.nan}},
        ]  # fmt: skip
        for channels in wrong:
            self.assertFalse(self.device.describe(channels), channels)


class Made(unittest.TestCase):
    def test_addresses_are_read(self) -> None:
        for text, read in [
            ("tcp://hub.local:7171", "tcp://hub.local:7171"), ("tcp://hub.local", "tcp://hub.local:7070"),
            ("127.0.0.1:7171", "tcp://127.0.0.1:7171"), ("ws://hub", "ws://hub:8080/device"),
            ("ws://hub:80/socket", "ws://hub:80/socket"), ("wss://hub", "wss://hub:443/device"),
            ("tcp://[::1]:7070", "tcp://[::1]:7070"), ("tls://[::1]", "tls://[::1]:7071"),
        ]:  # fmt: skip
            self.assertEqual(str(_address.parse(text)), read)

    def test_what_a_device_cannot_be_made_from_is_refused_with_a_reason(self) -> None:
        for text in ["http://hub", "tcp://", "tcp://hub:x", "tcp://hub:70000", "tcp://hub:7070/device", "::1", "tcp://a b"]:
            with self.assertRaisesRegex(AddressError, "is no address"):
                Device(text, "pump-1")
        with self.assertRaisesRegex(ValueError, "is no id"):
            Device("hub", "pump 1")
        with self.assertRaises(ValueError):
            Device("hub", "pump-1", messages_max=0)
