"""A device on a board that runs MicroPython, one step at a time; on CPython it runs as well.

Copy ``glassline/__init__.py`` and ``glassline/session`` to the board. The outbox is in memory, and a board that does nothing else
may wait for the network; so this one connects where it stands.
"""

import json
import socket
import time

from glassline.session import Backoff, Begin, Close, Lines, Send, Session, Settings, Welcomed
from glassline.session.message import samples


class Board:
    def __init__(self, host, port, id, token, nonce):
        # `nonce` is a number likely another one in each run: random, or of a counter that is kept.
        settings = Settings(id, token, nonce)
        settings.messages_max = 200
        self.session = Session(settings)
        self._where = (host, port)
        self._backoff = Backoff()
        self._again = 0
        self._socket = None
        self._lines = Lines()
        self._now = 0
        self._ticks = time.ticks_ms() if hasattr(time, "ticks_ms") else 0

    def now(self):
        """Milliseconds of a clock that never goes back."""
        if not hasattr(time, "ticks_ms"):
            return time.monotonic_ns() // 1000000
        # That of a board begins anew every few days.
        ticks = time.ticks_ms()
        self._now += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._now

    def send(self, channel, value):
        """Keeps a message until the hub has it. Never waits."""
        self.session.publish(self.now(), samples([(channel, json.dumps(value))], None))

    def turn(self, obey, random):
        """Does what is to be done; waits at most 50 ms for the hub. ``obey(channel, value)`` answers commands."""
        now = self.now()
        try:
            if self._socket is None and now >= self._again:
                self._connect()
            if self._socket is not None:
                self._read()
                due = self.session.due()
                if due is not None and due <= self.now():
                    self.session.timeout(self.now())
            self._carry_out(obey, random)
        except OSError:
            self._lost("later", None, random)

    def _connect(self):
        opened = socket.socket()
        try:
            opened.connect(socket.getaddrinfo(*self._where)[0][-1])
        except OSError:
            opened.close()
            raise
        opened.settimeout(0.05)
        self._socket, self._lines = opened, Lines()
        self.session.connected(self.now())

    def _read(self):
        try:
            chunk = self._socket.recv(512)
        except OSError as error:
            # Nothing came in time. (On CPython that has no number, on a board it is EAGAIN or ETIMEDOUT.)
            if error.args[0] in (11, 110, 116, "timed out"):
                return
            raise
        if not chunk:
            raise OSError("the hub closed the connection")
        for line in self._lines.feed(chunk):
            self.session.line(self.now(), line)

    def _carry_out(self, obey, random):
        while True:
            output = self.session.poll()
            if output is None:
                return
            if isinstance(output, Send) and self._socket is not None:
                self._socket.sendall(output.line)
            elif isinstance(output, Welcomed):
                self._backoff.welcomed(self.now())
            elif isinstance(output, Begin):
                self._obey(output, obey)
            elif isinstance(output, Close):
                self._lost(output.again, output.wait, random)

    def _obey(self, begin, obey):
        try:
            value = json.dumps(obey(begin.channel, json.loads(begin.value)))
            self.session.answer(self.now(), begin.number, True, value)
        except Exception as error:
            self.session.answer(self.now(), begin.number, False, None, str(error))

    def close(self):
        """Leaves the hub, for now."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self.session.disconnected()

    def _lost(self, again, wait, random):
        self.close()
        delay = self._backoff.lost(self.now(), again, wait, random())
        self._again = self.now() + (delay if delay is not None else 1 << 40)
