"""What a device needs of an asyncio loop: a connection, turns to wait for, and a task that calls handlers."""

import asyncio
import inspect
from collections import deque
from typing import Any, Callable, Deque, List, Optional

from ._handlers import CALLS_WAITING_MAX, Call, Handlers
from ._wire import Carrier


class Turns:
    """Lets the task of a device wait until there is something to do."""

    def __init__(self) -> None:
        self._event: Optional[asyncio.Event] = None
        #: On which the task runs; None as long as there is none.
        self.loop: Optional[asyncio.AbstractEventLoop] = None

    def wake_from_anywhere(self) -> None:
        """As :meth:`wake`, on any thread."""
        if self.loop is not None:
            call_soon(self.loop, self.wake)

    def wake(self) -> None:
        """Ends the present wait, or the next one. On the loop's thread."""
        self._own().set()

    def wake_when_done(self, future: "asyncio.Future[Any]") -> None:
        """The same, once ``future`` is done."""
        future.remove_done_callback(self._done)
        future.add_done_callback(self._done)

    async def wait(self, seconds: Optional[float]) -> None:
        """Waits, at most so long."""
        event = self._own()
        try:
            if not event.is_set():
                await asyncio.wait_for(event.wait(), seconds)
        except asyncio.TimeoutError:
            pass
        event.clear()

    def _done(self, _: "asyncio.Future[Any]") -> None:
        self.wake()

    def _own(self) -> asyncio.Event:
        # In Python 3.9 one belongs to the loop on which it is made.
        if self._event is None:
            self._event = asyncio.Event()
        return self._event


class Wire(asyncio.Protocol):
    """One connection."""

    def __init__(self, inner: Carrier, wake: Callable[[], None]) -> None:
        self._inner, self._wake = inner, wake
        self._transport: Optional[asyncio.Transport] = None
        self._lines: List[bytes] = []
        self._change = asyncio.Event()
        #: Why nothing more comes, once it is over; what came before it may still be taken.
        self.ended: Optional[OSError] = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._move()

    def data_received(self, data: bytes) -> None:
        if self.ended is None:
            self._lines += self._inner.feed(data)
            self._move()
            self.ended = self._inner.ended
        self._told()

    def connection_lost(self, exc: Optional[Exception]) -> None:
        if self.ended is None:
            self.ended = exc if isinstance(exc, OSError) else ConnectionError("the hub closed the connection")
        self._told()

    async def shaken(self) -> None:
        """Waits until lines can be said. Raises ``OSError`` where they never can."""
        while not self._inner.ready:
            if self.ended is not None:
                raise self.ended
            self._change.clear()
            await self._change.wait()

    def say(self, line: bytes) -> None:
        """Writes ``line``, with its end, as soon as it can."""
        if self._transport is not None:
            self._transport.write(self._inner.encode(line))

    @property
    def has_lines(self) -> bool:
        """Whether some were not taken yet."""
        return bool(self._lines)

    def take(self) -> List[bytes]:
        """The lines that came since the last time, empty ones too."""
        lines, self._lines = self._lines, []
        return lines

    @property
    def unsent(self) -> int:
        """Bytes that are still to be written."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def leave(self) -> None:
        """Closes; the end is not worth waiting for more than what is written already."""
        if self._transport is not None:
            self._transport.abort()

    def _move(self) -> None:
        if self._transport is not None and self._inner.outgoing:
            self._transport.write(bytes(self._inner.outgoing))
            self._inner.outgoing.clear()

    def _told(self) -> None:
        self._change.set()
        self._wake()


class Caller:
    """Calls the program's handlers on the loop, one after another."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._waiting: Deque[Call] = deque()
        self._task: Optional[asyncio.Task[None]] = None
        self._ending = False

    def tell(self, call: Call) -> None:
        """Calls the program as soon as what came before was."""
        if not self._handlers.wants_call(call):
            return
        if len(self._waiting) >= CALLS_WAITING_MAX:
            self._handlers.pass_over(call)
            return
        self._waiting.append(call)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def end(self) -> None:
        """Nothing more will be told."""
        self._ending = True
        if self._task is None:
            self._handlers.forget()

    async def _run(self) -> None:
        while self._waiting:
            await self._call(self._waiting.popleft())
        self._task = None
        if self._ending:
            self._handlers.forget()

    async def _call(self, call: Call) -> None:
        try:
            due = self._handlers.calls(call)
        except ValueError as error:
            self._handlers.raised(call, error)
            return
        if not due:
            self._handlers.nobody(call)
        for handler in due:
            try:
                value = handler()
                if inspect.isawaitable(value):
                    value = await value
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._handlers.raised(call, error)
            else:
                self._handlers.returned(call, value)


def call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Calls ``call`` on the loop, from any thread; not at all where the loop has ended."""
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        # The loop is closed, and the device with it.
        pass
