"""A device on an asyncio loop, against the same hub."""

import asyncio
import logging
import socket
import tempfile
import threading
import unittest
from typing import Any, Callable, List
from unittest import mock

from hub import PATIENCE, Connection, Hub

from glassline import aio


class Case(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.hub = Hub().__enter__()
        self.addCleanup(self.hub.__exit__)
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def device(self, **settings: Any) -> aio.Device:
        device = aio.Device(self.hub.address, "pump-1", **{"nonce": 0, **settings})
        self.addAsyncCleanup(device.close)
        return device

    async def off(self, call: Callable[..., Any], *arguments: Any, **members: Any) -> Any:
        """What the hub does, on another thread: it waits."""
        return await asyncio.get_running_loop().run_in_executor(None, lambda: call(*arguments, **members))

    async def welcomed(self, device: aio.Device, **members: Any) -> Connection:
        device.connect()
        connection: Connection = await self.off(self.hub.welcome, **members)
        self.addCleanup(connection.close)
        await until(lambda: device.connected)
        return connection


async def until(it: Callable[[], bool]) -> None:
    async def holds() -> None:
        while not it():
            await asyncio.sleep(0.001)

    await asyncio.wait_for(holds(), PATIENCE)


class Devices(Case):
    async def test_what_is_sent_arrives_in_order_and_is_flushed(self) -> None:
        device = self.device()
        self.assertTrue(device.send("n", 1))
        self.assertFalse(await device.flush(0.01))
        connection = await self.welcomed(device)
        device.send("n", 2)
        heard = [(await self.off(connection.hears_kind, "seq"))["value"] for _ in range(2)]
        self.assertEqual(heard, [1, 2])
        connection.says(ack=2)
        self.assertTrue(await device.flush(PATIENCE))
        self.assertEqual(device.books, (2, 0, 2, 0, 0))

    async def test_a_broken_connection_is_made_again_and_told(self) -> None:
        device = self.device()
        told: List[Any] = []
        device.on_connected(told.append)
        device.on_disconnected(lambda reason: told.append(reason.code))
        connection = await self.welcomed(device)
        connection.close()
        again = await self.off(self.hub.welcome)
        self.addCleanup(again.close)
        await until(lambda: told == [False, "broken", True])

    async def test_handlers_may_be_coroutines_and_run_one_after_another(self) -> None:
        device = self.device()
        running: List[Any] = []

        @device.on_command("fan")
        async def fan(value: int) -> int:
            running.append(value)
            await asyncio.sleep(0.01)
            if value == 2:
                raise ValueError("stuck")
            running.append(value)
            return value

        device.on_command("lamp")(lambda value: value)
        connection = await self.welcomed(device)
        for number, channel in [(1, "fan"), (2, "fan"), (3, "lamp")]:
            connection.says(command=number, channel=channel, value=number, ttl=5000)
        # Only the last one is answered (D8).
        self.assertEqual(await self.off(connection.hears_kind, "result"), {"result": 3, "ok": True, "value": 3})
        self.assertEqual(running, [1, 1, 2])
        connection.says(command=4, channel="fan", value=2, ttl=5000)
        self.assertEqual(await self.off(connection.hears_kind, "result"), {"result": 4, "ok": False, "reason": "stuck"})

    async def test_what_the_hub_says_last_is_heard_though_it_closes_at_once(self) -> None:
        device = self.device()
        device.connect()

        def refuse() -> None:
            with self.hub.accept() as connection:
                connection.hears_kind("identify")
                connection.says(bye="auth", again="never")

        await self.off(refuse)
        self.assertEqual((await asyncio.wait_for(device.ended(), PATIENCE)).code, "auth")

    async def test_a_silent_connection_is_left(self) -> None:
        device = self.device(heartbeat=1)
        reasons: List[Any] = []
        device.on_disconnected(reasons.append)
        await self.welcomed(device, heartbeat=1)
        again = await self.off(self.hub.welcome)
        self.addCleanup(again.close)
        await until(lambda: [reason.code for reason in reasons] == ["silent"])

    async def test_nothing_waits_for_a_hub_that_does_not_answer_the_connection(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as hole, socket.socket() as filler:
            filler.connect(hole.getsockname())
            device = aio.Device(f"tcp://127.0.0.1:{hole.getsockname()[1]}", "pump-1")
            device.connect()
            for n in range(1000):
                self.assertTrue(device.send("n", n))
                await asyncio.sleep(0)
            self.assertFalse(await device.close())

    async def test_nothing_waits_for_a_name_that_is_looked_up_for_ever(self) -> None:
        found = threading.Event()
        self.addCleanup(found.set)

        async def never(*_: Any, **__: Any) -> List[Any]:
            await asyncio.Event().wait()
            return []

        loop = asyncio.get_running_loop()
        with mock.patch.object(loop, "getaddrinfo", never):
            device = aio.Device("tcp://nowhere.invalid", "pump-1")
            device.connect()
            await asyncio.sleep(0)
            self.assertTrue(device.send("n", 1))
            self.assertFalse(await device.close())

    async def test_other_threads_may_send(self) -> None:
        device = self.device()
        connection = await self.welcomed(device)
        thread = threading.Thread(target=lambda: [device.send("n", n) for n in range(50)])
        thread.start()
        heard = [(await self.off(connection.hears_kind, "seq"))["value"] for _ in range(50)]
        self.assertEqual(heard, list(range(50)))
        await self.off(thread.join)

    async def test_a_stored_outbox_is_resumed_by_the_next_run(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            first = self.device(outbox=folder)
            connection = await self.welcomed(first)
            first.send("n", 1)
            await self.off(connection.hears_kind, "seq")
            self.assertTrue(await first.close(), "what is synced is not lost")
            second = self.device(outbox=folder)
            self.assertEqual(second.books.restored, 1)
            second.send("n", 2)
            second.connect()
            resumed = await self.off(self.hub.accept)
            self.addCleanup(resumed.close)
            identify = await self.off(resumed.welcome)
            self.assertEqual((identify["session"], identify["oldest"], identify["boot"]), ("k7-1", 1, True))
            self.assertEqual((await self.off(resumed.hears_kind, "seq"))["value"], 1)
            resumed.says(ack=1)
            self.assertNotIn("session", await self.off(resumed.welcome, "k7-2"))
            line = await self.off(resumed.hears_kind, "seq")
            self.assertEqual((line["seq"], line["value"]), (1, 2))

    async def test_what_a_hub_gave_is_there_in_the_next_run_and_given_up_where_it_does_not_want_it(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        first = aio.Device(self.hub.address, "", "JOIN", nonce=0, outbox=folder.name)
        await self.welcomed(first, welcome="new-7", token="gl_own")
        await first.close()

        second = aio.Device(self.hub.address, "", "ANOTHER", nonce=0, outbox=folder.name)
        self.addAsyncCleanup(second.close)
        self.assertEqual(second.id, "new-7")
        second.connect()

        def refuse() -> Any:
            with self.hub.accept() as connection:
                identify = connection.hears_kind("identify")
                connection.says(bye="auth", again="never")
                return identify["identify"], identify["token"]

        self.assertEqual(await self.off(refuse), ("new-7", "gl_own"))
        self.assertEqual(await self.off(refuse), ("", "ANOTHER"))
        reason = await asyncio.wait_for(second.ended(), PATIENCE)
        self.assertEqual((reason.code, reason.comes_back), ("auth", False))

    async def test_many_devices_share_a_loop(self) -> None:
        devices = [self.device() for _ in range(30)]

        def serve() -> List[int]:
            heard = []
            for _ in devices:
                with self.hub.welcome() as connection:
                    heard.append(connection.hears_kind("seq")["value"])
                    connection.says(ack=1)
                    connection.hears()
            return sorted(heard)

        served = asyncio.ensure_future(self.off(serve))

        async def one(n: int, device: aio.Device) -> bool:
            device.send("n", n)
            device.connect()
            flushed = await device.flush(PATIENCE)
            await device.close()
            return flushed

        self.assertTrue(all(await asyncio.gather(*(one(n, device) for n, device in enumerate(devices)))))
        self.assertEqual(await served, list(range(30)))
