"""What the README and the examples show runs as it stands, against the real hub."""

import importlib.util
import random
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, List

import library
from hub import until
from program import Program, binary


def first_minute() -> str:
    """The program at the head of the README."""
    found = re.search(r"```python\n(.*?)```", (library.FOLDER / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


class FirstMinute(unittest.TestCase):
    def test_it_has_at_most_fifteen_lines(self) -> None:
        self.assertLessEqual(len(first_minute().strip().splitlines()), 15)


@unittest.skipUnless(binary(), "the hub is not built: cargo build -p cli, or GLASSLINE names it")
class Examples(unittest.TestCase):
    program: Program

    @classmethod
    def setUpClass(cls) -> None:
        cls.program = Program()
        cls.program.start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.program.__exit__()

    def runs(self, *words: str) -> "subprocess.Popen[str]":
        running = subprocess.Popen(
            [sys.executable, "-u", *words], cwd=library.FOLDER, env={"PYTHONPATH": str(library.FOLDER)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        return running

    def obeys(self, id: str, channel: str) -> None:
        name = self.program.command(id, channel, True)
        until(lambda: self.program.command_state(id, name)["state"] == "done", "it was done")

    def test_the_first_minute_of_the_readme(self) -> None:
        text = first_minute().replace("tcp://127.0.0.1:7070", self.program.lines)
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "first.py"
            script.write_text(text.replace("TOKEN", self.program.make_device("boiler-7")), encoding="utf-8")
            running = self.runs(str(script))
            until(lambda: 21.5 in self.program.stored("boiler-7", "temperature"), "a sample is there")
            self.obeys("boiler-7", "fan")
            assert running.stdout is not None
            self.assertEqual(running.stdout.readline(), "the fan is on\n")

    def test_the_thermometer(self) -> None:
        token = self.program.make_device("thermometer-1")
        self.runs("examples/thermometer.py", self.program.lines, "thermometer-1", token)
        until(lambda: len(self.program.stored("thermometer-1", "temperature")) > 0, "a sample is there")
        self.obeys("thermometer-1", "fan")

    def test_the_board_over_its_own_socket(self) -> None:
        spec = importlib.util.spec_from_file_location("board", library.FOLDER / "examples" / "board.py")
        assert spec is not None and spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        host, _, port = self.program.lines.partition("://")[2].partition(":")
        board = module.Board(host, int(port), "board", self.program.make_device("board"), 7)
        obeyed: List[Any] = []

        def turns() -> bool:
            board.turn(lambda channel, value: obeyed.append(value), random.random)
            return bool(board.session.queued == 0)

        for n in range(300):
            board.send("n", n)
        until(turns, "all is taken over")
        self.assertEqual(board.session.dropped, 100)
        self.assertEqual(self.program.stored("board", "n"), list(range(100, 300)))
        name = self.program.command("board", "fan", True)
        until(lambda: turns() and self.program.command_state("board", name)["state"] == "done", "it was done")
        self.assertEqual(obeyed, [True])
        board.close()
