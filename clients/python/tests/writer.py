"""A program that is killed: sends numbers from the one it is given on, and says each that was accepted.

``python3 writer.py ADDRESS TOKEN FOLDER FIRST``
"""

import itertools
import os
import sys

import library  # noqa: F401

import glassline


def main(address: str, token: str, folder: str, first: str) -> None:
    device = glassline.Device(address, "writer", token, outbox=folder, messages_max=100_000)
    device.connect()
    for n in itertools.count(int(first)):
        if device.send("n", n):
            os.write(1, b"%d\n" % n)


main(*sys.argv[1:])
