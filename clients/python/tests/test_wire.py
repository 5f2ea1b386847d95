"""WebSocket frames and TLS, without sockets and with."""

import base64
import hashlib
import logging
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path
from typing import List

from hub import PATIENCE, Connection

import glassline
from glassline import _address
from glassline._websocket import Ended, WebSocket
from glassline.session import Lines
from glassline.session.lines import sealed, unsealed


def unmasked(frame: bytes) -> bytes:
    """The payload of a client's frame."""
    size, begin = frame[1] & 0x7F, 2
    if size > 125:
        begin += 2 if size == 126 else 8
        size = int.from_bytes(frame[2:begin], "big")
    key = frame[begin : begin + 4]
    payload = frame[begin + 4 :]
    assert frame[1] & 0x80 and len(payload) == size
    return bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


def frame(kind: int, payload: bytes, final: bool = True) -> bytes:
    """A frame of a hub."""
    first = bytes([(0x80 if final else 0) | kind])
    if len(payload) < 126:
        return first + bytes([len(payload)]) + payload
    if len(payload) < 65536:
        return first + b"\x7e" + len(payload).to_bytes(2, "big") + payload
    return first + b"\x7f" + len(payload).to_bytes(8, "big") + payload


class WebSockets(unittest.TestCase):
    def setUp(self) -> None:
        self.socket = WebSocket(_address.parse("ws://hub:80/device"))
        self.request = bytes(self.socket.outgoing).decode()
        self.socket.outgoing.clear()

    def answer(self) -> bytes:
        key = next(line for line in self.request.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        text = key.split(": ")[1] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()
        return (f"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nSEC-WEBSOCKET-ACCEPT:  {accept}\r\n\r\n").encode()

    def test_hands_are_shaken(self) -> None:
        self.assertTrue(self.request.startswith("GET /device HTTP/1.1\r\nHost: hub:80\r\n"))
        answer = self.answer() + frame(1, b'{"ack":1}')
        lines: List[bytes] = []
        for at in range(len(answer)):
            lines += self.socket.feed(answer[at : at + 1])
        self.assertEqual(lines, [b'{"ack":1}'])
        self.assertTrue(self.socket.ready)

    def test_what_is_no_web_socket_is_left_with_a_reason(self) -> None:
        for answer, reason in [
            (b"HTTP/1.1 404 Not Found\r\n\r\n", "404"),
            (b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\r\n", "no WebSocket"),
            (b"x" * 20000, "too long"),
            (b"\r\n\r\n", "opens no"),
        ]:
            opening = WebSocket(_address.parse("ws://hub"))
            opening.feed(answer)
            self.assertRegex(str(opening.ended), reason)

    def test_lines_are_frames_of_any_size_and_masked(self) -> None:
        for size in (0, 1, 125, 126, 65535, 65536, 70000):
            line = b"x" * size
            self.assertEqual(unmasked(self.socket.encode(line + b"\n")), line)

    def test_texts_come_whole_in_parts_and_between_pings(self) -> None:
        self.socket.feed(self.answer())
        parts = frame(1, b'{"ack"', False) + frame(9, b"?") + frame(0, b":1}") + frame(2, b"bytes") + frame(10, b"")
        self.assertEqual(self.socket.feed(parts + frame(1, b"") + frame(1, b"x" * 65536)), [b'{"ack":1}', b"", b"x" * 65536])
        self.assertEqual((self.socket.outgoing[0], unmasked(bytes(self.socket.outgoing))), (0x8A, b"?"))

    def test_what_no_hub_sends_ends_it(self) -> None:
        part = frame(0, b"x" * 40000, False)
        for bad in [
            frame(8, b""), b"\xc1\x00", b"\x81\x81", frame(1, b"x" * 65537), frame(1, b"", False) + part + part,
        ]:  # fmt: skip
            self.setUp()
            self.assertEqual(self.socket.feed(self.answer() + frame(1, b"before") + bad), [b"before"])
            self.assertIsInstance(self.socket.ended, Ended)


class LineEnds(unittest.TestCase):
    def test_lines_come_whole_however_the_bytes_do(self) -> None:
        text = b'{"ack":1}\r\n\n{"ack":2}\nrest'
        for size in (1, 2, 7, 100):
            lines, found = Lines(), []
            for at in range(0, len(text), size):
                found += lines.feed(text[at : at + size])
            self.assertEqual(found, [b'{"ack":1}', b"", b'{"ack":2}'])

    def test_a_line_that_is_too_long_is_skipped_to_its_end(self) -> None:
        lines = Lines(8)
        self.assertEqual(lines.feed(b"12345678\n123456789\nok\n" + b"x" * 100), [b"12345678", b"ok"])
        self.assertEqual(lines.feed(b"x" * 100) + lines.feed(b"x\nok\n"), [b"ok"])

    def test_a_checksum_may_follow(self) -> None:
        self.assertEqual(sealed(b'{"temperature":21.5}'), b'{"temperature":21.5} *7a8e38da')
        self.assertEqual(unsealed(b'{"temperature":21.5} *7A8E38DA'), b'{"temperature":21.5}')
        self.assertEqual(unsealed(b'{"temperature":21.5}'), b'{"temperature":21.5}')
        self.assertIsNone(unsealed(b'{"temperature":21.6} *7a8e38da'))


@unittest.skipUnless(shutil.which("openssl"), "openssl makes the certificate")
class Encrypted(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.key, self.certificate = Path(folder.name) / "key.pem", Path(folder.name) / "cert.pem"
        words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
        subject = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        files = ["-keyout", str(self.key), "-out", str(self.certificate)]
        subprocess.run([*words.split(), "-addext", subject, *files], check=True, capture_output=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.addCleanup(self.listener.close)
        self.address = f"tls://127.0.0.1:{self.listener.getsockname()[1]}"
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def accept(self) -> Connection:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        accepted, _ = self.listener.accept()
        accepted.settimeout(PATIENCE)
        return Connection(context.wrap_socket(accepted, server_side=True))

    def test_lines_go_over_tls_where_the_certificate_is_trusted(self) -> None:
        trusting = ssl.create_default_context(cafile=str(self.certificate))
        with glassline.Device(self.address, "pump-1", tls=trusting) as device:
            device.send("n", "x" * 60000)
            with self.accept() as connection:
                connection.welcome()
                self.assertEqual(len(connection.hears_kind("seq")["value"]), 60000)
                connection.says(ack=1)
                self.assertTrue(device.flush(PATIENCE))

    def test_who_is_not_trusted_is_told_nothing(self) -> None:
        reasons: List[str] = []
        device = glassline.Device(self.address, "pump-1", "secret")
        self.addCleanup(device.close)
        thread = threading.Thread(target=device.connect)
        thread.start()
        try:
            with self.accept() as connection:
                self.assertIsNone(connection.hears())
        except OSError as error:
            reasons.append(str(error))
        self.assertFalse(device.connected)
        thread.join()
