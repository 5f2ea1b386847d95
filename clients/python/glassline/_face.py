"""What the faces of a device have in common: everything that does not wait."""

import os
import re
import secrets
import ssl
import time
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Optional, Tuple, Union

from . import _address, _values
from ._core import Books, Core, log
from ._handlers import Handler, Handlers
from ._reason import Reason
from ._values import NotAccepted
from .session import Settings
from .session.limits import HEARTBEAT_SECONDS, OUTBOX_BYTES, OUTBOX_MESSAGES
from .store import Report

_ID = re.compile(r"[A-Za-z0-9_-]{0,64}")


class Face:
    """A device: what is sent is kept until the hub has taken it over, and commands come to handlers."""

    def __init__(
        self,
        address: str,
        id: str = "",
        token: str = "",
        *,
        outbox: "Union[str, os.PathLike[str], None]" = None,
        messages_max: int = OUTBOX_MESSAGES,
        bytes_max: int = OUTBOX_BYTES,
        heartbeat: Optional[int] = HEARTBEAT_SECONDS,
        line_max: Optional[int] = None,
        tls: Optional[ssl.SSLContext] = None,
        nonce: Optional[int] = None,
    ) -> None:
        """A device that is not connected yet.

        ``address`` is ``tcp://host:port``, ``tls://host:port``, ``ws://host:port`` or ``wss://host:port``; ``id`` has 1 to 64
        letters, digits, ``_`` or ``-``, or is empty: then the hub makes one. ``token`` is empty for none.

        ``outbox`` is a folder to keep the outbox in, which is made if need be; None keeps it in memory. What the hub gives a device
        that comes with a join token, its id and a token of its own, is kept there too: the next run goes on with them, and shows
        ``token`` only where the hub does not want that one. It holds at most
        ``messages_max`` messages (at least 1) and ``bytes_max`` bytes of their lines; what is too much drops the oldest.
        ``heartbeat`` is in seconds, 1 to 3600: after two without a word from the hub the connection is given up; None asks for
        none. ``line_max`` asks the hub for lines of at most so many bytes (at least 256). ``tls`` says which certificates are
        trusted; None trusts those that the system does. ``nonce`` counts nonces from there, for a conversation that is to be the
        same each time.

        Raises ``ValueError`` (:class:`AddressError`) for what is no address, id or bound, and ``OSError``
        (:class:`InUse`) where the outbox cannot be used. What is damaged in it is no error: see :attr:`report`.
        """
        if not _ID.fullmatch(id):
            raise ValueError(f"{id!r} is no id of a device: 1 to 64 letters, digits, _ or -")
        if messages_max < 1 or bytes_max < 1 or (line_max is not None and line_max < 256):
            raise ValueError("an outbox holds at least one message, and a line has at least 256 bytes")
        self._address = _address.parse(address)
        # Reading what the system trusts takes some time.
        self._tls = (tls or ssl.create_default_context()) if self._address.is_tls else None
        settings = Settings(id, token or None, secrets.randbits(32) if nonce is None else nonce)
        settings.heartbeat, settings.line_max = heartbeat, line_max
        settings.messages_max, settings.bytes_max = messages_max, bytes_max
        waker = self._waker()
        try:
            self._core = Core(settings, None if outbox is None else Path(outbox), waker)
        except BaseException:
            self._not_made()
            raise
        self._handlers = Handlers(self._core)
        self._made()

    def _waker(self) -> Callable[[], None]:
        """What to call, on any thread, when there is something to say; it never waits, and does not hold the device."""
        raise NotImplementedError

    def _not_made(self) -> None:
        """There is no device: what it would have woken is not needed."""

    def _made(self) -> None:
        """There is one: what it works with is made."""

    def send(self, channel: str, value: object, ts: Optional[int] = None) -> bool:
        """Sends ``value`` on ``channel``, taken now, or at ``ts`` (milliseconds since 1970). Answers whether it was accepted: it is
        kept, in the folder if there is one, until the hub has it; then it arrives once and in order, or its loss is counted and
        declared.

        Never waits for the network and never raises. It is not accepted when the device is closed, when the channel's name (1
        to 128 bytes, no control characters) or the value (JSON, at most 64 KB and 15 levels) is none that a hub takes, or when
        the outbox's disk is full or broken; why is logged as ``DEBUG``. May be called from any thread.
        """
        return self.send_many(((channel, value),), ts)

    def send_many(
        self,
        values: "Union[Mapping[str, Any], Iterable[Tuple[str, Any]]]",
        ts: Optional[int] = None,
    ) -> bool:
        """Sends the values of several channels (at most 512) as one message, taken at the same time. As :meth:`send`."""
        try:
            self._core.send(_values.message(_values.pairs(values), _now() if ts is None else ts))
            return True
        except Exception as why:
            return self._not_accepted(why)

    def send_unnumbered(self, channel: str, value: object) -> bool:
        """Sends ``value`` on ``channel`` without keeping it, where the device is connected; what is under way when the connection
        breaks is lost, and nobody is told. Answers whether it was sent. Never waits, never raises."""
        try:
            return self._core.send_unnumbered(_values.message([(channel, value)], _now()))
        except Exception as why:
            return self._not_accepted(why)

    def describe(self, channels: Mapping[str, Mapping[str, Any]]) -> bool:
        """Says what the channels are, now and after each reconnect, such as ``{"fan": {"input": "switch"}}``. It replaces what was
        said before. Answers whether it is one. Never waits, never raises."""
        try:
            self._core.describe(_values.description(channels))
            return True
        except Exception as why:
            return self._not_accepted(why)

    def _not_accepted(self, why: Exception) -> bool:
        if not isinstance(why, (NotAccepted, OSError)):
            log.warning("%s: not accepted: %r", self._core.name, why)
        else:
            log.debug("%s: not accepted: %s", self._core.name, why)
            # Where the disk is full, what can be given back is given back now.
            self._core.wake()
        return False

    def on_command(self, channel: Optional[str] = None) -> Callable[[Handler], Handler]:
        """Commands on ``channel`` are for the decorated ``handler(value)``: what it returns is the result (None for none), and an
        exception the reason why it was not done; it is logged, and the program goes on.

        Without a channel, ``handler(channel, value)`` is for all that have none of their own. Handlers are called one after
        another, and may take their time. What a handler sends is there before its result is.
        """
        return lambda handler: self._handlers.on_command(channel, self._checked(handler))

    def on_connected(self, handler: Handler) -> Handler:
        """Calls ``handler(resumed)`` when the hub welcomed the device on a new connection, with whether it goes on with its
        session: what is held goes on under the numbers it had."""
        return self._handlers.on("connected", self._checked(handler))

    def on_disconnected(self, handler: Handler) -> Handler:
        """Calls ``handler(reason)`` when such a connection is over, and when the device will not come back; see
        :class:`Reason`."""
        return self._handlers.on("disconnected", self._checked(handler))

    def on_message(self, handler: Handler) -> Handler:
        """Calls ``handler(line)`` with each line of the hub as it came, heartbeats apart, besides what else is done with it."""
        return self._handlers.on("message", self._checked(handler))

    def on_token(self, handler: Handler) -> Handler:
        """Calls ``handler(token)`` with a token of its own that the hub gives the device, where it came with a join token: the
        next run of the program is to use it. A device whose outbox is in a folder has kept it there already."""
        return self._handlers.on("token", self._checked(handler))

    def _checked(self, handler: Handler) -> Handler:
        """``handler`` where this face can call it."""
        return handler

    @property
    def connected(self) -> bool:
        """Whether the hub has welcomed it on its present connection."""
        return self._core.is_welcome

    @property
    def queued(self) -> int:
        """Messages held until the hub has taken them over."""
        return self._core.books().queued

    @property
    def dropped(self) -> int:
        """Messages dropped in this run because the outbox was full: the oldest first. Results of commands never are."""
        return self._core.books().dropped

    @property
    def session(self) -> Optional[str]:
        """The session in which messages are numbered, if there is one."""
        return self._core.session

    @property
    def id(self) -> str:
        """Its id; empty as long as the hub has not made one."""
        return self._core.name

    @property
    def books(self) -> Books:
        """What became of all messages."""
        return self._core.books()

    @property
    def report(self) -> Optional[Report]:
        """What a stored outbox was found to have kept and lost; None for one in memory."""
        return self._core.report


def _now() -> int:
    return time.time_ns() // 1_000_000


__all__ = ["Face", "Reason"]
