"""Where a device connects: ``tcp://host:port``, ``tls://…``, ``ws://host:port/path`` or ``wss://…``."""

from typing import NamedTuple, Optional

#: The ports where an address names none: of device lines, of device lines over TLS, of a hub's pages, of those over TLS.
_PORTS = {"tcp": 7070, "tls": 7071, "ws": 8080, "wss": 443}
#: Where a hub has its WebSocket for devices.
_PATH = "/device"


class AddressError(ValueError):
    """An address is none; says why."""


class Address(NamedTuple):
    """Where a device connects."""

    scheme: str
    host: str
    port: int
    #: Of the WebSocket; ``""`` where lines go over the connection as they are.
    path: str

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted, and the hub shows a certificate."""
        return self.scheme in ("tls", "wss")

    @property
    def is_web_socket(self) -> bool:
        """Whether a line is a frame."""
        return self.scheme in ("ws", "wss")

    @property
    def authority(self) -> str:
        """``host:port`` as it stands in an address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def parse(text: str) -> Address:
    """Reads an address; just ``host:port`` is TCP, and port and path may be left out. Raises :class:`AddressError`."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "tcp", text
    if scheme not in _PORTS:
        raise AddressError(f"{text!r} is no address: it begins with neither tcp://, tls://, ws:// nor wss://")
    endpoint, slash, path = rest.partition("/")
    is_web_socket = scheme in ("ws", "wss")
    if path and not is_web_socket:
        raise AddressError(f"{text!r} is no address: {scheme}:// has no path")
    host, port = _split(endpoint, _PORTS[scheme])
    malformed = not host or any(character.isspace() for character in rest)
    if malformed or port is None:
        raise AddressError(f"{text!r} is no address: host and port are missing or malformed")
    return Address(scheme, host, port, ((slash + path) if path else _PATH) if is_web_socket else "")


def _split(endpoint: str, usual: int) -> "tuple[str, Optional[int]]":
    """Host and port. An IPv6 address stands in brackets."""
    name, mark, given = endpoint.rpartition(":")
    if not mark or given.endswith("]"):
        name, given = endpoint, str(usual)
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    elif ":" in name:
        name = ""
    fits = given.isascii() and given.isdigit() and 0 < int(given) < 65536
    return name, int(given) if fits else None
