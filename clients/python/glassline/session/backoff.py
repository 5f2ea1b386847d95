"""When a device comes back (rule D9): at a random time that grows with every attempt in a row."""

from .limits import HEALTHY_MS, RECONNECT_FIRST_MS, RECONNECT_MS_MAX


class Backoff:
    """Counts the attempts in a row."""

    def __init__(self) -> None:
        self._attempts = 0
        # Came back at once since it was last healthy: a second time that would be a loop.
        self._came_at_once = False
        self._welcome_since: "int | None" = None

    def welcomed(self, now: int) -> None:
        """The device was welcomed at ``now`` (monotonic milliseconds)."""
        if self._welcome_since is None:
            self._welcome_since = now

    def lost(self, now: int, again: str, wait: "int | None", random: float) -> "int | None":
        """The connection ended, or could not be made.

        ``again`` and ``wait`` (ms) are what a ``bye`` said, else ``"later"`` and None; ``random`` is uniform in [0, 1).
        Answers after how many milliseconds to come back; None where the device must not with what it has.
        """
        since, self._welcome_since = self._welcome_since, None
        if since is not None and now - since >= HEALTHY_MS:
            self._attempts, self._came_at_once = 0, False
        if again == "now" and not self._came_at_once:
            self._came_at_once = True
            delay = 0
        else:
            ceiling = min(RECONNECT_MS_MAX, RECONNECT_FIRST_MS << min(self._attempts, 16))
            delay = 1 + int((ceiling - 1) * random)
            self._attempts += 1
        return None if again == "never" else max(delay, wait or 0)
