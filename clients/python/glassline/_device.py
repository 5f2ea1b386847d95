"""A device for programs without an event loop: it brings a thread of its own, on which all of its network happens."""

import inspect
import threading
from types import TracebackType
from typing import Callable, Optional, Type

from ._caller import Caller
from ._driver import Driver
from ._face import Face
from ._handlers import Handler
from ._link import Poller
from ._reason import Reason

#: Seconds for which leaving a ``with`` waits until the hub has everything.
LINGER_SECONDS = 5.0


class Device(Face):
    """A device: what is sent is kept until the hub has taken it over, and commands come to handlers.

    It goes on until :meth:`close`, or until nobody has it any more. As a context manager it connects, and at the end waits up to
    :data:`LINGER_SECONDS` until the hub has everything, and closes.
    """

    def connect(self) -> None:
        """Connects, now and whenever the connection is gone, after a random time that grows with every attempt. Set the handlers
        before. Returns at once; has no effect the second time."""
        self._driver.begin(self._address, self._tls)

    def sync(self) -> bool:
        """Makes durable all that was accepted; waits for the disk. Answers whether it is: from then on a power cut does not lose
        it. Never with an outbox in memory."""
        return self._core.run_sync()

    def flush(self, timeout: Optional[float] = None) -> bool:
        """Makes durable all that was accepted, as :meth:`sync`, and then waits until the hub has taken it over, for at most
        ``timeout`` seconds (None: for ever, or until the device is closed). Answers whether it has. Where it has not, what is in a
        folder is there all the same."""
        done = threading.Event()
        position = self._core.when_taken_over(done.set)
        if self._core.is_stored:
            self._core.run_sync()
        done.wait(timeout)
        return self._core.is_taken_over(position, done.set)

    def close(self) -> bool:
        """Ends the device: nothing is accepted any more, the connection ends, a stored outbox is synced and free for another
        program. Answers whether nothing is lost by that: all is taken over, or synced.

        It does not wait for the hub; :meth:`flush` before does. May be called again.
        """
        self._core.close()
        if self._driver.begun and not self._driver.is_current:
            self._driver.over.wait()
        self._caller.end()
        nothing_lost = self._core.let_go()
        self._poller.close()
        return nothing_lost

    def ended(self, timeout: Optional[float] = None) -> Optional[Reason]:
        """Waits, for at most ``timeout`` seconds (None: for ever), until the device does not come back, because it was closed or
        because its token is not valid. Answers why; None where it still does."""
        self._driver.over.wait(timeout)
        return self._driver.reason

    def __enter__(self) -> "Device":
        self.connect()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        try:
            self.flush(LINGER_SECONDS)
        finally:
            self.close()

    def __del__(self) -> None:
        core = self._core if hasattr(self, "_driver") else None
        if core is not None:
            core.close()
            if not self._driver.begun:
                self._poller.close()

    def _waker(self) -> Callable[[], None]:
        self._poller = Poller()
        return self._poller.wake

    def _not_made(self) -> None:
        self._poller.close()

    def _made(self) -> None:
        self._caller = Caller(self._handlers, f"glassline-{self._core.name}-handlers")
        self._driver = Driver(self._core, self._handlers, self._caller, self._poller)

    def _checked(self, handler: Handler) -> Handler:
        if inspect.iscoroutinefunction(handler):
            raise TypeError("a handler that is a coroutine is for glassline.aio.Device")
        return handler
