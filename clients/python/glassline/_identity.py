"""Who the hub made this device: its id and a token of its own, kept in a file for the next run of the program.

``{"asked":"boiler-7","id":"boiler-7","token":"gl_…"}``: ``asked`` is the id that the program itself says, which may be empty; a file
that was asked for by another one is not used. What is kept is shown first. Where the hub does not want it, as after it was revoked,
the program's own token gets its turn. The other libraries keep the same file.
"""

import json
import os
from pathlib import Path
from typing import NamedTuple, Optional

from .store.place import sync

#: Its name in the folder of an outbox.
NAME = "identity"
#: A longer file is none.
_BYTES_MAX = 4096


class Identity(NamedTuple):
    """What the hub gave."""

    id: str
    token: str


class Keeping:
    """The file in ``folder``, for a program that says that it is ``asked``."""

    def __init__(self, folder: Path, asked: str) -> None:
        self._file = folder / NAME
        self._asked = asked

    def read(self) -> Optional[Identity]:
        """What an earlier run was given; None where that cannot be read."""
        try:
            with open(self._file, "rb") as file:
                kept = json.loads(file.read(_BYTES_MAX))
            identity = Identity(kept["id"], kept["token"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        is_one = kept["asked"] == self._asked if "asked" in kept else False
        return identity if is_one and all(isinstance(text, str) and text for text in identity) else None

    def write(self, identity: Identity) -> None:
        """Keeps it: whole or not at all, durably, and for the owner of the program only. Raises the system's ``OSError``."""
        new = self._file.with_name(NAME + ".new")
        kept = {"asked": self._asked, "id": identity.id, "token": identity.token}
        text = json.dumps(kept, separators=(",", ":"), ensure_ascii=False) + "\n"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self._file)
        sync(self._file.parent)
