"""The thread of a device: connects, reads, writes, waits, comes back (rule D9)."""

import random
import ssl
import threading
from typing import List, Optional

from ._address import Address
from ._caller import Caller
from ._core import Connected, Core, log, now, outbox_failed
from ._handlers import Handlers, told
from ._link import Link, Opening, Poller, Resolver
from ._reason import ENDED, Reason, broken
from .session import Begin


class Driver:
    """Runs a device until it is closed or refused for good."""

    def __init__(self, core: Core, handlers: Handlers, caller: Caller, poller: Poller) -> None:
        self._core = core
        self._handlers = handlers
        self._caller = caller
        self._poller = poller
        self._thread: Optional[threading.Thread] = None
        #: Set once it is over.
        self.over = threading.Event()
        #: Why the device does not come back, once it does not.
        self.reason: Optional[Reason] = None

    def begin(self, address: Address, context: Optional[ssl.SSLContext]) -> None:
        """Begins the thread. Has no effect the second time."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, args=(address, context), name=f"glassline-{self._core.name}", daemon=True
            )
            self._thread.start()

    @property
    def begun(self) -> bool:
        """Whether there is a thread."""
        return self._thread is not None

    @property
    def is_current(self) -> bool:
        """Whether the calling thread is that of the device."""
        return threading.current_thread() is self._thread

    def _run(self, address: Address, context: Optional[ssl.SSLContext]) -> None:
        reason = ENDED
        try:
            reason = self._connections(address, context)
        except BaseException as error:
            # Nothing is known to lead here. The program is to hear of it, and goes on; what is stored stays.
            log.critical("%s: the device broke down", self._core.name, exc_info=error)
            reason = Reason("broken", "never", words=repr(error))
        finally:
            self.reason = reason
            self.over.set()
            if self._core.is_closed:
                # Perhaps because nobody has the device any more.
                self._poller.close()

    def _connections(self, address: Address, context: Optional[ssl.SSLContext]) -> Reason:
        """One connection after the other. Answers why there is no further one."""
        resolver = Resolver(self._poller)
        while True:
            reason = self._core.fall_back(self._connection(Opening(address, context, self._poller, resolver)))
            was_told, delay = self._core.disconnected(reason, random.random())
            log.debug("%s: not connected, again in %s ms: %s", self._core.name, delay, reason)
            if was_told or not reason.comes_back:
                self._caller.tell(told("disconnected", reason))
            if delay is None:
                return reason
            until = now() + delay
            while self._goes_on() and now() < until:
                self._poller.wait((until - now()) / 1000)
            if self._core.is_closed:
                return ENDED

    def _connection(self, opening: Opening) -> Reason:
        """Answers why it is over, or was never made."""
        try:
            link = opening.run(self._goes_on)
        except OSError as error:
            return ENDED if self._core.is_closed else broken(error)
        try:
            return self._talk(link)
        except OSError as error:
            return broken(error)
        finally:
            link.leave()

    def _goes_on(self) -> bool:
        """Gives back what is not held any more, where nothing is to be said: what the program sends meanwhile may push out what
        was held. Answers whether to go on."""
        self._work()
        return not self._core.is_closed

    def _talk(self, link: Link) -> Reason:
        self._core.connected()
        while True:
            ending = self._carry_out(link)
            if ending is not None or self._core.is_closed:
                return ending or ENDED
            self._core.unsent(link.unsent)
            lines = link.turn(self._core.due_in())
            if lines:
                self._read(lines)
            self._core.timeout()

    def _carry_out(self, link: Link) -> Optional[Reason]:
        """Does what is to be done; a head that is to be kept has been kept. Answers why to leave, if so."""
        while True:
            steps, work = self._core.steps()
            for step in steps:
                if isinstance(step, bytes):
                    link.say(step)
                elif isinstance(step, Reason):
                    return step
                elif isinstance(step, Begin):
                    self._caller.tell(step)
                else:
                    self._connected(step)
            if work is None:
                return None
            failed = self._work()
            if failed is not None:
                return failed if self._core.owes_head() else None

    def _work(self) -> Optional[Reason]:
        """Keeps the head where that is owed, and gives back room. Answers why it could not be."""
        work = self._core.room()
        if work is not None:
            try:
                self._core.done(work.run())
            except OSError as error:
                log.debug("%s: the outbox gives back no room: %s", self._core.name, error)
                return outbox_failed(error)
        return None

    def _connected(self, step: Connected) -> None:
        if step.token is not None:
            self._core.keep_token(step.token)
            self._caller.tell(told("token", step.token))
        self._caller.tell(told("connected", step.resumed))

    def _read(self, lines: List[bytes]) -> None:
        self._core.lines(lines)
        if self._handlers.wants("message"):
            for line in filter(None, lines):
                self._caller.tell(told("message", line.decode("utf-8", "replace")))
