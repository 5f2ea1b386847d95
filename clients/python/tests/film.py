"""Plays one script against a device: what the hub says is handed in, what the device says is compared, and the clock stands still
but where the script lets time pass. It runs on CPython and on MicroPython.

The device is a *player*: the bare session here, the whole of a device without its sockets in ``vectors.py``.
"""

import notation

from glassline.session import Backoff, Begin, Close, Head, Keep, Kept, Send, Session, Settings, Welcomed
from glassline.session.message import samples


class Wrong(Exception):
    """The script does not hold."""


class SessionPlayer:
    """The bare session, its outbox stored in memory that a restart does not lose."""

    def __init__(self, settings, storage, now):
        self._storage = storage
        self._session = Session(settings, None if storage is None else storage.kept())

    def poll(self):
        """The next output; a head is kept."""
        output = self._session.poll()
        if isinstance(output, Keep):
            self._storage.head = output.head
            return self.poll()
        return output

    def publish(self, now, values, ts):
        body = samples(values, ts)
        position = self._session.publish(now, body)
        if self._storage is not None:
            self._storage.store(position, body, self._session)

    def unnumbered(self, now, values):
        self._session.publish_unnumbered(now, samples(values, None))

    def describe(self, now, channels):
        self._session.describe(now, channels)

    def answer(self, now, number, ok, reason):
        self._session.answer(now, number, ok, None, reason)

    def connected(self, now):
        self._session.connected(now)

    def disconnected(self, now):
        self._session.disconnected()

    def line(self, now, line):
        self._session.line(now, line)

    def timeout(self, now):
        self._session.timeout(now)

    def due(self):
        return self._session.due()

    def ends(self):
        pass


class Storage:
    """A stored outbox without a file: what a device's program would find when it starts anew."""

    def __init__(self):
        self.head = Head()
        self._first = 1
        self._messages = []
        self._synced = 1

    def store(self, position, body, session):
        if position > self._first + len(self._messages):
            # Its head had come further than what a power cut left of its messages.
            self._first, self._messages = position, []
        self._messages.append(body)
        if self._first < session.held_from:
            self.head = session.head()
            self._messages = self._messages[session.held_from - self._first :]
            self._first = session.held_from

    def sync(self):
        self._synced = self._first + len(self._messages)

    def power_cut(self):
        self._messages = self._messages[: max(self._synced - self._first, 0)]

    def kept(self):
        return Kept(self.head, self._first, list(self._messages))


class Film:
    def __init__(self, player, storage):
        self._player, self._make_storage = player, storage
        self._storage = None
        self._line = 0
        self._now = 1000
        self._id, self._token, self._nonce = "pump-1", None, 0
        self._set = {}
        # Made when the first thing happens that is no setting.
        self._device = None
        self._connected = False
        self._backoff = Backoff()
        # When the device comes back; None where it does not.
        self._returns = 0
        # The nonces that the device chose, by the names that the script gives them.
        self._nonces = {}
        self._said, self._begun, self._ending = [], [], None

    def play(self, script):
        """Raises :class:`Wrong` with the line of the script that does not hold."""
        for step in notation.steps(script):
            together, self._line = self._line == step.line, step.line
            if step.side == "device":
                self._expect_said(step.words)
            elif step.side == "hub":
                self._hub_says(step.words)
            else:
                if not together:
                    self._expect_silence()
                self._happens(step.words)
        self._expect_silence()
        self._expect_nothing_begun()
        if self._device is not None:
            self._device.ends()

    def _fail(self, what):
        raise Wrong("line %d of the script: %s" % (self._line, what))

    def _settings(self):
        settings = Settings(self._id, self._token, self._nonce)
        for name, value in self._set.items():
            setattr(settings, name, value)
        return settings

    def _with(self, name, *arguments):
        """Hands something to the device and carries out what it wants."""
        if self._device is None:
            self._device = self._player(self._settings(), self._storage, self._now)
            self._carry_out()
        getattr(self._device, name)(self._now, *arguments)
        self._carry_out()

    def _carry_out(self):
        while True:
            output = self._device.poll()
            if output is None:
                return
            if isinstance(output, Send):
                self._said.append(output.line)
            elif isinstance(output, Begin):
                self._begun.append(output.number)
            elif isinstance(output, Close):
                self._ending = output.code
                self._away(output.again, output.wait)
            elif isinstance(output, Welcomed):
                self._backoff.welcomed(self._now)

    def _away(self, again, wait):
        self._connected = False
        delay = self._backoff.lost(self._now, again, wait, 0.0)
        self._returns = None if delay is None else self._now + delay

    def _hub_says(self, words):
        self._expect_silence()
        self._expect_nothing_begun()
        if not self._connected:
            self._fail("the device is not connected")
        line = self._with_nonce(notation.line(notation.whole_welcome(words)))
        self._with("line", line.encode())

    def _with_nonce(self, line):
        """A welcome with the nonce that the device chose; where the script has one that it never said, with such."""
        name = notation.whole(line, "nonce") if line.startswith('{"welcome"') else None
        if name is None:
            return line
        return line.replace('"nonce":%d' % name, '"nonce":%d' % self._nonces.get(name, 1000000 + name))

    def _happens(self, happening):
        words = happening.split()
        named = {
            "stored": self._is_stored, "sync": self._sync, "restart": self._restart, "power": self._power_cut,
            "cut": self._cut, "publish": self._publish, "unnumbered": self._unnumbered, "describe": self._describe,
            "answer": self._answer, "begins": self._begins, "drops": self._drops, "away": self._is_away,
        }  # fmt: skip
        if self._sets(words):
            return
        if words[0] in named:
            named[words[0]](words[1:])
            return
        passed = notation.duration(happening)
        if passed is None:
            self._fail("what is %r?" % happening)
        self._pass(self._now + passed)

    def _sets(self, words):
        """Takes what is said of how the device is set up."""
        if words == ["serial"]:
            self._set["serial"] = True
        elif words == ["no", "heartbeat"]:
            self._set["heartbeat"] = None
        elif words == ["no", "id"]:
            self._id = ""
        elif words[0] == "token":
            self._token = words[1]
        elif words[0] in ("outbox", "line_max"):
            self._set["messages_max" if words[0] == "outbox" else "line_max"] = int(words[1])
        else:
            return False
        return True

    def _is_stored(self, _):
        self._storage = self._make_storage()

    def _sync(self, _):
        self._storage.sync()

    def _power_cut(self, words):
        self._restart(words, True)

    def _restart(self, _, power_cut=False):
        """The program ends without a word, and begins again with what is stored."""
        if self._device is not None:
            self._device.ends()
        if power_cut:
            self._storage.power_cut()
        self._device, self._connected, self._returns = None, False, self._now
        self._backoff = Backoff()
        self._begun = []
        self._nonce += 1000

    def _cut(self, _):
        self._with("disconnected")
        self._away("later", None)

    def _publish(self, words):
        values = [(words[at], words[at + 1]) for at in range(0, len(words), 2)]
        times = [int(value) for channel, value in values if channel == "ts"]
        values = [(channel, value) for channel, value in values if channel != "ts"]
        self._with("publish", values, times[0] if times else None)

    def _unnumbered(self, words):
        self._with("unnumbered", [(words[0], words[1])])

    def _describe(self, words):
        self._with("describe", words[0])

    def _answer(self, words):
        self._with("answer", int(words[0]), words[1] == "ok", words[2] if len(words) > 2 else None)

    def _begins(self, words):
        if not self._begun or self._begun.pop(0) != int(words[0]):
            self._fail("the device does not begin it")

    def _drops(self, words):
        ending, self._ending = self._ending, None
        if ending != words[0]:
            self._fail("the device drops the connection: %s" % ending)

    def _is_away(self, _):
        if self._connected or (self._returns is not None and self._returns <= self._now):
            self._fail("the device is there, or on its way")

    def _pass(self, until):
        while True:
            due = None if self._device is None else self._device.due()
            if due is None or due > until:
                break
            self._now = max(self._now, due)
            self._with("timeout")
        self._now = max(self._now, until)

    def _expect_said(self, words):
        if not self._connected and words.lstrip('{"').startswith("identify"):
            if self._returns is None:
                self._fail("the device does not come back")
            self._pass(self._returns)
            self._connected = True
            self._with("connected")
        if not self._said:
            self._fail("the device says nothing")
        said = self._said.pop(0)
        if not notation.matches(self._note_nonce(words, said), said):
            self._fail("the device says %s" % said.decode())

    def _note_nonce(self, words, said):
        """The nonce of an identify is the device's choice, but another one each time."""
        before, mark, after = words.partition(" nonce ")
        if not mark or not words.startswith("identify"):
            return words
        name, _, after = after.partition(" ")
        nonce = notation.whole(said.decode().strip(), "nonce")
        if nonce is None or nonce in self._nonces.values():
            self._fail("the nonce is missing, or that of an earlier identify")
        self._nonces[int(name)] = nonce
        return before + " " + after

    def _expect_silence(self):
        if self._said:
            self._fail("before this the device says %s" % self._said[0].decode())

    def _expect_nothing_begun(self):
        if self._begun:
            self._fail("the device begins %d" % self._begun[0])


def play(script, player=SessionPlayer, storage=Storage):
    """Plays ``script``. Raises :class:`Wrong` with the line that does not hold."""
    Film(player, storage).play(script)
