"""Plays every vector of ``spec/vectors`` against this library: ``python3 clients/python/tests/vectors.py [NAME…]``.

Each is played twice: against the bare session, and against a whole device without its sockets, with its outbox in files where the
vector has a stored one. New files are found by themselves.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, List, Optional, Tuple
from unittest import mock

import library
import film

from glassline import _core
from glassline._core import Connected, Core, Reason, Step
from glassline.session import Begin, Close, Send, Settings, Welcomed
from glassline.session.message import samples

FOLDER = library.FOLDER.parents[1] / "spec" / "vectors"


class Folder:
    """A stored outbox in files: what the script's storage is."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="glassline-vector-"))
        self._synced = Path(tempfile.mkdtemp(prefix="glassline-synced-"))

    def sync(self) -> None:
        _copy_logs(self.path, self._synced)

    def power_cut(self) -> None:
        """The log is as it was synced; a head always is."""
        _copy_logs(self._synced, self.path)

    def __del__(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.rmtree(self._synced, ignore_errors=True)


class CorePlayer:
    """A whole device without its sockets."""

    def __init__(self, settings: Settings, storage: Optional[Folder], now: int) -> None:
        self._clock = now
        self._steps: List[Step] = []
        with self._at(now):
            self._core = Core(settings, None if storage is None else storage.path, lambda: None)

    def _at(self, now: int) -> Any:
        self._clock = now
        return mock.patch.object(_core, "now", lambda: now)

    def poll(self) -> Any:
        with self._at(self._clock):
            while not self._steps:
                self._steps, work = self._core.steps()
                if work is None:
                    break
                self._core.done(work.run())
        if not self._steps:
            return None
        step = self._steps.pop(0)
        if isinstance(step, bytes):
            return Send(step)
        if isinstance(step, Begin):
            return step
        if isinstance(step, Reason):
            return Close(step.code, step.again, step.wait, True)
        assert isinstance(step, Connected)
        return Welcomed(self._core.name, 0, step.token)

    def publish(self, now: int, values: List[Tuple[str, str]], ts: Optional[int]) -> None:
        with self._at(now):
            self._core.send(samples(values, ts))

    def unnumbered(self, now: int, values: List[Tuple[str, str]]) -> None:
        with self._at(now):
            self._core.send_unnumbered(samples(values, None))

    def describe(self, now: int, channels: str) -> None:
        with self._at(now):
            self._core.describe(channels)

    def answer(self, now: int, number: int, ok: bool, reason: Optional[str]) -> None:
        with self._at(now):
            self._core.answer(number, ok, None, reason)

    def connected(self, now: int) -> None:
        with self._at(now):
            self._core.connected()

    def disconnected(self, now: int) -> None:
        with self._at(now):
            self._core.disconnected(Reason("broken"), 0.0)

    def line(self, now: int, line: bytes) -> None:
        with self._at(now):
            self._core.lines([line])

    def timeout(self, now: int) -> None:
        with self._at(now):
            self._core.timeout()

    def due(self) -> Optional[int]:
        with self._at(self._clock):
            seconds = self._core.due_in()
        return None if seconds is None else self._clock + round(seconds * 1000)

    def ends(self) -> None:
        """The program is killed: its outbox is free, and nothing is synced."""
        books = self._core.books()
        assert books.accepted + books.restored == books.acked + books.dropped + books.queued, books
        if self._core._log is not None:
            self._core._log.let_go()


def names() -> List[str]:
    """Of all vectors."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def play(name: str) -> None:
    """Plays one vector both ways. Raises :class:`film.Wrong`."""
    script = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    film.play(script)
    film.play(script, CorePlayer, Folder)


def _copy_logs(source: Path, target: Path) -> None:
    for log in target.glob("*.log"):
        log.unlink()
    for log in source.glob("*.log"):
        shutil.copy(log, target / log.name)


def main(wanted: List[str]) -> int:
    failed = 0
    chosen = wanted or names()
    for name in chosen:
        try:
            play(name)
        except Exception as error:
            failed += 1
            print(f"{name}: {type(error).__name__}: {error}")
    print(f"{len(chosen) - failed} vectors passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
