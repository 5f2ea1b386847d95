"""Why a device is not connected."""

from typing import NamedTuple, Optional

_SENTENCES = {
    "auth": "The token does not count here: there is none, or it is unknown, used up, taken back or of another id.",
    "replaced": "The device identified on another connection.",
    "closed": "That session is over; identify without one.",
    "removed": "The device was removed.",
    "stopping": "The hub is stopping.",
    "silent": "Nothing was heard for two heartbeats.",
    "stuck": "The hub took nothing over for too long.",
    "unidentified": "Nobody identified in time.",
    "bad": "Too many lines could not be read.",
    "slow": "What was sent to the device was not read.",
    "full": "There is no room for more connections.",
    "failed": "The hub could not store what it must.",
    "no_hub": "The gateway does not know this token, and no hub that might know it is reachable.",
    "ended": "The device was closed.",
}


class Reason(NamedTuple):
    """Why a connection ended, or a device does not come back. As text it is a sentence for people."""

    #: The code of the hub's ``bye`` (``stopping``, ``replaced`` …), or ``silent`` (nothing heard for two heartbeats), ``stuck``
    #: (nothing taken over for too long), ``broken`` (the connection broke or could not be made), ``outbox`` (it could not be
    #: written where it must be before more is said), ``ended`` (the program closed the device).
    code: str
    #: What the hub wants: ``now``, ``later`` or ``never``.
    again: str = "later"
    #: Milliseconds the hub asks it to stay away; None for as long as is usual.
    wait: Optional[int] = None
    #: The system's words, where there are some.
    words: str = ""

    @property
    def comes_back(self) -> bool:
        """Whether the device comes back by itself."""
        return self.again != "never"

    def __str__(self) -> str:
        if self.code == "outbox":
            return f"The outbox cannot be written: {self.words}"
        return self.words or _SENTENCES.get(self.code, self.code)


#: The program closed the device.
ENDED = Reason("ended", "never")


def broken(error: BaseException) -> Reason:
    """The connection broke, or could not be made."""
    return Reason("broken", words=str(error) or type(error).__name__)
