"""Commands at a device (rule D8): each is begun once, and answered for the last only."""


class Commands:
    """The last command begun in this run, and what came of it."""

    def __init__(self) -> None:
        #: Its number; None before the first.
        self.handled: "int | None" = None
        #: The line with its result; None while there is none.
        self.result: "bytes | None" = None

    def begins(self, number: int) -> bool:
        """Whether command ``number`` is to be begun; then it counts as begun."""
        if self.handled is not None and number <= self.handled:
            return False
        self.handled, self.result = number, None
        return True

    def is_last(self, number: int) -> bool:
        """Whether it is the last one that was begun."""
        return self.handled == number
