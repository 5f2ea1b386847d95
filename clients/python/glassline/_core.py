"""A device without its sockets: the session, the outbox behind it, and the books of what became of its messages.

Any thread may call it; a call waits for nothing but another call, and for the system to take a line into its cache where the
outbox is stored. What takes the disk longer is given out as :class:`Work`.
"""

import logging
import threading
import time
from pathlib import Path
from typing import Callable, List, NamedTuple, Optional, Tuple, Union

from ._identity import Identity, Keeping
from ._reason import ENDED, Reason
from ._values import NotAccepted
from .session import Backoff, Begin, Close, Complain, Keep, Send, Session, Settings, Welcomed
from .store import Log, Report, Work
from .store.work import Done

log = logging.getLogger("glassline")


class Connected(NamedTuple):
    """The device is welcome on a new connection: whether it goes on with its session, and the token it was given, if any."""

    resumed: bool
    token: Optional[str]


#: What to do next: write this line; tell the program; do this and give what comes of it to ``answer``; leave the connection.
Step = Union[bytes, Connected, Begin, Reason]


class Books(NamedTuple):
    """What became of messages. At any time accepted + restored = acked + dropped + queued."""

    #: For which ``send`` answered that they are accepted, in this run of the program.
    accepted: int
    #: Which a stored outbox brought from earlier runs, those included whose loss is to be declared.
    restored: int
    #: Taken over by the hub, as far as is known. The loss of one counts as its message where the hub learned it.
    acked: int
    #: Dropped because the outbox was full, in this run.
    dropped: int
    #: Held until they are acked.
    queued: int


def now() -> int:
    """Milliseconds of a clock that never goes back."""
    return time.monotonic_ns() // 1_000_000


class Core:
    """The device that ``settings`` describe, its outbox in ``folder`` or in memory.

    Raises :class:`InUse` where another program uses the folder, and the system's ``OSError`` where it cannot be made or listed.
    """

    def __init__(self, settings: Settings, folder: Optional[Path], wake: Callable[[], None]) -> None:
        # A thread may come again amid a call of its own, by a signal's handler: it must not wait for itself.
        self._lock = threading.RLock()
        # Amid a call that changes something; then nobody else may, not even the same thread.
        self._changing = False
        #: Whoever does what is to be done looks what there is. Never waits.
        self.wake = wake
        self._log = None if folder is None else Log(folder, settings.bytes_max)
        self.report: Optional[Report] = None if self._log is None else self._log.report
        if self.report is not None and not self.report.is_whole:
            log.warning("%s: %s", settings.device, self.report)
        self._keeping = None if folder is None else Keeping(folder, settings.device)
        # What the program itself says it is, while what was kept of an earlier run is shown and not yet welcome.
        self._own: Optional[Tuple[str, Optional[str]]] = None
        kept = None if self._keeping is None else self._keeping.read()
        if kept is not None:
            self._own = (settings.device, settings.token)
            settings.device, settings.token = kept
        self._settings = settings
        self.name = settings.device
        self._session = Session(settings, None if self._log is None else self._log.kept)
        if self._log is not None:
            # What it brings is in the session now.
            self._log.kept.messages.clear()
        self._backoff = Backoff()
        # The session that an identify named.
        self._asked: Optional[str] = None
        # The program was told of this connection.
        self._told = False
        self._accepted = self._acked = 0
        self._restored = self._session.queued + self._session.dropped
        self._next = 1 if self._log is None else self._log.next
        # The session wants a head on disk, and it is not there yet.
        self._owed = False
        # The boot marker of this run is on disk (rule D2). Before, nothing is accepted.
        self._marked = False
        self._closed = self._left_safe = False
        # Who waits until all below a position is taken over.
        self._waiting: List[Tuple[int, Callable[[], None]]] = []
        # Without a connection there is nothing to say yet: it wants its boot marker, if anything.
        while self._session.poll() is not None:
            self._owed = True
        try:
            self._mark()
        except OSError as error:
            # A full disk keeps no program from starting: what is there can be sent, and room comes of it.
            log.warning("%s: the outbox takes nothing yet: %s", self.name, error)

    # For the program.

    def send(self, body: bytes) -> None:
        """Takes a message into the outbox. Raises :class:`NotAccepted`, or the system's ``OSError`` where it cannot be stored."""
        with self._lock:
            self._change()
            try:
                wanted = self._send(body)
            finally:
                self._changing = False
        if wanted:
            self.wake()

    def _send(self, body: bytes) -> bool:
        """Answers whether somebody has something to do."""
        if self._closed:
            raise NotAccepted("the device is closed")
        if not self._marked:
            self._mark()
        if self._log is not None:
            self._log.append(body)
            if self._log.size > self._log.bytes_max:
                # Nobody else has given back what can be, for long: there is no thread, or its disk is slow.
                self._log.give_back(self._session.held_from)
        due = self._session.due()
        self._next = self._session.publish(now(), body) + 1
        self._accepted += 1
        # Whoever is woken for nothing only takes the sender's time.
        return self._session.wants() or self._session.due() != due or self._gives_room()

    def _change(self) -> None:
        if self._changing:
            raise NotAccepted("it comes amid another call on the same thread: from a signal's handler, say")
        self._changing = True

    def send_unnumbered(self, body: bytes) -> bool:
        """Says a message without keeping it. Answers whether that could be done."""
        with self._lock:
            self._change()
            try:
                said = not self._closed and self._session.publish_unnumbered(now(), body)
            finally:
                self._changing = False
        self.wake()
        return said

    def describe(self, channels: str) -> None:
        """Says what the channels are, now and after each welcome."""
        with self._lock:
            self._change()
            try:
                self._session.describe(now(), channels)
            finally:
                self._changing = False
        self.wake()

    def answer(self, command: int, ok: bool, value: Optional[str], reason: Optional[str]) -> None:
        """What came of a command that was begun."""
        with self._lock:
            self._session.answer(now(), command, ok, value, reason)
        self.wake()

    def when_taken_over(self, call: Callable[[], None]) -> int:
        """Calls ``call``, on any thread, once the hub has taken over all that was accepted so far, or the device is closed.
        Answers the position for :meth:`is_taken_over`."""
        with self._lock:
            position = self._next
            self._waiting.append((position, call))
        self._call_waiting()
        return position

    def is_taken_over(self, position: int, call: Callable[[], None]) -> bool:
        """Whether everything below ``position`` is taken over, or its loss is. ``call`` is called no more."""
        with self._lock:
            self._waiting = [waiting for waiting in self._waiting if waiting[1] is not call]
            return self._session.head().head >= position

    def _call_waiting(self) -> None:
        with self._lock:
            head = self._session.head().head
            due = [call for position, call in self._waiting if self._closed or head >= position]
            self._waiting = [one for one in self._waiting if not (self._closed or head >= one[0])]
        for call in due:
            call()

    def close(self) -> None:
        """Nothing is accepted any more."""
        with self._lock:
            self._closed = True
        self._call_waiting()
        self.wake()

    def let_go(self) -> bool:
        """Syncs the outbox and frees its folder, once or again. Answers whether nothing is lost by that."""
        synced = self.run_sync()
        with self._lock:
            if self._log is not None:
                self._log.let_go()
                self._log = None
            self._left_safe |= synced
            return self._left_safe or self._session.queued == 0

    # For the connection.

    def connected(self) -> None:
        """There is a connection."""
        with self._lock:
            self._asked, self._told = self._session_name(), False
            self._session.connected(now())

    def disconnected(self, reason: Reason, random: float) -> Tuple[bool, Optional[int]]:
        """The connection is gone, or could not be made; ``random`` is in [0, 1). Answers whether the program had been told of it,
        and after how many milliseconds to come back; None where it must not."""
        with self._lock:
            self._session.disconnected()
            told, self._told = self._told, False
            return told, self._backoff.lost(now(), reason.again, reason.wait, random)

    def fall_back(self, reason: Reason) -> Reason:
        """The connection is over. Where the hub does not want what was kept, the device comes at once as what the program itself says:
        answers why it is over, as if the hub had said that."""
        with self._lock:
            if self._own is None or reason.again != "never" or self._closed:
                return reason
            (self._settings.device, self._settings.token), self._own = self._own, None
            self.name = self._settings.device
        log.info("%s: the token that was kept is not wanted: %s", self.name, reason)
        return reason._replace(again="now")

    def keep_token(self, token: str) -> None:
        """The next run of the program is to have what the hub gave, before this one uses it; takes the disk some time. Where it cannot be
        kept, the join token goes on to do for as long as the hub lets it."""
        if self._keeping is None:
            return
        try:
            self._keeping.write(Identity(self.name, token))
        except OSError as error:
            log.warning("%s: the token of the device cannot be kept: %s", self.name, error)

    def lines(self, lines: List[bytes]) -> None:
        """Lines of the hub side, without their ends."""
        for line in lines:
            # One at a time: nobody who sends waits for all of them.
            with self._lock:
                self._changing = True
                try:
                    held = self._session.queued
                    self._session.line(now(), line)
                    # A line only ever takes messages out, and only those that are taken over.
                    self._acked += held - self._session.queued
                finally:
                    self._changing = False
        with self._lock:
            if self._log is not None:
                self._log.note(self._session.head(), self._session.queued)
        if self._waiting:
            self._call_waiting()

    def unsent(self, size: int) -> None:
        """The connection has so many bytes that it could not write yet."""
        with self._lock:
            self._session.unsent(size)

    def timeout(self) -> None:
        """Does what is due by now."""
        with self._lock:
            self._session.timeout(now())

    def due_in(self) -> Optional[float]:
        """Seconds until :meth:`timeout` is to be called; None for never."""
        with self._lock:
            due = self._session.due()
        return None if due is None else max(due - now(), 0) / 1000

    def steps(self) -> Tuple[List[Step], Optional[Work]]:
        """What is to be done next, in order, and then the work to run and give to :meth:`done` before there are more steps."""
        steps: List[Step] = []
        complaints: List[Complain] = []
        with self._lock:
            while not self._owed:
                output = self._session.poll()
                if output is None:
                    break
                if isinstance(output, Keep):
                    self._owed = True
                elif isinstance(output, Send):
                    steps.append(output.line)
                elif isinstance(output, Begin):
                    steps.append(output)
                elif isinstance(output, Close):
                    steps.append(Reason(output.code, output.again, output.wait))
                elif isinstance(output, Complain):
                    complaints.append(output)
                else:
                    steps.extend(self._welcomed(output))
            work = self._work()
        # Not before: whoever is told may send.
        for complaint in complaints:
            log.warning("%s: the hub skipped a line: %s: %s", self.name, complaint.code, complaint.reason)
        return steps, work

    def room(self) -> Optional[Work]:
        """The work that gives back what is not held any more, where there is something."""
        with self._lock:
            return self._work()

    def done(self, done: Done) -> None:
        """What came of a work."""
        with self._lock:
            self._done(done)

    def owes_head(self) -> bool:
        """Whether nothing must be said before the head is kept."""
        return self._owed

    def run_sync(self) -> bool:
        """Makes durable what was accepted so far; takes the disk some time. Answers whether it is; never with an outbox in
        memory."""
        with self._lock:
            work = None if self._log is None else self._log.sync()
        if work is None:
            return False
        done = work.run()
        self.done(done)
        if done.failed:
            log.warning("%s: the outbox cannot be synced", self.name)
        return not done.failed

    # How it stands.

    @property
    def is_stored(self) -> bool:
        return self._log is not None

    @property
    def is_closed(self) -> bool:
        return self._closed

    @property
    def is_welcome(self) -> bool:
        return self._session.is_welcome()

    @property
    def session(self) -> Optional[str]:
        with self._lock:
            return self._session_name()

    def books(self) -> Books:
        """What became of all messages."""
        with self._lock:
            session = self._session
            return Books(self._accepted, self._restored, self._acked, session.dropped, session.queued)

    def _session_name(self) -> Optional[str]:
        kept = self._session.head().session
        return None if kept is None else kept.name

    def _welcomed(self, welcomed: Welcomed) -> List[Step]:
        self._backoff.welcomed(now())
        self._own = None
        self.name = welcomed.device
        # Within a connection it identifies again for a session of this run; the program was told already.
        if self._told:
            return []
        self._told = True
        return [Connected(self._asked is not None and self._asked == self._session_name(), welcomed.token)]

    def _work(self) -> Optional[Work]:
        """The newest head, which is at least as new as the one that was asked for: where one was, and where it gives room."""
        if self._log is None or not (self._owed or self._gives_room()):
            return None
        return self._log.keep(self._session.head(), self._session.held_from)

    def _gives_room(self) -> bool:
        return self._log is not None and self._log.has_room_to_give(self._session.held_from)

    def _mark(self) -> None:
        """Writes the boot marker, if one is wanted and not there yet."""
        if self._owed and self._log is not None:
            self._done(self._log.keep(self._session.head(), self._session.held_from).run())
        self._marked = True

    def _done(self, done: Done) -> None:
        if done.kept:
            self._owed, self._marked = False, True
        if self._log is not None:
            self._log.done(done)


def outbox_failed(error: OSError) -> Reason:
    """The outbox could not be written where it must be before more is said."""
    return Reason("outbox", words=str(error))


__all__ = ["ENDED", "Books", "Connected", "Core", "Reason", "Step", "log", "now", "outbox_failed"]
