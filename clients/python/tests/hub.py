"""A hub on a real socket that says what a test wants it to say, and can be reached only when it is to be."""

import json
import socket
import time
from typing import Any, Callable, Dict, Optional

import library  # noqa: F401

import glassline

#: Seconds: longer than anything here takes; what has not come by then does not come.
PATIENCE = 60.0


class Hub:
    """Where devices can connect."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "Hub":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def device(self, **settings: Any) -> glassline.Device:
        """A device of this hub that counts its nonces from 0."""
        return glassline.Device(self.address, "pump-1", **{"nonce": 0, **settings})

    def accept(self) -> "Connection":
        """The next connection of a device."""
        accepted, _ = self._listener.accept()
        return Connection(accepted)

    def welcome(self, session: str = "k7-1", ack: int = 0, **members: Any) -> "Connection":
        """The next connection, identified and welcomed."""
        connection = self.accept()
        connection.welcome(session, ack, **members)
        return connection


class Connection:
    """One connection of a device."""

    def __init__(self, accepted: socket.socket) -> None:
        accepted.settimeout(PATIENCE)
        self._socket = accepted
        self._lines = accepted.makefile("rb")

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def hears(self) -> Optional[Dict[str, Any]]:
        """The next line that is no heartbeat; None at the end of the connection."""
        while True:
            try:
                line = self._lines.readline()
            except ConnectionError:
                return None
            if not line.endswith(b"\n"):
                return None
            if line != b"\n":
                found: Dict[str, Any] = json.loads(line)
                return found

    def hears_kind(self, kind: str) -> Dict[str, Any]:
        """The next line that has this member."""
        while True:
            line = self.hears()
            if line is None:
                raise AssertionError(f"the end instead of {kind}")
            if kind in line:
                return line

    def says(self, **members: Any) -> None:
        self._socket.sendall(json.dumps(members).encode() + b"\n")

    def welcome(self, session: str = "k7-1", ack: int = 0, **members: Any) -> Dict[str, Any]:
        """Answers the identify that comes next; answers that."""
        identify = self.hears_kind("identify")
        usual = {"window": 64, "heartbeat": 15, "line_max": 65536, "time": 1763846847123}
        named = {"welcome": "pump-1", "nonce": identify["nonce"], "session": session, "ack": ack}
        self.says(**{**named, **usual, **members})
        return identify


def until(it: Callable[[], bool], what: str = "it") -> None:
    """Waits until ``it`` holds."""
    deadline = time.monotonic() + PATIENCE
    while not it():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} does not come to hold")
        # Others get their turn.
        time.sleep(0.001)
