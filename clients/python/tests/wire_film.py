"""Plays a vector against a whole device over a real socket, in real time: its thread, its connection, its files.

``python3 clients/python/tests/wire_film.py [NAME…]``. Vectors that take long, need a serial line, or begin a command while another
one is not answered (handlers of this library are called one after another) are left out.
"""

import json
import logging
import queue
import socket
import sys
import time
from typing import Any, List, Optional, Tuple

import library  # noqa: F401
import film
import notation
import vectors

import glassline
from glassline.session import Begin, Send, Settings

#: Seconds: longer than anything here takes; what has not come by then does not come.
PATIENCE = 20.0
#: Seconds after which silence counts as silence.
SETTLE = 0.02
#: Milliseconds that a vector may take.
LONGEST = 4000


class Hub:
    """Where the device connects: not to be reached until it is to be."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._connection: Optional[socket.socket] = None
        #: Whether the device has closed the connection.
        self.is_left = False
        self._unfinished = b""

    def accept(self) -> None:
        with socket.create_server(("127.0.0.1", self.port)) as listener:
            listener.settimeout(PATIENCE)
            self._connection, _ = listener.accept()
        self._unfinished, self.is_left = b"", False

    def is_reached(self, seconds: float) -> bool:
        """Whether somebody connects within so long."""
        with socket.create_server(("127.0.0.1", self.port)) as listener:
            listener.settimeout(seconds)
            try:
                listener.accept()[0].close()
            except socket.timeout:
                return False
        return True

    def says(self, line: bytes) -> None:
        assert self._connection is not None
        self._connection.sendall(line + b"\n")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def hears(self, seconds: float) -> List[bytes]:
        """The lines that came within so long; the rest of the time is not waited for once there is one."""
        if self._connection is None:
            return []
        self._connection.settimeout(seconds)
        try:
            chunk = self._connection.recv(65536)
            self._unfinished += chunk
            self.is_left = not chunk
        except socket.timeout:
            pass
        except ConnectionError:
            self.is_left = True
        *lines, self._unfinished = self._unfinished.split(b"\n")
        return [line + b"\n" for line in lines]


class DevicePlayer:
    """A whole device. What it does by itself it does in real time."""

    hub: Hub

    def __init__(self, settings: Settings, storage: Optional[vectors.Folder], now: int) -> None:
        self._outputs: List[Any] = []
        self._answers: queue.Queue[Tuple[bool, str]] = queue.Queue()
        self._begun: queue.Queue[None] = queue.Queue()
        self._device = glassline.Device(
            f"tcp://127.0.0.1:{self.hub.port}",
            settings.device,
            settings.token or "",
            nonce=settings.nonce,
            outbox=None if storage is None else storage.path,
            messages_max=settings.messages_max,
            heartbeat=settings.heartbeat,
            line_max=settings.line_max,
        )
        self._device.on_command("fan")(self._obey)
        # The number of the command that the hub said last.
        self._last = 0
        self._device.connect()

    def _obey(self, _: Any) -> None:
        self._outputs.append(Begin(self._last, "fan", "true", 0))
        done, reason = self._answers.get()
        if not done:
            raise RuntimeError(reason)

    def poll(self) -> Any:
        if not self._outputs:
            self._outputs += [Send(line) for line in self.hub.hears(SETTLE)]
        return self._outputs.pop(0) if self._outputs else None

    def publish(self, now: int, values: List[Tuple[str, str]], ts: Optional[int]) -> None:
        assert self._device.send_many([(channel, json.loads(raw)) for channel, raw in values], ts)

    def unnumbered(self, now: int, values: List[Tuple[str, str]]) -> None:
        self._device.send_unnumbered(values[0][0], json.loads(values[0][1]))

    def describe(self, now: int, channels: str) -> None:
        assert self._device.describe(json.loads(channels))

    def answer(self, now: int, number: int, ok: bool, reason: Optional[str]) -> None:
        self._answers.put((ok, reason or ""))

    def connected(self, now: int) -> None:
        self.hub.accept()

    def disconnected(self, now: int) -> None:
        self.hub.close()
        time.sleep(SETTLE)

    def line(self, now: int, line: bytes) -> None:
        if line.startswith(b'{"command"'):
            self._last = notation.whole(line.decode(), "command")
        self.hub.says(line)

    def due(self) -> Optional[int]:
        return None

    def ends(self) -> None:
        self._answers.put((True, ""))
        self._device.close()
        self.hub.close()


class WireFilm(film.Film):
    """Waits where time passes, and for what the device is to say."""

    def _pass(self, until: int) -> None:
        time.sleep(max(until - self._now, 0) / 1000)
        self._now = until

    def _away(self, again: str, wait: Optional[int]) -> None:
        self._connected, self._returns = False, self._now

    def _expect_said(self, words: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while self._connected and not self._said and time.monotonic() < deadline:
            self._carry_out()
        super()._expect_said(words)

    def _begins(self, words: List[str]) -> None:
        self._await(lambda: self._begun)
        super()._begins(words)

    def _drops(self, words: List[str]) -> None:
        # Of why the socket tells nothing.
        self._await(lambda: DevicePlayer.hub.is_left)
        if not DevicePlayer.hub.is_left:
            self._fail("the device keeps the connection")
        DevicePlayer.hub.close()
        self._away("later", None)

    def _await(self, it: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not it() and time.monotonic() < deadline:
            self._carry_out()

    def _is_away(self, _: Any) -> None:
        if DevicePlayer.hub.is_reached(SETTLE):
            self._fail("the device is there, or on its way")


def is_left_out(name: str, script: str) -> bool:
    """Whether this runner cannot play it, or not soon."""
    happenings = [step.words for step in notation.steps(script) if step.side == "world"]
    takes = sum(notation.duration(words) or 0 for words in happenings)
    return "serial" in happenings or takes > LONGEST or name == "command_last"


def play(name: str, script: str) -> None:
    """Plays one vector. Raises :class:`film.Wrong`."""
    DevicePlayer.hub = Hub()
    try:
        WireFilm(DevicePlayer, vectors.Folder).play(script)
    finally:
        DevicePlayer.hub.close()


def main(wanted: List[str]) -> int:
    # Handlers fail here because a vector wants them to.
    logging.disable(logging.CRITICAL)
    played = failed = 0
    for name in wanted or vectors.names():
        script = (vectors.FOLDER / f"{name}.txt").read_text(encoding="utf-8")
        if is_left_out(name, script):
            continue
        played += 1
        try:
            play(name, script)
        except Exception as error:
            failed += 1
            print(f"{name}: {type(error).__name__}: {error}")
    print(f"{played - failed} vectors passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
