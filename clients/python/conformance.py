"""A device that does what its standard input says, and tells its standard output what becomes of it.

The orders and events are those of ``clients/CONFORMANCE.md``, alike for every library::

    python3 clients/python/conformance.py tcp://127.0.0.1:7070 pump-1 --token T --outbox /tmp/pump-1
"""

import argparse
import asyncio
import json
import logging
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Coroutine, Dict, List, Optional, Tuple, Union

sys.path.insert(0, str(Path(__file__).resolve().parent))

import glassline
from glassline import aio

_writing = threading.Lock()


def say(event: str, **members: Any) -> None:
    """Writes one event, whole and at once."""
    line = json.dumps({"event": event, **members}, ensure_ascii=False)
    with _writing:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


class Schedule:
    """How long the thread that made it was ready while others had the processor."""

    def __init__(self) -> None:
        try:
            self._file: Optional[int] = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:
            self._file = None

    def waited_us(self) -> int:
        """Of all time so far, as Linux tells; 0 where the system does not."""
        return 0 if self._file is None else int(os.pread(self._file, 128, 0).split()[1]) // 1000


class Unreadable(Exception):
    """An order means nothing."""


class OnLoop(aio.Device):
    """A device of ``glassline.aio`` for a program that waits: its loop has a thread of its own."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._own = asyncio.new_event_loop()
        threading.Thread(target=self._own.run_forever, daemon=True).start()

    def _wait(self, work: Coroutine[Any, Any, bool]) -> bool:
        return asyncio.run_coroutine_threadsafe(work, self._own).result()

    def connect(self) -> None:
        self._own.call_soon_threadsafe(super().connect)

    def sync(self) -> bool:  # type: ignore[override]
        return self._wait(super().sync())

    def flush(self, timeout: Optional[float] = None) -> bool:  # type: ignore[override]
        return self._wait(super().flush(timeout))

    def close(self) -> bool:  # type: ignore[override]
        return self._wait(super().close())


Face = Union[glassline.Device, OnLoop]


class Orders:
    """Carries out one order after another."""

    def __init__(self, device: Face) -> None:
        self._device = device
        self._sends = 0
        self._worst_us = 0
        self._schedule = Schedule()
        #: What commands are answered with: whether they were done, and the value or the reason.
        self.answers: queue.Queue[Tuple[bool, Any]] = queue.Queue()
        self._named: Dict[str, Callable[[str], None]] = {
            "send": self._send, "many": self._many, "unnumbered": self._unnumbered, "describe": self._describe,
            "answer": self._answer, "sync": self._sync, "flush": self._flush, "state": self._state,
        }  # fmt: skip

    def carry_out(self, order: str) -> None:
        """Does it. Raises :class:`Unreadable`."""
        name, _, rest = order.partition(" ")
        if name not in self._named:
            raise Unreadable("there is no such order")
        self._named[name](rest)

    def _send(self, rest: str) -> None:
        channel, _, rest = rest.partition(" ")
        value, ts = _value_and_ts(rest)
        self._timed(lambda: self._device.send(channel, value, ts))

    def _many(self, rest: str) -> None:
        values, ts = _value_and_ts(rest)
        self._timed(lambda: self._device.send_many(values, ts))

    def _unnumbered(self, rest: str) -> None:
        channel, _, rest = rest.partition(" ")
        value = _json(rest)
        self._timed(lambda: self._device.send_unnumbered(channel, value))

    def _timed(self, send: Callable[[], bool]) -> None:
        waited = self._schedule.waited_us()
        begin = time.perf_counter_ns()
        accepted = send()
        us = (time.perf_counter_ns() - begin) // 1000
        waited = self._schedule.waited_us() - waited
        self._sends += 1
        self._worst_us = max(self._worst_us, us)
        say("sent", n=self._sends, accepted=accepted, us=us, waited_us=waited)

    def _describe(self, rest: str) -> None:
        say("described", ok=self._device.describe(_json(rest)))

    def _answer(self, rest: str) -> None:
        how, _, what = rest.partition(" ")
        if how not in ("ok", "failed"):
            raise Unreadable("a command is answered ok or failed")
        self.answers.put((how == "ok", (_json(what) if what else None) if how == "ok" else what))

    def _sync(self, _: str) -> None:
        say("synced", ok=self._device.sync())

    def _flush(self, rest: str) -> None:
        if not rest.isdigit():
            raise Unreadable("for how many milliseconds?")
        say("flushed", ok=self._device.flush(int(rest) / 1000))

    def _state(self, _: str) -> None:
        device, books = self._device, self._device.books
        say(
            "state", connected=device.connected, session=device.session, id=device.id, worst_us=self._worst_us,
            **books._asdict(),
        )  # fmt: skip


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Unreadable(f"no JSON: {error}") from error


def _value_and_ts(rest: str) -> Tuple[Any, Optional[int]]:
    before, mark, last = rest.rpartition(" ")
    if mark and last.isdigit():
        return _json(before), int(last)
    return _json(rest), None


def _handle(device: Face, orders: Orders, hold: bool) -> None:
    @device.on_command()
    def obey(channel: str, value: Any) -> Any:
        say("command", channel=channel, value=value)
        done, what = orders.answers.get() if hold else (True, value)
        if not done:
            raise RuntimeError(what)
        return what

    device.on_connected(lambda resumed: say("connected", resumed=resumed, session=device.session, id=device.id))
    device.on_disconnected(lambda reason: say("disconnected", code=reason.code, comes_back=reason.comes_back))
    device.on_token(lambda token: say("token", token=token))


def _arguments(words: List[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("address")
    parser.add_argument("id")
    parser.add_argument("--token", default="")
    parser.add_argument("--outbox")
    parser.add_argument("--holding", type=int, default=4096)
    beat = parser.add_mutually_exclusive_group()
    beat.add_argument("--heartbeat", type=int, default=15)
    beat.add_argument("--no-heartbeat", action="store_const", const=None, dest="heartbeat")
    parser.add_argument("--line-max", type=int)
    parser.add_argument("--nonce", type=int)
    parser.add_argument("--hold-commands", action="store_true")
    parser.add_argument("--aio", action="store_true", help="a device of glassline.aio instead, its loop on a thread")
    return parser.parse_args(words)


def main() -> int:
    """Runs until ``quit``, or the end of the input."""
    logging.basicConfig(level=logging.WARNING)
    words = _arguments(sys.argv[1:])
    try:
        device = (OnLoop if words.aio else glassline.Device)(
            words.address, words.id, words.token, outbox=words.outbox, messages_max=words.holding,
            heartbeat=words.heartbeat, line_max=words.line_max, nonce=words.nonce,
        )  # fmt: skip
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    orders = Orders(device)
    _handle(device, orders, words.hold_commands)
    say("ready", library="python", restored=device.books.restored)
    device.connect()
    for line in sys.stdin:
        order = line.rstrip("\n")
        if order == "quit":
            break
        try:
            orders.carry_out(order)
        except Unreadable as error:
            say("misread", order=order, reason=str(error))
    say("closed", ok=device.close())
    return 0


if __name__ == "__main__":
    sys.exit(main())
