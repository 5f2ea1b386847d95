"""What carries lines over a connection's bytes: as they are, as WebSocket frames, and with or without TLS; without its socket."""

import ssl
from typing import List, Optional, Union

from ._address import Address
from ._websocket import WebSocket
from .session import Lines


class Bare:
    """Lines as they are."""

    def __init__(self) -> None:
        self.outgoing = bytearray()
        self.ready = True
        #: Nothing ends lines but the end of the connection.
        self.ended: Optional[OSError] = None
        self._lines = Lines()

    def encode(self, line: bytes) -> bytes:
        """As it is."""
        return line

    def feed(self, chunk: bytes) -> List[bytes]:
        """Answers the lines that end in ``chunk``, without their ends."""
        return self._lines.feed(chunk)


Carrier = Union[Bare, WebSocket]


def carrier(address: Address) -> Carrier:
    """That of a new connection to ``address``."""
    return WebSocket(address) if address.is_web_socket else Bare()


class Clear:
    """A connection that is not encrypted: the bytes of the carrier are those of the socket."""

    def __init__(self, inner: Carrier) -> None:
        self._inner = inner
        #: Bytes for the socket, to be emptied by whoever writes.
        self.outgoing = bytearray()
        self._move()

    @property
    def ready(self) -> bool:
        """Whether lines can be said."""
        return self._inner.ready

    @property
    def ended(self) -> Optional[OSError]:
        """Why nothing more comes, where it is over."""
        return self._inner.ended

    def say(self, line: bytes) -> None:
        """Puts ``line``, with its end, behind what is to be written."""
        self.outgoing += self._inner.encode(line)

    def feed(self, chunk: bytes) -> List[bytes]:
        """Answers the lines that end in what was read."""
        lines = self._inner.feed(chunk)
        self._move()
        return lines

    def _move(self) -> None:
        self.outgoing += self._inner.outgoing
        self._inner.outgoing.clear()


class Encrypted:
    """A connection over TLS."""

    def __init__(self, inner: Carrier, context: ssl.SSLContext, host: str) -> None:
        self._inner = inner
        self._read, self._write = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._read, self._write, server_hostname=host)
        self._shaken = False
        self._over: Optional[OSError] = None
        #: Bytes for the socket, to be emptied by whoever writes.
        self.outgoing = bytearray()
        self._shake_hands()

    @property
    def ready(self) -> bool:
        """Whether lines can be said."""
        return self._shaken and self._inner.ready

    @property
    def ended(self) -> Optional[OSError]:
        """Why nothing more comes, where it is over."""
        return self._over or self._inner.ended

    def say(self, line: bytes) -> None:
        """Puts ``line``, with its end, behind what is to be written."""
        self._tls.write(self._inner.encode(line))
        self.outgoing += self._write.read()

    def feed(self, chunk: bytes) -> List[bytes]:
        """Answers the lines that end in what was read. Raises ``OSError`` where who answers is not trusted."""
        self._read.write(chunk)
        if not self._shaken:
            self._shake_hands()
        lines: List[bytes] = []
        while self._shaken:
            try:
                plain = self._tls.read(16384)
            except ssl.SSLWantReadError:
                break
            if not plain:
                self._over = ConnectionError("the hub closed the connection")
                break
            lines += self._inner.feed(plain)
        self._move()
        return lines

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
            self._shaken = True
        except ssl.SSLWantReadError:
            pass
        self._move()

    def _move(self) -> None:
        if self._shaken and self._inner.outgoing:
            self._tls.write(bytes(self._inner.outgoing))
            self._inner.outgoing.clear()
        self.outgoing += self._write.read()


Wire = Union[Clear, Encrypted]


def wire(address: Address, context: Optional[ssl.SSLContext]) -> Wire:
    """That of a new connection to ``address``; ``context`` says which certificates are trusted, None for no TLS."""
    inner = carrier(address)
    return Encrypted(inner, context, address.host) if context is not None else Clear(inner)
