"""One connection of the thread of a device: nothing here waits but in :meth:`Poller.wait`, where the device can be woken."""

import errno
import selectors
import socket
import ssl
import threading
from typing import Callable, List, NamedTuple, Optional, Union

from ._address import Address
from ._core import now
from ._wire import wire

#: How long making a connection may take, in milliseconds. Then it counts as failed.
CONNECT_MS_MAX = 10_000
#: How long one of several addresses of a host may take, in milliseconds, so that others get their turn.
_ADDRESS_MS_MAX = 3_000
#: Bytes read at once.
_READ_BYTES = 4096
_KEEPALIVE_SECONDS = 15
_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK))


class Poller:
    """Waits for a socket, or to be woken."""

    def __init__(self) -> None:
        # No lock: a signal's handler may wake amid another wake. Two at once are one too many, and no harm.
        self._woken = False
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._inner, selectors.EVENT_READ)

    def wake(self) -> None:
        """Ends the present :meth:`wait`, or the next one. Never waits."""
        if not self._woken:
            self._woken = True
            try:
                self._outer.send(b"\0")
            except OSError:
                # It is closed: nobody waits any more.
                pass

    def watch(self, watched: socket.socket, events: int) -> None:
        """From now on ``watched`` is waited for, too; ``events`` are those of ``selectors``, 0 for no more."""
        key = self._selector.get_map().get(watched)
        if key is None:
            if events:
                self._selector.register(watched, events)
        elif not events:
            self._selector.unregister(watched)
        elif key.events != events:
            self._selector.modify(watched, events)

    def wait(self, seconds: Optional[float]) -> int:
        """Waits, at most so long; answers what the watched socket is ready for."""
        ready = 0
        for key, events in self._selector.select(seconds):
            if key.fileobj is self._inner:
                # In this order: whoever wakes in between finds it woken, and what it is woken for is looked at after this.
                self._inner.recv(64)
                self._woken = False
            else:
                ready |= events
        return ready

    def close(self) -> None:
        """Ends it; waking it is no error then."""
        self._woken = True
        self._selector.close()
        self._inner.close()
        self._outer.close()


class Found(NamedTuple):
    """What a name stands for."""

    family: int
    address: tuple  # type: ignore[type-arg]


class Resolver:
    """Looks names up on a thread of its own, since nothing can end such a look-up: it may take a minute in a dead network."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        # One at a time, whatever becomes of it.
        self._running: Optional[threading.Thread] = None
        self._found: Union[List[Found], OSError, None] = None

    def begin(self, address: Address) -> None:
        """Begins to look up the host of ``address``, unless that is still under way."""
        if self._running is None or not self._running.is_alive():
            self._found = None
            self._running = threading.Thread(target=self._run, args=(address,), name="glassline-resolver", daemon=True)
            self._running.start()

    def take(self) -> Optional[List[Found]]:
        """What was found; None as long as nothing is. Raises the system's ``OSError``."""
        found, self._found = self._found, None
        if isinstance(found, OSError):
            raise found
        return found

    def _run(self, address: Address) -> None:
        try:
            infos = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
            self._found = [Found(family, where) for family, _, _, _, where in infos]
        except OSError as error:
            self._found = error
        except UnicodeError as error:
            self._found = OSError(f"no host has such a name: {error}")
        self._poller.wake()


class Link:
    """A connection that stands: lines go out, lines come in."""

    def __init__(self, opened: socket.socket, address: Address, context: Optional[ssl.SSLContext], poller: Poller) -> None:
        self._socket = opened
        self._poller = poller
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(opened)
        self._wire = wire(address, context)

    @property
    def ready(self) -> bool:
        """Whether lines can be said: hands are shaken."""
        return self._wire.ready

    @property
    def unsent(self) -> int:
        """Bytes that are still to be written."""
        return len(self._wire.outgoing)

    def say(self, line: bytes) -> None:
        """Puts ``line``, with its end, behind what is to be written."""
        self._wire.say(line)

    def turn(self, seconds: Optional[float]) -> List[bytes]:
        """Writes what can be written, waits at most so long, and reads what is there. Answers the lines that came, empty ones too;
        perhaps none. Raises ``OSError`` where the connection is over."""
        if self._wire.ended is not None:
            raise self._wire.ended
        self._write()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._wire.outgoing else 0)
        self._poller.watch(self._socket, events)
        if not self._poller.wait(seconds) & selectors.EVENT_READ:
            return []
        try:
            chunk = self._socket.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return []
        if not chunk:
            raise ConnectionError("the hub closed the connection")
        return self._wire.feed(chunk)

    def leave(self) -> None:
        """Writes what can be written at once, and closes: the end is not worth waiting for more."""
        try:
            self._write()
        except OSError:
            pass
        self._poller.watch(self._socket, 0)
        self._socket.close()

    def _write(self) -> None:
        outgoing = self._wire.outgoing
        while outgoing:
            try:
                written = self._socket.send(outgoing)
            except (BlockingIOError, InterruptedError):
                return
            del outgoing[:written]


class Opening:
    """Makes one connection."""

    def __init__(self, address: Address, context: Optional[ssl.SSLContext], poller: Poller, resolver: Resolver) -> None:
        self._address, self._context, self._poller, self._resolver = address, context, poller, resolver
        self._deadline = now() + CONNECT_MS_MAX

    def run(self, go_on: Callable[[], bool]) -> Link:
        """Makes it, within :data:`CONNECT_MS_MAX`; asks ``go_on`` each time it is woken, and ends where that says no.

        Raises ``OSError``: the system's, or nobody answers, or what answers is no hub.
        """
        found = self._resolve(go_on)
        last: OSError = OSError("the name of the hub stands for nothing")
        for at, one in enumerate(found):
            patience = CONNECT_MS_MAX if at + 1 == len(found) else _ADDRESS_MS_MAX
            try:
                return self._shake_hands(self._connect(one, min(now() + patience, self._deadline), go_on), go_on)
            except OSError as error:
                last = error
        raise last

    def _left(self, deadline: int, go_on: Callable[[], bool]) -> float:
        """Seconds until the deadline."""
        if not go_on():
            raise OSError("the device was closed")
        if now() >= deadline:
            raise TimeoutError("no answer in time")
        return (deadline - now()) / 1000

    def _resolve(self, go_on: Callable[[], bool]) -> List[Found]:
        self._resolver.begin(self._address)
        while True:
            found = self._resolver.take()
            if found is not None:
                return found
            self._poller.wait(self._left(self._deadline, go_on))

    def _connect(self, found: Found, deadline: int, go_on: Callable[[], bool]) -> socket.socket:
        opening = socket.socket(found.family, socket.SOCK_STREAM)
        try:
            opening.setblocking(False)
            code = opening.connect_ex(found.address)
            if code not in _UNDER_WAY:
                raise OSError(code, errno.errorcode.get(code, "it cannot be reached"))
            self._poller.watch(opening, selectors.EVENT_WRITE)
            while not self._poller.wait(self._left(deadline, go_on)):
                pass
            code = opening.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, errno.errorcode.get(code, "it cannot be reached"))
            self._poller.watch(opening, 0)
            return opening
        except BaseException:
            self._poller.watch(opening, 0)
            opening.close()
            raise

    def _shake_hands(self, opened: socket.socket, go_on: Callable[[], bool]) -> Link:
        try:
            link = Link(opened, self._address, self._context, self._poller)
            while not link.ready:
                # What a hub says before it was spoken to means nothing (D1).
                link.turn(self._left(self._deadline, go_on))
            return link
        except BaseException:
            self._poller.watch(opened, 0)
            opened.close()
            raise


def _keep_alive(opened: socket.socket) -> None:
    """The system finds out that the other end is gone, where the device asks for no heartbeats (D7)."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        option = getattr(socket, name, None)
        if option is not None:
            opened.setsockopt(socket.IPPROTO_TCP, option, _KEEPALIVE_SECONDS)


__all__ = ["CONNECT_MS_MAX", "Link", "Opening", "Poller", "Resolver"]
