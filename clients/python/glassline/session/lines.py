"""Cuts bytes into lines."""

import binascii

from .limits import LINE_BYTES_MAX

_SEAL_BYTES = 10


class Lines:
    """Bytes go in as they come, whole lines come out. What is longer than a line may be is skipped up to its end."""

    def __init__(self, bytes_max: int = LINE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._rest = b""
        self._skipping = False

    def feed(self, chunk: bytes) -> "list[bytes]":
        """Answers the lines that end in ``chunk``, without their ends; empty ones too."""
        parts = (self._rest + chunk).split(b"\n")
        self._rest = parts.pop()
        lines = []
        for part in parts:
            if part.endswith(b"\r"):
                part = part[:-1]
            if not self._skipping and len(part) <= self._bytes_max:
                lines.append(part)
            self._skipping = False
        if len(self._rest) > self._bytes_max + 1:
            self._rest, self._skipping = b"", True
        return lines


def sealed(line: bytes) -> bytes:
    """``line`` with its checksum behind it: a blank, ``*``, and its CRC-32 as eight hexadecimal digits."""
    return line + b" *" + ("%08x" % (binascii.crc32(line) & 0xFFFFFFFF)).encode()


def unsealed(line: bytes) -> "bytes | None":
    """``line`` without the checksum that may follow it; None where that is wrong."""
    if line[-_SEAL_BYTES : -_SEAL_BYTES + 2] != b" *":
        return line
    bare = line[:-_SEAL_BYTES]
    return bare if sealed(bare) == sealed_lower(line) else None


def sealed_lower(line: bytes) -> bytes:
    """``line`` with the digits of its checksum in small letters: they may be of either kind."""
    return line[:-8] + line[-8:].lower()
