"""The outbox in a folder: what survives, and what is said of what does not."""

import contextlib
import os
import random
import tempfile
import unittest
from pathlib import Path
from typing import Dict, List, Optional, Set
from unittest import mock

import library  # noqa: F401

from glassline.session import Head, KeptSession
from glassline.store import InUse, Log, head, record
from glassline.store.record import Message, Stamped


def body(n: int) -> bytes:
    return b'"channel":"n","value":%d,"ts":5' % n


def stamped(generation: int) -> Stamped:
    return Stamped(generation, 18, Head(KeptSession("k7-3", 9, 12), 15))


def facts(found: Optional[Stamped]) -> object:
    """A head, comparable."""
    if found is None:
        return None
    session = found.head.session
    kept = None if session is None else (session.name, session.begin, session.end)
    return found.generation, found.next, found.head.head, kept


class Case(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="glassline-store-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "outbox"

    def open(self, bytes_max: int = 1 << 20) -> Log:
        log = Log(self.folder, bytes_max)
        self.addCleanup(log.let_go)
        return log

    def filled(self, count: int, bytes_max: int = 1 << 20) -> None:
        log = self.open(bytes_max)
        for n in range(1, count + 1):
            log.append(body(n))
        log.let_go()

    def logs(self) -> List[Path]:
        return sorted(self.folder.glob("*.log"))


class Records(unittest.TestCase):
    def test_the_format_is_that_of_the_rust_library(self) -> None:
        line = b'{"seq":17,"channel":"n","value":21.50,"ts":5}'
        self.assertEqual(record.of_message(17, line[10:-1])[: len(line)], line)
        self.assertEqual(
            record.of_head(stamped(4))[:-11], b'{"head":15,"session":"k7-3","begin":9,"end":12,"next":18,"generation":4}'
        )

    def test_messages_read_back_digit_for_digit(self) -> None:
        for value in (b"21.50", b"9007199254740993", b"-0", b"1e400", b'{"seq":5}', '"ü\u2028"'.encode()):
            line = record.of_message(17, b'"channel":"n","value":' + value)
            self.assertEqual(record.read(line[:-1]), Message(17, b'"channel":"n","value":' + value))

    def test_heads_read_back(self) -> None:
        for session in (None, KeptSession("k7-3", 9), KeptSession("k7-3", 9, 12)):
            written = Stamped(4, 18, Head(session, 15))
            found = record.read(record.of_head(written)[:-1])
            self.assertIsInstance(found, Stamped)
            self.assertEqual(facts(found), facts(written))  # type: ignore[arg-type]

    def test_no_flipped_bit_passes(self) -> None:
        line = record.of_message(17, body(1))[:-1]
        for bit in range(len(line) * 8):
            flipped = bytearray(line)
            flipped[bit // 8] ^= 1 << (bit % 8)
            self.assertIsNone(record.read(bytes(flipped)))

    def test_a_torn_message_claims_its_position_and_nonsense_claims_none(self) -> None:
        torn = record.of_message(17, body(1))[:20]
        self.assertEqual(record.last_claimed(torn, 17), 17)
        self.assertIsNone(record.last_claimed(torn, 18), "it is in the log already")
        self.assertIsNone(record.last_claimed(b'{"seq":900,"chan', 17), "so many do not fit")
        self.assertIsNone(record.last_claimed(bytes(4096), 17))


class Heads(Case):
    def written(self, heads: int) -> bytes:
        self.folder.mkdir(exist_ok=True)
        file = head.HeadFile()
        for generation in range(1, heads + 1):
            file.write(self.folder, stamped(generation))
        return (self.folder / "head").read_bytes()

    def test_no_damaged_byte_loses_the_head(self) -> None:
        for heads in (1, 2, 3):
            whole = self.written(heads)
            for at in [*range(120), *range(2040, 2200), *range(4090, 4300), *range(6140, 6300)]:
                damaged = bytearray(whole)
                damaged[at] ^= 0x41
                found = head.HeadFile().take_bytes(bytes(damaged)).stamped
                self.assertEqual(facts(found), facts(stamped(heads)), at)

    def test_a_torn_write_leaves_the_head_before_it(self) -> None:
        for heads in (1, 2, 3):
            (self.folder / "head").unlink(missing_ok=True)
            before = self.written(heads)
            (self.folder / "head").unlink()
            after = self.written(heads + 1)
            slot = next(at for at in (0, 4096) if before[at : at + 4096] != after[at : at + 4096])
            either = [facts(stamped(heads)), facts(stamped(heads + 1))]
            for at in range(slot, slot + 4096, 7):
                zeroes = after[:at] + bytes(slot + 4096 - at) + after[slot + 4096 :]
                for torn in (after[:at] + before[at:], before[:at] + after[at:], zeroes):
                    self.assertIn(facts(head.HeadFile().take_bytes(torn).stamped), either)


class Logs(Case):
    def test_what_was_put_in_is_there_the_next_time(self) -> None:
        self.filled(3)
        log = self.open()
        self.assertEqual(log.kept.messages, [body(1), body(2), body(3)])
        self.assertEqual((log.kept.first, log.next), (1, 4))
        self.assertTrue(log.report.is_whole, str(log.report))

    def test_a_second_program_is_refused(self) -> None:
        self.open()
        with self.assertRaisesRegex(InUse, "in use"):
            Log(self.folder, 1 << 20)

    def test_what_is_taken_over_is_given_back_with_its_file(self) -> None:
        log = self.open(16)
        for n in range(1, 2001):
            log.append(body(n))
        files = len(self.logs())
        self.assertGreater(files, 3)
        self.assertTrue(log.has_room_to_give(2000))
        log.done(log.keep(Head(None, 2000), 2000).run())
        self.assertEqual(len(self.logs()), 1)
        self.assertEqual(log.size, self.logs()[0].stat().st_size)
        log.let_go()
        kept = self.open(16).kept
        self.assertEqual((kept.head.head, kept.messages), (2000, [body(2000)]))

    def test_every_torn_end_is_tolerated_and_no_position_used_again(self) -> None:
        self.filled(3)
        (path,) = self.logs()
        whole = path.read_bytes()
        third = whole.rfind(b'{"seq":3')
        for cut in range(third, len(whole)):
            path.write_bytes(whole[:cut])
            (self.folder / "head").unlink()
            log = self.open()
            held = [message for message in log.kept.messages if message is not None]
            intact = cut >= len(whole) - 1
            self.assertEqual(held, [body(1), body(2), body(3)] if intact else [body(1), body(2)], cut)
            # What was begun may have been said: unless nothing of it is left, its position is not used again.
            self.assertEqual(log.next, 3 if cut == third else 4, cut)
            log.append(body(9))
            log.let_go()
            again = self.open()
            self.assertEqual(again.kept.messages[-1], body(9))
            again.let_go()
            path.unlink()
            for other in self.logs():
                other.unlink()

    def test_a_damaged_message_is_missed_and_those_around_it_are_there(self) -> None:
        self.filled(3)
        (path,) = self.logs()
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b'"value":2,', b'"value":7,'))
        log = self.open()
        self.assertEqual(log.kept.messages, [body(1), None, body(3)])
        self.assertEqual(log.report.missing, [(2, 2)])
        self.assertIn("lost: 2 to 2", str(log.report))

    def test_a_file_that_is_gone_is_noticed(self) -> None:
        self.filled(1000, 16)
        first, second = self.logs()[:2]
        second.unlink()
        log = self.open(16)
        ((begin, end),) = log.report.missing
        self.assertEqual(begin, int(second.stem))
        self.assertEqual(end - begin + 1, log.kept.messages.count(None))
        self.assertEqual(log.kept.messages[0], body(1))
        self.assertTrue(first.exists())

    def test_a_full_disk_refuses_and_then_goes_on(self) -> None:
        log = self.open()
        log.append(body(1))
        real = os.write

        def half(file: int, content: bytes) -> int:
            real(file, content[: len(content) // 2])
            raise OSError(28, "No space left on device")

        with mock.patch("glassline.store.place.os.write", half), self.assertRaises(OSError):
            log.append(body(2))
        log.append(body(3))
        log.let_go()
        log = self.open()
        self.assertEqual(log.kept.messages, [body(1), body(3)])
        self.assertTrue(log.report.is_whole, str(log.report))

    def test_after_a_failed_sync_the_file_is_written_again(self) -> None:
        log = self.open()
        log.append(body(1))
        with mock.patch("glassline.store.work.os.fsync", side_effect=OSError(5, "I/O error")):
            done = log.sync().run()
        self.assertTrue(done.failed)
        log.done(done)
        again = log.sync().run()
        self.assertTrue(again.synced)
        log.done(again)
        log.append(body(2))
        log.let_go()
        self.assertEqual(self.open().kept.messages, [body(1), body(2)])

    def test_a_work_that_outlives_the_outbox_changes_nothing(self) -> None:
        log = self.open()
        log.append(body(1))
        keep = log.keep(Head(None, 2), 2)
        log.let_go()
        with self.assertRaises(OSError):
            keep.run()
        with contextlib.closing(os.scandir(self.folder)) as entries:
            self.assertEqual(len([entry for entry in entries if entry.name.endswith(".log")]), 1)


class Torture(Case):
    def test_whatever_is_cut_off_what_was_synced_is_there_and_no_position_has_two_contents(self) -> None:
        for seed in range(15):
            with self.subTest(seed=seed):
                self.live(random.Random(seed))

    def live(self, chance: random.Random) -> None:
        """Some runs of a program: each puts messages in, has some taken over, and ends in a power cut that leaves a part."""
        said: Dict[int, bytes] = {}
        missing: Set[int] = set()
        head, synced, content = 1, 0, 0
        folder = self.folder / str(chance.random())
        for _ in range(5):
            # What is there after a power cut is there after the next one.
            sizes = {path: path.stat().st_size for path in folder.glob("*.log")}
            log = Log(folder, 16)
            self.assertEqual(log.kept.head.head, head, "a head is synced")
            self.assertLessEqual(log.kept.first, max(head, synced + 1))
            self.assertGreater(log.next, synced)
            for position, message in enumerate(log.kept.messages, log.kept.first):
                if message is not None:
                    self.assertEqual(said[position], message)
                elif position not in missing:
                    self.assertGreater(position, synced, "what was synced is there")
                    missing.add(position)
            for _ in range(chance.randrange(1, 300)):
                content += 1
                said[log.next] = body(content)
                log.append(body(content))
                if chance.random() < 0.01:
                    log.done(log.sync().run())
                    synced = log.next - 1
                    sizes = {path: path.stat().st_size for path in folder.glob("*.log")}
                if chance.random() < 0.01:
                    head = chance.randrange(head, log.next)
                    log.done(log.keep(Head(None, head), head).run())
            log.let_go()
            self.cut(folder, sizes, chance)

    def cut(self, folder: Path, sizes: Dict[Path, int], chance: random.Random) -> None:
        """Of what was not synced, a part is gone: of each file its end, or the file."""
        for path in folder.glob("*.log"):
            least = min(sizes.get(path, 0), path.stat().st_size)
            left = chance.randrange(least, path.stat().st_size + 1)
            if left == 0 and chance.random() < 0.5:
                path.unlink()
            else:
                os.truncate(path, left)
