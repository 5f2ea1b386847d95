"""A device for programs on asyncio: it runs on their loop, and thousands share one."""

import asyncio
import random
from types import TracebackType
from typing import Callable, List, Optional, Type, TypeVar

from ._core import Connected, log, now, outbox_failed
from ._device import LINGER_SECONDS
from ._face import Face
from ._handlers import told
from ._link import CONNECT_MS_MAX
from ._loop import Caller, Turns, Wire, call_soon
from ._reason import ENDED, Reason, broken
from ._wire import carrier
from .session import Begin

__all__ = ["Device"]

Answer = TypeVar("Answer")


class Device(Face):
    """A device as :class:`glassline.Device`, whose methods mean the same; those that wait are coroutines, and so may handlers be.

    It belongs to the loop on which :meth:`connect` is called, or ``async with`` begins; ``send`` may be called from any thread.
    """

    _task: "Optional[asyncio.Task[Reason]]" = None

    def connect(self) -> None:
        """Connects, now and whenever the connection is gone, after a random time that grows with every attempt. Set the handlers
        before. Has no effect the second time. Raises ``RuntimeError`` where no loop runs."""
        if self._task is None:
            self._turns.loop = asyncio.get_running_loop()
            self._task = self._turns.loop.create_task(self._run(), name=f"glassline-{self._core.name}")

    async def sync(self) -> bool:
        """As :meth:`glassline.Device.sync`."""
        return await _off_the_loop(self._core.run_sync)

    async def flush(self, timeout: Optional[float] = None) -> bool:
        """As :meth:`glassline.Device.flush`."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def call() -> None:
            call_soon(loop, done.set)

        position = self._core.when_taken_over(call)
        try:
            if self._core.is_stored:
                await _off_the_loop(self._core.run_sync)
            await asyncio.wait_for(done.wait(), timeout)
        except asyncio.TimeoutError:
            pass
        finally:
            taken_over = self._core.is_taken_over(position, call)
        return taken_over

    async def close(self) -> bool:
        """As :meth:`glassline.Device.close`."""
        self._core.close()
        if self._task is not None and self._task is not asyncio.current_task():
            await asyncio.wait({self._task})
        self._caller.end()
        return await _off_the_loop(self._core.let_go)

    async def ended(self) -> Reason:
        """Waits until the device does not come back, because it was closed or because its token is not valid. Answers why."""
        if self._task is None:
            return ENDED
        return await asyncio.shield(self._task)

    async def __aenter__(self) -> "Device":
        self.connect()
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        try:
            await self.flush(LINGER_SECONDS)
        finally:
            await self.close()

    def _waker(self) -> Callable[[], None]:
        self._turns = Turns()
        return self._turns.wake_from_anywhere

    def _made(self) -> None:
        self._caller = Caller(self._handlers)

    async def _run(self) -> Reason:
        try:
            return await self._connections()
        except asyncio.CancelledError:
            # The loop ends, and with it the device.
            self._core.close()
            raise
        except Exception as error:
            # Nothing is known to lead here. The program is to hear of it, and goes on; what is stored stays.
            log.critical("%s: the device broke down", self._core.name, exc_info=error)
            return Reason("broken", "never", words=repr(error))

    async def _connections(self) -> Reason:
        """One connection after the other. Answers why there is no further one."""
        while True:
            reason = self._core.fall_back(await self._connection())
            was_told, delay = self._core.disconnected(reason, random.random())
            log.debug("%s: not connected, again in %s ms: %s", self._core.name, delay, reason)
            if was_told or not reason.comes_back:
                self._caller.tell(told("disconnected", reason))
            if delay is None:
                return reason
            until = now() + delay
            while not self._core.is_closed and now() < until:
                await self._work()
                await self._turns.wait((until - now()) / 1000)
            if self._core.is_closed:
                return ENDED

    async def _connection(self) -> Reason:
        """Answers why it is over, or was never made."""
        opening = asyncio.ensure_future(self._open())
        try:
            while not opening.done():
                self._turns.wake_when_done(opening)
                await self._turns.wait(None)
                await self._work()
                if self._core.is_closed:
                    opening.cancel()
        except asyncio.CancelledError:
            opening.cancel()
            raise
        try:
            wire = opening.result()
        except asyncio.CancelledError:
            return ENDED
        except asyncio.TimeoutError:
            return Reason("broken", words="no answer in time")
        except OSError as error:
            return broken(error)
        try:
            return await self._talk(wire)
        finally:
            wire.leave()

    async def _open(self) -> "Wire":
        return await asyncio.wait_for(self._connect(), CONNECT_MS_MAX / 1000)

    async def _connect(self) -> "Wire":
        address, loop = self._address, asyncio.get_running_loop()
        wire = Wire(carrier(address), self._turns.wake)
        _, _ = await loop.create_connection(lambda: wire, address.host, address.port, ssl=self._tls)
        try:
            await wire.shaken()
        except BaseException:
            wire.leave()
            raise
        return wire

    async def _talk(self, wire: "Wire") -> Reason:
        self._core.connected()
        while True:
            ending = await self._carry_out(wire)
            if ending is not None or self._core.is_closed:
                return ending or ENDED
            if wire.ended is not None and not wire.has_lines:
                return broken(wire.ended)
            self._core.unsent(wire.unsent)
            await self._turns.wait(self._core.due_in())
            lines = wire.take()
            if lines:
                self._read(lines)
            self._core.timeout()

    async def _carry_out(self, wire: "Wire") -> Optional[Reason]:
        """Does what is to be done; a head that is to be kept has been kept. Answers why to leave, if so."""
        while True:
            steps, work = self._core.steps()
            for step in steps:
                if isinstance(step, bytes):
                    wire.say(step)
                elif isinstance(step, Reason):
                    return step
                elif isinstance(step, Begin):
                    self._caller.tell(step)
                else:
                    await self._connected(step)
            if work is None:
                return None
            failed = await self._work()
            if failed is not None:
                return failed if self._core.owes_head() else None

    async def _work(self) -> Optional[Reason]:
        """Keeps the head where that is owed, and gives back room. Answers why it could not be."""
        work = self._core.room()
        if work is not None:
            try:
                self._core.done(await _off_the_loop(work.run))
            except OSError as error:
                log.debug("%s: the outbox gives back no room: %s", self._core.name, error)
                return outbox_failed(error)
        return None

    async def _connected(self, step: Connected) -> None:
        if step.token is not None:
            token = step.token
            await _off_the_loop(lambda: self._core.keep_token(token))
            self._caller.tell(told("token", step.token))
        self._caller.tell(told("connected", step.resumed))

    def _read(self, lines: List[bytes]) -> None:
        self._core.lines(lines)
        if self._handlers.wants("message"):
            for line in filter(None, lines):
                self._caller.tell(told("message", line.decode("utf-8", "replace")))


async def _off_the_loop(work: Callable[[], Answer]) -> Answer:
    """Runs what takes the disk some time where it holds up nobody."""
    return await asyncio.get_running_loop().run_in_executor(None, work)
