"""The vectors of ``spec/vectors``, one test each, on CPython."""

import logging
import unittest
from typing import Any

import vectors


class Vectors(unittest.TestCase):
    """Each is played against the bare session and against a device without its sockets."""

    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def test_there_are_many(self) -> None:
        self.assertGreaterEqual(len(vectors.names()), 48)


def _test_of(name: str) -> Any:
    return lambda self: vectors.play(name)


for _name in vectors.names():
    setattr(Vectors, f"test_{_name}", _test_of(_name))
