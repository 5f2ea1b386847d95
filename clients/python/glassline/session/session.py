"""A device's half of the conversation, over all its connections in one run of its program."""

from . import limits, message
from .commands import Commands
from .message import Line, Malformed, Welcome
from .numbered import Head, Kept, Numbered
from .outbox import Outbox
from .outputs import Begin, Close, Complain, Keep, Send, Welcomed

# There is no connection; identified and not welcomed yet; welcome.
_APART, _ASKING, _TALKING = 0, 1, 2
# What may fall due, in the order in which it is looked at.
_WELCOME, _SILENCE, _PROGRESS, _HEARTBEAT = 0, 1, 2, 3


class Settings:
    """What a device is and how it talks."""

    def __init__(self, device: str, token: "str | None" = None, nonce: int = 0) -> None:
        #: Its id; ``""`` where the hub side is to make one.
        self.device = device
        self.token = token
        #: Any number that is likely another one than in the run of the program before: nonces count from it.
        self.nonce = nonce
        #: Seconds between heartbeats that it wishes; None leaves it to the system to find a dead connection.
        self.heartbeat: "int | None" = limits.HEARTBEAT_SECONDS
        #: Bytes of the longest line it reads, at least 256, where that is less than usual.
        self.line_max: "int | None" = None
        #: Whether bytes may be lost, and there is no connection to drop.
        self.serial = False
        #: How much it keeps until it is acked.
        self.messages_max = limits.OUTBOX_MESSAGES
        self.bytes_max = limits.OUTBOX_BYTES


class Session:
    """A device, from the start of its program to its end. ``kept`` is what a stored outbox brings: then what
    :meth:`poll` wants at once is carried out before the first message is published."""

    def __init__(self, settings: Settings, kept: "Kept | None" = None) -> None:
        self._settings = settings
        self._phase = _APART
        self._nonce = settings.nonce
        # Until the first welcome of this run.
        self._boot = True
        # Identifies in a row on this connection after which nothing at all was heard.
        self._unheard = 0
        self._stored = kept is not None
        self._heartbeat_ms = limits.HEARTBEAT_SECONDS * 1000
        self._description: "bytes | None" = None
        self._commands = Commands()
        self._timers: "list[int | None]" = [None, None, None, None]
        self._outputs: "list[Keep | Send | Welcomed | Begin | Complain | Close]" = []
        # Bytes of lines among them, and of those that the transport has not written yet.
        self._unsaid = self._unsent = 0
        outbox = Outbox(settings.messages_max, settings.bytes_max)
        if kept is not None:
            outbox.restore(kept.head.head, kept.first, kept.messages)
        self._log = Numbered(outbox)
        if kept is not None and self._log.take_up(kept.head.session):
            self._keep()

    # What is to be done, and how it stands.

    def poll(self) -> "Keep | Send | Welcomed | Begin | Complain | Close | None":
        """The next thing to do; None until there is another input."""
        if not self._outputs:
            return None
        output = self._outputs.pop(0)
        if isinstance(output, Send):
            self._unsaid -= len(output.line)
        return output

    def wants(self) -> bool:
        """Whether :meth:`poll` has something."""
        return bool(self._outputs)

    def due(self) -> "int | None":
        """When to call :meth:`timeout` at the latest; None for never."""
        return min([at for at in self._timers if at is not None], default=None)

    def is_welcome(self) -> bool:
        """Whether the device is welcome on its present connection."""
        return self._phase == _TALKING

    def head(self) -> Head:
        """What a storage would be told to keep now. It may do so at any time, say when it makes room."""
        return Head(self._log.session, self._log.outbox.head)

    @property
    def queued(self) -> int:
        """Messages held until they are acked."""
        return len(self._log.outbox)

    @property
    def dropped(self) -> int:
        """Messages dropped so far in this run because the outbox was full."""
        return self._log.outbox.dropped

    @property
    def held_from(self) -> int:
        """The position of the first message that is held, or of the next one: a storage may forget what is below, once it
        stored :meth:`head`."""
        return self._log.outbox.first

    # What the program wants.

    def publish(self, now: int, body: bytes) -> int:
        """Sends a message (:func:`message.samples`) as soon as it can, with a number: it arrives, once and in order, or its
        loss is declared. Answers its position."""
        position = self._log.outbox.push(body)
        self._say_numbered(now)
        return position

    def publish_unnumbered(self, now: int, body: bytes) -> bool:
        """Sends a message without a number: best effort. Answers whether it was sent."""
        may = self._phase == _TALKING and not self._is_congested()
        if may:
            self._send(now, message.unnumbered(body))
        return may

    def describe(self, now: int, channels: str) -> None:
        """What the channels are, as JSON; said now, if the device is welcome, and after each welcome."""
        self._description = message.describe(channels)
        if self._phase == _TALKING:
            self._send(now, self._description)

    def answer(self, now: int, command: int, ok: bool, value: "str | None" = None, reason: "str | None" = None) -> None:
        """The result of a command that was begun. Only that of the last one is said (D8), again when it is asked again."""
        if self._commands.is_last(command):
            self._commands.result = message.result(command, ok, value, reason)
            self._say_result(now)

    # What happens to the connection.

    def connected(self, now: int) -> None:
        """There is a connection."""
        self.disconnected()
        self._unheard = 0
        self._identify(now)

    def disconnected(self) -> None:
        """The connection is gone. Everything unacked is kept."""
        self._end()
        # What is for the program and its storage stays: a head not stored yet, a command that counts as begun.
        self._outputs = [output for output in self._outputs if isinstance(output, (Keep, Begin))]
        self._unsaid = self._unsent = 0

    def unsent(self, size: int) -> None:
        """The transport has so many bytes of lines that it could not write yet."""
        self._unsent = size

    def line(self, now: int, line: bytes) -> None:
        """A line of the hub side, without its end. One that cannot be read is ignored."""
        if self._phase == _APART:
            return
        self._heard(now)
        self._unheard = 0
        try:
            self._take(now, message.read(line))
        except Malformed:
            pass
        self._say_numbered(now)

    def timeout(self, now: int) -> None:
        """The time has come that :meth:`due` named."""
        if self._falls_due(_WELCOME, now):
            self._not_welcomed(now)
        if self._falls_due(_SILENCE, now):
            self._close("silent")
        if self._falls_due(_PROGRESS, now):
            self._no_progress(now)
        if self._falls_due(_HEARTBEAT, now):
            self._heartbeat(now)
        self._say_numbered(now)

    # Who it says it is, and in which session.

    def _identify(self, now: int) -> None:
        """Each identify has a nonce of its own, and nothing is said before the welcome that bears it (D1)."""
        self._phase = _ASKING
        self._nonce += 1
        settings, log = self._settings, self._log
        oldest = log.begins_with()
        rest: "list[tuple[str, str | int | bool | None]]" = [
            ("nonce", self._nonce),
            ("session", None if log.session is None else log.session.name),
            ("oldest", oldest),
            ("boot", self._boot or None),
            ("handled", self._commands.handled),
            ("heartbeat", settings.heartbeat),
            ("line_max", settings.line_max),
            ("outbox", self.queued or None),
        ]
        self._send(now, message.identify(settings.device, settings.token, rest))
        self._timers = [None, None, None, None]
        self._timers[_WELCOME] = now + (limits.WELCOME_SERIAL_MS_MAX if settings.serial else limits.WELCOME_MS_MAX)

    def _not_welcomed(self, now: int) -> None:
        """No welcome came in time; the second time without having heard anything at all, the connection is dead."""
        self._unheard += 1
        if self._unheard > 1 and not self._settings.serial:
            self._close("silent")
        else:
            self._identify(now)

    def _welcome(self, now: int, welcome: Welcome) -> None:
        """A welcome that answers another identify is none. Nor is one with a new session in which something is taken over
        already."""
        name, log = welcome.session, self._log
        if self._phase != _ASKING or welcome.nonce != self._nonce or name is None or not message.is_session(name):
            return
        if log.session is not None and log.session.name == name:
            if not log.resume(welcome.ack):
                # It counts what was never said: numbers of another run. They are not to be used again.
                self._forget_session()
                self._identify(now)
                return
        elif welcome.ack > 0:
            return
        else:
            log.open(name)
            self._keep()
        log.go_back()
        self._begin_talking(now, welcome)
        self._taken_over(now)

    def _begin_talking(self, now: int, welcome: Welcome) -> None:
        self._phase, self._boot = _TALKING, False
        self._log.window, self._log.line_max = welcome.window, welcome.line_max
        self._heartbeat_ms = welcome.heartbeat_ms
        self._timers = [None, None, None, None]
        self._heard(now)
        self._settings.device = welcome.device
        self._settings.token = welcome.token or self._settings.token
        self._outputs.append(Welcomed(welcome.device, welcome.time, welcome.token))
        # So that a heartbeat is due though nothing is said now.
        if self._settings.heartbeat is not None:
            self._timers[_HEARTBEAT] = now + self._heartbeat_ms
        if self._description is not None:
            self._send(now, self._description)

    def _taken_over(self, now: int) -> None:
        """A session of an earlier run is over once all of it is taken over; then the device asks for one of this run (D3)."""
        if self._log.is_over():
            self._forget_session()
            self._identify(now)
        else:
            self._watch_progress(now)

    def _forget_session(self) -> None:
        self._log.session = None
        self._keep()

    # What the hub side says.

    def _take(self, now: int, line: Line) -> None:
        if line.kind == "welcome":
            self._welcome(now, Welcome(line))
        elif line.kind == "bye":
            self._bye(line)
        elif line.kind == "error":
            code, reason = message.complaint(line)
            self._outputs.append(Complain(code, reason))
        elif self._phase == _ASKING or line.kind == "":
            # Nothing else means anything before the welcome (D1).
            pass
        elif line.kind == "ack":
            if self._log.ack(line.whole("ack")):
                self._timers[_PROGRESS] = None
                self._taken_over(now)
        elif line.kind == "nak":
            self._log.nak(line.whole("nak"))
        elif line.kind == "window":
            self._set_window(line.whole("window"))
        elif line.kind == "command":
            self._command(now, line)
        elif line.kind == "need":
            self._identify(now)

    def _bye(self, line: Line) -> None:
        code, wait = line.text("bye"), min(line.whole("wait"), limits.WAIT_MS_MAX) if line.has("wait") else None
        again = message.again(line)
        if code == "closed" and self._log.session is not None:
            # What is unacked is numbered anew in the session that the next welcome brings.
            self._forget_session()
        self._close(code, again, wait, True)

    def _set_window(self, window: int) -> None:
        if (self._log.window == 0) != (window == 0):
            self._timers[_PROGRESS] = None
        self._log.window = window

    def _command(self, now: int, line: Line) -> None:
        number = line.number("command")
        begin = Begin(number, line.text("channel"), line.raw("value"), line.whole("ttl"))
        if self._commands.begins(number):
            self._outputs.append(begin)
        elif self._commands.is_last(number):
            self._say_result(now)

    def _say_result(self, now: int) -> None:
        if self._phase == _TALKING and self._commands.result is not None:
            self._send(now, self._commands.result)

    # What is said, and what follows from silence.

    def _say_numbered(self, now: int) -> None:
        """Says what the window lets through."""
        if self._phase != _TALKING:
            return
        while self._log.window > self._log.in_flight():
            line = self._log.next_line()
            if line is None:
                break
            self._send(now, line)
        self._watch_progress(now)

    def _watch_progress(self, now: int) -> None:
        """Sets the time of rule D6, where something waits for its ack and the time is not set yet."""
        log = self._log
        if log.window == 0:
            waiting, patience = log.limit() > log.outbox.head, self._heartbeat_ms
        else:
            waiting, patience = log.said > log.outbox.head, max(self._heartbeat_ms, limits.PROGRESS_MS_MIN)
        if waiting and self._timers[_PROGRESS] is None:
            self._timers[_PROGRESS] = now + patience

    def _no_progress(self, now: int) -> None:
        """Against a closed window the first unacked one asks whether it may open; else the device goes back, or leaves a
        connection that should have brought the ack (D6)."""
        if self._log.window == 0:
            line = None if self._is_congested() else self._log.probe()
            if line is not None:
                self._send(now, line)
        elif self._settings.serial:
            self._log.go_back()
        else:
            self._close("stuck")

    def _heard(self, now: int) -> None:
        """What is heard puts off the end (D7)."""
        if self._phase == _TALKING and self._settings.heartbeat is not None:
            self._timers[_SILENCE] = now + 2 * self._heartbeat_ms

    def _heartbeat(self, now: int) -> None:
        """Where much is under way the hub side hears something in any case, once it reads (D7)."""
        if self._is_congested():
            self._timers[_HEARTBEAT] = now + self._heartbeat_ms
        else:
            self._send(now, b"\n")

    def _is_congested(self) -> bool:
        """Whether the hub side leaves unread what was said, so that more of it only takes memory."""
        return self._unsaid + self._unsent >= limits.UNSENT_BYTES_MAX

    def _send(self, now: int, line: bytes) -> None:
        """What is said puts off the heartbeat (D7)."""
        if self._phase == _TALKING and self._settings.heartbeat is not None:
            self._timers[_HEARTBEAT] = now + self._heartbeat_ms
        self._unsaid += len(line)
        self._outputs.append(Send(line))

    def _falls_due(self, timer: int, now: int) -> bool:
        at = self._timers[timer]
        if at is None or at > now:
            return False
        self._timers[timer] = None
        return True

    def _keep(self) -> None:
        """Where the outbox is stored (D4)."""
        if self._stored:
            self._outputs.append(Keep(self.head()))

    def _close(self, code: str, again: str = "later", wait: "int | None" = None, told: bool = False) -> None:
        self._end()
        self._outputs.append(Close(code, again, wait, told))

    def _end(self) -> None:
        self._phase = _APART
        self._timers = [None, None, None, None]
