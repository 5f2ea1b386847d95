"""A device on a thread of its own, against a hub that says what the test wants."""

import gc
import logging
import socket
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any, Dict, List
from unittest import mock

from hub import PATIENCE, Connection, Hub, until

import glassline
from glassline import _core, _handlers

MAX_WAIT = PATIENCE


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.hub = self.enter(Hub())
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def enter(self, manager: Any) -> Any:
        entered = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return entered

    def device(self, **settings: Any) -> glassline.Device:
        device: glassline.Device = self.hub.device(**settings)
        self.addCleanup(device.close)
        return device

    def welcomed(self, device: glassline.Device, **members: Any) -> Connection:
        """Connects it; answers the hub's end."""
        device.connect()
        connection: Connection = self.enter(self.hub.welcome(**members))
        until(lambda: device.connected, "it is connected")
        return connection


class Joining(Case):
    def test_what_a_hub_gave_is_there_in_the_next_run_and_given_up_where_it_does_not_want_it(self) -> None:
        folder = Path(self.enter(tempfile.TemporaryDirectory()))
        settings: Dict[str, Any] = {"nonce": 0, "outbox": folder}
        first = glassline.Device(self.hub.address, "", "JOIN", **settings)
        self.addCleanup(first.close)
        first.connect()
        connection = self.enter(self.hub.accept())
        identify = connection.welcome(welcome="new-7", token="gl_own")
        self.assertEqual((identify["identify"], identify["token"]), ("", "JOIN"))
        until(lambda: first.connected and (folder / "identity").exists(), "it is kept")
        first.close()
        text = (folder / "identity").read_text()
        self.assertEqual(text, '{"asked":"","id":"new-7","token":"gl_own"}\n')
        self.assertEqual((folder / "identity").stat().st_mode & 0o777, 0o600)

        second = glassline.Device(self.hub.address, "", "ANOTHER", **settings)
        self.addCleanup(second.close)
        self.assertEqual(second.id, "new-7")
        second.connect()
        for expected in (("new-7", "gl_own"), ("", "ANOTHER")):
            connection = self.enter(self.hub.accept())
            identify = connection.hears_kind("identify")
            self.assertEqual((identify["identify"], identify["token"]), expected)
            connection.says(bye="auth", again="never")
        reason = second.ended(MAX_WAIT)
        assert reason is not None
        self.assertEqual((reason.code, reason.comes_back), ("auth", False))


class Sending(Case):
    def test_what_is_sent_before_the_connection_arrives_in_order_and_is_flushed(self) -> None:
        device = self.device()
        self.assertTrue(device.send("temperature", 20.5, 5))
        self.assertTrue(device.send_many({"temperature": 20.6, "humidity": 40}, 6))
        self.assertFalse(device.flush(0))
        connection = self.welcomed(device)
        self.assertEqual(connection.hears(), {"seq": 1, "channel": "temperature", "value": 20.5, "ts": 5})
        self.assertEqual(connection.hears(), {"seq": 2, "values": {"temperature": 20.6, "humidity": 40}, "ts": 6})
        self.assertEqual((device.queued, device.session), (2, "k7-1"))
        connection.says(ack=2)
        self.assertTrue(device.flush(MAX_WAIT))
        self.assertEqual(device.books, (2, 0, 2, 0, 0))

    def test_a_broken_connection_loses_nothing_and_doubles_nothing(self) -> None:
        device = self.device()
        told: List[Any] = []
        device.on_connected(told.append)
        connection = self.welcomed(device)
        for n in (1, 2, 3):
            device.send("n", n)
        self.assertEqual([connection.hears_kind("seq")["value"] for _ in range(3)], [1, 2, 3])
        connection.close()
        again = self.enter(self.hub.welcome(ack=2))
        self.assertEqual(again.hears_kind("seq")["seq"], 3)
        again.says(ack=3)
        self.assertTrue(device.flush(MAX_WAIT))
        until(lambda: told == [False, True], "it was told")

    def test_the_description_comes_first_on_each_connection(self) -> None:
        device = self.device()
        device.describe({"fan": {"input": "switch"}})
        device.send("n", 1)
        with self.welcomed(device) as connection:
            self.assertEqual(connection.hears(), {"describe": {"fan": {"input": "switch"}}})
            connection.hears_kind("seq")
        self.assertEqual(self.enter(self.hub.welcome()).hears(), {"describe": {"fan": {"input": "switch"}}})

    def test_a_full_outbox_drops_the_oldest_and_says_so(self) -> None:
        device = self.device(messages_max=2)
        for n in (1, 2, 3, 4):
            self.assertTrue(device.send("n", n))
        self.assertEqual((device.dropped, device.queued), (2, 2))
        connection = self.welcomed(device)
        self.assertEqual(connection.hears(), {"skip": 2, "reason": "overflow"})
        self.assertEqual([connection.hears_kind("seq")["value"] for _ in range(2)], [3, 4])
        connection.says(ack=4)
        self.assertTrue(device.flush(MAX_WAIT))
        self.assertEqual(device.books, (4, 0, 2, 2, 0))

    def test_what_is_dropped_gives_back_its_files_and_no_send_waits_for_the_disk(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        bounds: Dict[str, Any] = {"outbox": folder.name, "messages_max": 1000, "bytes_max": 64 * 1024}
        device = glassline.Device("tcp://127.0.0.1:9", "pump-1", **bounds)
        with mock.patch("os.fsync") as synced:
            for n in range(20_000):
                self.assertTrue(device.send("n", n))
            synced.assert_not_called()
        size = sum(entry.stat().st_size for entry in Path(folder.name).glob("*.log"))
        self.assertLess(size, 4 * 64 * 1024)
        queued = device.queued
        self.assertEqual(device.dropped + queued, 20_000)
        device.close()
        again = glassline.Device("tcp://127.0.0.1:9", "pump-1", **bounds)
        self.addCleanup(again.close)
        self.assertEqual(again.queued, queued)

    def test_a_signals_handler_that_sends_amid_a_send_is_refused_and_nothing_hangs(self) -> None:
        device = self.device()
        session = device._core._session
        publish, within = session.publish, []

        def interrupted(now: int, body: bytes) -> int:
            within.extend([device.send("n", 2), device.send_unnumbered("n", 2), device.describe({}), device.queued])
            return publish(now, body)

        with mock.patch.object(session, "publish", interrupted):
            thread = threading.Thread(target=device.send, args=("n", 1), daemon=True)
            thread.start()
            thread.join(MAX_WAIT)
        self.assertEqual(within, [False, False, False, 0])
        self.assertTrue(device.send("n", 3))
        self.assertEqual((device.books.accepted, device.queued), (2, 2))

    def test_whoever_is_told_of_a_complaint_may_send(self) -> None:
        logging.disable(logging.NOTSET)
        device = self.device()

        class Forward(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                device.send("log", record.getMessage())

        forward = Forward()
        logging.getLogger("glassline").addHandler(forward)
        self.addCleanup(logging.getLogger("glassline").removeHandler, forward)
        connection = self.welcomed(device)
        connection.says(error={"line": 1, "code": "bad_json", "reason": "no object"})
        self.assertIn("bad_json", connection.hears_kind("seq")["value"])

    def test_unnumbered_is_sent_while_connected_only(self) -> None:
        device = self.device()
        self.assertFalse(device.send_unnumbered("n", 1))
        connection = self.welcomed(device)
        self.assertTrue(device.send_unnumbered("n", 2))
        line = connection.hears()
        self.assertEqual((line or {}).get("value"), 2)
        self.assertNotIn("seq", line or {})

    def test_many_threads_send_at_once_and_each_keeps_its_order(self) -> None:
        device = self.device()
        threads = [threading.Thread(target=lambda name=name: [device.send(name, n) for n in range(200)]) for name in "abcd"]
        for thread in threads:
            thread.start()
        connection = self.welcomed(device)
        heard: List[Any] = []
        for seq in range(1, 801):
            line = connection.hears_kind("seq")
            self.assertEqual(line["seq"], seq)
            heard.append((line["channel"], line["value"]))
            connection.says(ack=seq)
        self.assertTrue(device.flush(MAX_WAIT))
        for name in "abcd":
            self.assertEqual([n for channel, n in heard if channel == name], list(range(200)))

    def test_a_clock_that_jumps_back_changes_nothing_but_the_times(self) -> None:
        device = self.device()
        connection = self.welcomed(device)
        device.send("n", 1)
        with mock.patch("glassline._face.time.time_ns", lambda: 5_000_000):
            device.send("n", 2)
        first, second = connection.hears_kind("seq"), connection.hears_kind("seq")
        self.assertEqual((second["seq"], second["ts"]), (2, 5))
        self.assertGreater(first["ts"], 5)
        connection.says(ack=2)
        self.assertTrue(device.flush(MAX_WAIT))


class Connecting(Case):
    def test_nothing_waits_for_a_name_that_is_looked_up_for_ever(self) -> None:
        found = threading.Event()
        self.addCleanup(found.set)
        with mock.patch("glassline._link.socket.getaddrinfo", lambda *_, **__: found.wait() and []):
            device = glassline.Device("tcp://nowhere.invalid:7070", "pump-1")
            device.connect()
            until(lambda: any("resolver" in thread.name for thread in threading.enumerate()), "it is looked up")
            for n in range(5000):
                self.assertTrue(device.send("n", n))
            self.assertEqual((device.queued, device.dropped), (4096, 904))
            self.assertFalse(device.flush(0))
            self.assertFalse(device.close())
            self.assertFalse(device.send("n", 0))

    def test_nothing_waits_for_a_hub_that_does_not_answer_the_connection(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as hole, socket.socket() as filler:
            # What comes next waits in the system, unanswered.
            filler.connect(hole.getsockname())
            device = glassline.Device(f"tcp://127.0.0.1:{hole.getsockname()[1]}", "pump-1")
            device.connect()
            for n in range(1000):
                self.assertTrue(device.send("n", n))
            self.assertFalse(device.close())

    def test_a_connection_that_went_silent_is_left_and_made_again(self) -> None:
        device = self.device(heartbeat=1)
        reasons: List[Any] = []
        device.on_disconnected(reasons.append)
        device.send("n", 1)
        connection = self.welcomed(device, heartbeat=1)
        connection.hears_kind("seq")
        # The other end is gone without a word: nothing is said, and nothing closed.
        again = self.enter(self.hub.welcome())
        self.assertEqual(again.hears_kind("seq")["seq"], 1)
        until(lambda: [reason.code for reason in reasons] == ["silent"], "it was told")

    def test_a_hub_that_names_ages_does_not_break_the_device(self) -> None:
        device = self.device()
        told: List[Any] = []
        device.on_disconnected(told.append)
        connection = self.welcomed(device, heartbeat=10**400)
        device.send("n", 1)
        connection.hears_kind("seq")
        connection.says(bye="stopping", again="later", wait=10**400)
        until(lambda: bool(told), "it is told")
        device.close()
        reason = device.ended(MAX_WAIT)
        assert reason is not None
        self.assertEqual(reason.code, "ended")

    def test_a_machine_that_slept_finds_its_connection_dead(self) -> None:
        device = self.device()
        self.welcomed(device)
        real = _core.now
        with mock.patch.object(_core, "now", lambda: real() + 3_600_000):
            device.send("n", 1)
            again = self.enter(self.hub.welcome())
            self.assertEqual(again.hears_kind("seq")["value"], 1)

    def test_a_token_that_is_refused_for_good_ends_the_device(self) -> None:
        device = self.device()
        reasons: List[Any] = []
        device.on_disconnected(reasons.append)
        device.connect()
        connection = self.enter(self.hub.accept())
        connection.hears_kind("identify")
        connection.says(bye="auth", again="never")
        reason = device.ended(MAX_WAIT)
        self.assertEqual((reason and reason.code, reason and reason.comes_back), ("auth", False))
        until(lambda: [reason.code for reason in reasons] == ["auth"], "it was told")
        self.assertIn("token", str(reason))

    def test_what_the_hub_says_last_is_heard_though_it_closes_at_once(self) -> None:
        device = self.device()
        device.connect()
        with self.hub.accept() as connection:
            connection.hears_kind("identify")
            connection.says(bye="auth", again="never")
        reason = device.ended(MAX_WAIT)
        self.assertEqual(reason and reason.code, "auth")

    def test_a_device_that_nobody_has_any_more_ends(self) -> None:
        device = self.hub.device()
        with self.welcomed(device) as connection:
            del device
            gc.collect()
            self.assertIsNone(connection.hears())

    def test_a_device_that_is_made_gets_its_id_and_its_token(self) -> None:
        device = glassline.Device(self.hub.address, token="join")
        tokens: List[Any] = []
        self.addCleanup(device.close)
        device.on_token(tokens.append)
        connection = self.welcomed(device, welcome="new-4kq27w", token="own-1")
        until(lambda: tokens == ["own-1"], "it was told")
        self.assertEqual(device.id, "new-4kq27w")
        connection.close()
        identify = self.enter(self.hub.accept()).hears_kind("identify")
        self.assertEqual((identify["identify"], identify["token"]), ("new-4kq27w", "own-1"))

    def test_a_with_connects_flushes_and_closes(self) -> None:
        lines: List[Any] = []

        def serve() -> None:
            with self.hub.welcome() as connection:
                lines.append(connection.hears_kind("seq"))
                connection.says(ack=1)
                lines.append(connection.hears())

        thread = threading.Thread(target=serve)
        thread.start()
        with self.device() as device:
            device.send("n", 1)
        thread.join(MAX_WAIT)
        self.assertEqual([line and line["value"] for line in lines], [1, None])
        self.assertEqual(device.books.acked, 1)
        self.assertTrue(device.close())


class Commands(Case):
    def test_what_a_handler_returns_is_the_result_and_none_is_no_value(self) -> None:
        device = self.device()

        @device.on_command("fan")
        def fan(on: bool) -> Any:
            return {"on": on} if on else None

        connection = self.welcomed(device)
        connection.says(command=13, channel="fan", value=True, ttl=5000)
        self.assertEqual(connection.hears_kind("result"), {"result": 13, "ok": True, "value": {"on": True}})
        connection.says(command=14, channel="fan", value=False, ttl=5000)
        self.assertEqual(connection.hears_kind("result"), {"result": 14, "ok": True})

    def test_a_handler_that_throws_is_reported_and_answered_and_the_next_one_runs(self) -> None:
        device = self.device()

        @device.on_command("fan")
        def fan(value: Any) -> None:
            if value == "exit":
                raise SystemExit("stuck for good")
            raise ValueError(value)

        connection = self.welcomed(device)
        logging.disable(logging.NOTSET)
        for number, value, reason in [
            (1, "valve stuck", "valve stuck"), (2, "ü" * 300, "ü" * 128), (3, "", "ValueError"), (4, "exit", "stuck for good"),
            (5, "\ud800", "?"),
        ]:  # fmt: skip
            with self.assertLogs("glassline", logging.ERROR) as logs:
                connection.says(command=number, channel="fan", value=value, ttl=5000)
                self.assertEqual(connection.hears_kind("result"), {"result": number, "ok": False, "reason": reason})
            self.assertIn("fan", logs.output[0])

    def test_what_is_no_answer_and_what_nobody_takes_is_said(self) -> None:
        device = self.device()
        device.on_command("odd")(lambda value: {1, 2})
        device.on_command("long")(lambda value: "x" * 70000)
        connection = self.welcomed(device)
        for number, channel, reason in [(1, "odd", "no JSON"), (2, "long", "too long"), (3, "other", "nothing here takes")]:
            connection.says(command=number, channel=channel, value=1, ttl=5000)
            result = connection.hears_kind("result")
            self.assertFalse(result["ok"])
            self.assertIn(reason, result["reason"])

    def test_a_command_runs_at_most_once_however_often_it_comes(self) -> None:
        device = self.device()
        ran: List[Any] = []
        device.on_command()(lambda channel, value: ran.append((channel, value)))
        connection = self.welcomed(device)
        for _ in range(3):
            connection.says(command=13, channel="fan", value=True, ttl=5000)
            connection.hears_kind("result")
        connection.says(command=12, channel="fan", value=False, ttl=5000)
        connection.close()
        again = self.enter(self.hub.accept())
        self.assertEqual(again.welcome()["handled"], 13)
        again.says(command=13, channel="fan", value=True, ttl=5000)
        self.assertEqual(again.hears_kind("result"), {"result": 13, "ok": True})
        self.assertEqual(ran, [("fan", True)])

    def test_what_a_handler_sends_is_there_before_its_result(self) -> None:
        device = self.device()
        device.on_command("fan")(lambda on: device.send("fan", on) and None)
        connection = self.welcomed(device)
        connection.says(command=1, channel="fan", value=True, ttl=5000)
        self.assertEqual([next(iter(connection.hears() or {})) for _ in range(2)], ["seq", "result"])

    def test_a_handler_that_does_not_come_back_holds_up_nothing_else(self) -> None:
        device, back = self.device(), threading.Event()
        self.addCleanup(back.set)
        device.on_command("fan")(lambda on: back.wait(MAX_WAIT) and None)
        connection = self.welcomed(device)
        connection.says(command=1, channel="fan", value=True, ttl=5000)
        device.send("n", 1)
        self.assertEqual(connection.hears_kind("seq")["value"], 1)
        for number in range(2, _handlers.CALLS_WAITING_MAX + 4):
            connection.says(command=number, channel="fan", value=True, ttl=5000)
        self.assertEqual(connection.hears_kind("result")["reason"], "the program is too busy")

    def test_other_handlers_that_throw_are_reported_too(self) -> None:
        device = self.device()
        lines: List[Any] = []
        device.on_connected(lambda resumed: 1 / 0)
        device.on_message(lines.append)
        connection = self.welcomed(device)
        connection.says(window=3)
        until(lambda: len(lines) == 2, "it was told")
        self.assertEqual(lines[1], '{"window": 3}')

    def test_a_handler_may_close_the_device(self) -> None:
        device = self.device()
        device.on_command("end")(lambda value: device.close() and None)
        connection = self.welcomed(device)
        connection.says(command=1, channel="end", value=1, ttl=5000)
        self.assertIsNotNone(device.ended(MAX_WAIT))

    def test_a_coroutine_is_no_handler_here(self) -> None:
        async def handler(value: Any) -> None:
            del value

        with self.assertRaisesRegex(TypeError, "aio"):
            self.device().on_command("fan")(handler)
