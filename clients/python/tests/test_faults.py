"""Against the real hub: what was accepted is there once and in order, whoever is killed."""

import logging
import random
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import List

import library
from hub import PATIENCE, until
from program import Program, binary

import glassline


@unittest.skipUnless(binary(), "the hub is not built: cargo build -p cli, or GLASSLINE names it")
class Faults(unittest.TestCase):
    program: Program

    @classmethod
    def setUpClass(cls) -> None:
        logging.disable(logging.CRITICAL)
        cls.program = Program()
        cls.program.start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.program.__exit__()
        logging.disable(logging.NOTSET)

    def test_a_hub_that_is_killed_loses_and_doubles_nothing(self) -> None:
        for number, address in enumerate([self.program.lines, self.program.web_socket]):
            name = f"killed-hub-{number}"
            device = glassline.Device(address, name, self.program.make_device(name), messages_max=100_000)
            done = threading.Event()
            sent: List[int] = []

            def send() -> None:
                while not done.wait(0.0005):
                    self.assertTrue(device.send("n", len(sent)))
                    sent.append(len(sent))

            sender = threading.Thread(target=send)
            with device:
                sender.start()
                for _ in range(2):
                    behind = device.books.acked + 100
                    until(lambda: device.books.acked > behind, "the hub takes something over")
                    self.program.kill()
                    more = len(sent) + 50
                    until(lambda: len(sent) > more, "the program goes on")
                    self.program.start()
                done.set()
                sender.join()
                self.assertTrue(device.flush(60))
            self.assertEqual(self.program.stored(name, "n"), sent)
            self.assertEqual(device.dropped, 0)

    def test_what_was_accepted_survives_kill_9_of_its_program(self) -> None:
        token, chance = self.program.make_device("writer"), random.Random(7)
        with tempfile.TemporaryDirectory() as folder:
            accepted: List[int] = []
            for run in range(5):
                script, first = library.FOLDER / "tests" / "writer.py", run * 1_000_000
                words = [str(script), self.program.lines, token, folder, str(first)]
                with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE) as writer:
                    assert writer.stdout is not None
                    for _ in range(chance.randrange(1, 2000)):
                        accepted.append(int(writer.stdout.readline()))
                    writer.kill()
                    # What it said before it died counts, but for a line that is not whole.
                    accepted += [int(line) for line in writer.stdout.read().split(b"\n")[:-1]]
            device = glassline.Device(self.program.lines, "writer", token, outbox=folder, messages_max=100_000)
            self.assertTrue(device.report and device.report.is_whole, str(device.report))
            device.connect()
            self.assertTrue(device.flush(60))
            device.close()
            stored = self.program.stored("writer", "n")
            self.assertEqual(stored, sorted(set(stored)), "in order, and once")
            # In each run one may have been stored and not said.
            self.assertLessEqual(len(set(stored) - set(accepted)), 5)
            self.assertEqual(set(accepted) - set(stored), set())

    def test_commands_reach_handlers_once_and_tell_what_came_of_them(self) -> None:
        device = glassline.Device(self.program.lines, "obeys", self.program.make_device("obeys"))
        ran: List[int] = []

        @device.on_command("fan")
        def fan(value: int) -> int:
            ran.append(value)
            if value == 2:
                raise ValueError("valve stuck")
            return value * 10

        with device:
            until(lambda: device.connected, "it is connected")
            names = [self.program.command("obeys", "fan", value) for value in (1, 2, 3)]
            until(lambda: len(ran) == 3, "all were begun")
            states = []
            for name in names:
                until(lambda: self.program.command_state("obeys", name)["state"] in ("done", "failed"), "it is over")
                states.append(self.program.command_state("obeys", name))
        self.assertEqual(ran, [1, 2, 3])
        self.assertEqual([state["state"] for state in states], ["done", "failed", "done"])
        self.assertEqual((states[0]["value"], states[1]["reason"]), (10, "valve stuck"))

    def test_a_second_one_with_the_same_id_takes_over_and_the_first_is_told(self) -> None:
        token = self.program.make_device("twice")
        reasons: List[str] = []
        with glassline.Device(self.program.lines, "twice", token) as first:
            first.on_disconnected(lambda reason: reasons.append(reason.code))
            until(lambda: first.connected, "the first is connected")
            with glassline.Device(self.program.lines, "twice", token) as second:
                until(lambda: second.connected, "the second is connected")
                until(lambda: "replaced" in reasons, "the first was told")

    def test_a_wrong_token_is_final_and_loses_nothing_stored(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            device = glassline.Device(self.program.lines, "nobody", "wrong", outbox=Path(folder))
            self.assertTrue(device.send("n", 1))
            device.connect()
            reason = device.ended(PATIENCE)
            self.assertEqual(reason and reason.code, "auth")
            self.assertTrue(device.send("n", 2))
            self.assertTrue(device.close())
            again = glassline.Device(self.program.lines, "nobody", self.program.make_device("nobody"), outbox=folder)
            self.assertEqual(again.queued, 2)
            with again:
                self.assertTrue(again.flush(PATIENCE))
            self.assertEqual(self.program.stored("nobody", "n"), [1, 2])
