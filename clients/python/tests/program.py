"""The real hub: the binary ``glassline``, on free ports and in a temporary folder, that can be killed and started again."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, Dict, List, Optional

from hub import until

ROOT = Path(__file__).resolve().parents[3]


def binary() -> Optional[Path]:
    """The program; None where it is not built. ``GLASSLINE`` names another one."""
    named = os.environ.get("GLASSLINE")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    candidates = [Path(named)] if named else [target / "debug" / "glassline", target / "release" / "glassline"]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


class Program:
    """A running hub."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="glassline-python-"))
        self._ports = ("127.0.0.1:0", "127.0.0.1:0")
        self._program: Optional[subprocess.Popen[bytes]] = None
        self._ready: Dict[str, str] = {}

    def __enter__(self) -> "Program":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Starts it, the second time where it was before."""
        ready, (http, lines) = self._folder / "ready", self._ports
        ready.unlink(missing_ok=True)
        words = [str(binary()), "serve", "--state", str(self._folder / "state"), "--ready", str(ready)]
        with open(self._folder / "log", "ab") as log:
            self._program = subprocess.Popen([*words, "--http", http, "--lines", lines], stdout=log, stderr=log)
        until(lambda: ready.is_file() and ready.read_bytes().strip().endswith(b"}"), "the hub listens")
        self._ready = json.loads(ready.read_text())
        self._ports = (self._ready["http"].partition("://")[2], self._ready["lines"])

    def kill(self) -> None:
        """``kill -9``."""
        if self._program is not None:
            self._program.send_signal(signal.SIGKILL)
            self._program.wait()
            self._program = None

    @property
    def lines(self) -> str:
        return f"tcp://{self._ready['lines']}"

    @property
    def web_socket(self) -> str:
        return self._ready["http"].replace("http://", "ws://")

    @property
    def join(self) -> str:
        return self._ready["join"]

    def make_device(self, id: str) -> str:
        """Makes a device; answers its token, which lasts."""
        token: str = json.loads(self.ask("/api/devices", {"id": id}))["token"]
        return token

    def ask(self, path: str, body: Optional[Dict[str, Any]] = None) -> str:
        """What the HTTP API answers."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._ready['token']}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._ready["http"] + path, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text: str = answer.read().decode()
            return text

    def stored(self, id: str, channel: str) -> List[Any]:
        """All values of a channel in the order in which they were committed."""
        text = self.ask(f"/api/devices/{id}/channels/{channel}/samples?format=ndjson")
        return [json.loads(line)["value"] for line in text.splitlines() if line]

    def command(self, id: str, channel: str, value: object) -> str:
        """Asks a device to do something; answers the command's name."""
        name = f"c{os.urandom(8).hex()}"
        body = {"command": name, "channel": channel, "value": value, "intent": "queue", "ttl": 60000}
        self.ask(f"/api/devices/{id}/commands", body)
        return name

    def command_state(self, id: str, name: str) -> Dict[str, Any]:
        """How it stands."""
        state: Dict[str, Any] = json.loads(self.ask(f"/api/devices/{id}/commands/{name}"))
        return state
