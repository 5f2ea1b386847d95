"""A client's half of RFC 6455, without its socket: a line is a text frame."""

import base64
import hashlib
import os
from typing import List, Optional

from ._address import Address
from .session.limits import LINE_BYTES_MAX

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#: Bytes of the answer to the handshake. A longer one ends the connection.
_HANDSHAKE_BYTES_MAX = 16384
_CONTINUATION, _TEXT, _CLOSE, _PING, _PONG = 0, 1, 8, 9, 10


class Ended(ConnectionError):
    """The hub ended the connection, or speaks something else."""


class WebSocket:
    """Bytes go in as they come, lines come out; ``outgoing`` is what is to be written besides."""

    def __init__(self, address: Address) -> None:
        key = base64.b64encode(os.urandom(16))
        self._accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        #: Bytes to be written, to be emptied by whoever writes.
        self.outgoing = bytearray(
            f"GET {address.path} HTTP/1.1\r\nHost: {address.authority}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key.decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        #: Whether lines can be said.
        self.ready = False
        #: Why nothing more comes; what came before it was answered.
        self.ended: Optional[Ended] = None
        self._rest = bytearray()
        # The parts of a text that is not whole yet.
        self._unfinished: Optional[bytearray] = None

    def encode(self, line: bytes) -> bytes:
        """The frame of ``line``, which has its end."""
        return _frame(_TEXT, line[:-1])

    def feed(self, chunk: bytes) -> List[bytes]:
        """Answers the lines that end in ``chunk``, without their ends."""
        self._rest += chunk
        lines: List[bytes] = []
        try:
            if self.ready or self._shake_hands():
                while self._take_frame(lines):
                    pass
        except Ended as ended:
            self.ended = ended
        return lines

    def _shake_hands(self) -> bool:
        end = self._rest.find(b"\r\n\r\n")
        if end < 0:
            if len(self._rest) > _HANDSHAKE_BYTES_MAX:
                raise Ended("the answer to the WebSocket handshake is too long")
            return False
        status, *headers = bytes(self._rest[:end]).split(b"\r\n")
        del self._rest[: end + 4]
        named = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in headers)}
        if status.split(b" ")[1:2] != [b"101"]:
            raise Ended(f"the hub opens no WebSocket: {status.decode('latin-1')}")
        if named.get(b"sec-websocket-accept") != self._accept:
            raise Ended("what answers is no WebSocket")
        self.ready = True
        return True

    def _take_frame(self, lines: List[bytes]) -> bool:
        """Takes one frame out of what was read, if it is whole."""
        rest = self._rest
        if len(rest) < 2:
            return False
        begin, size = 2, rest[1] & 0x7F
        if size > 125:
            begin += 2 if size == 126 else 8
            if len(rest) < begin:
                return False
            size = int.from_bytes(rest[2:begin], "big")
        if rest[1] & 0x80 or rest[0] & 0x70:
            raise Ended("the hub sends a frame that no hub sends")
        if size > LINE_BYTES_MAX:
            raise Ended("the hub sends a frame that is too long")
        if len(rest) < begin + size:
            return False
        first, payload = rest[0], bytes(rest[begin : begin + size])
        del rest[: begin + size]
        self._take(first & 0x0F, bool(first & 0x80), payload, lines)
        return True

    def _take(self, kind: int, final: bool, payload: bytes, lines: List[bytes]) -> None:
        if kind == _PING:
            self.outgoing += _frame(_PONG, payload)
        elif kind == _CLOSE:
            raise Ended("the hub closed the connection")
        elif kind == _TEXT:
            self._take_part(bytearray(payload), final, lines)
        elif kind == _CONTINUATION and self._unfinished is not None:
            self._take_part(self._unfinished + payload, final, lines)
        # A pong, or bytes that are no text: nothing a device knows.

    def _take_part(self, text: bytearray, final: bool, lines: List[bytes]) -> None:
        if len(text) > LINE_BYTES_MAX:
            raise Ended("the hub sends a text that is too long")
        self._unfinished = None if final else text
        if final:
            lines.append(bytes(text))


def _frame(kind: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | kind, 0x80 | size))
    elif size < 65536:
        head = bytes((0x80 | kind, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | kind, 0x80 | 127)) + size.to_bytes(8, "big")
    key = os.urandom(4)
    mask = (key * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return head + key + masked.to_bytes(size, "big")
