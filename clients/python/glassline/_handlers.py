"""What the program wants to be told: one call after another, and an exception in one is its own affair."""

import json
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, TypeVar, Union

from . import _values
from ._core import Core, log
from ._reason import Reason
from ._values import NotAccepted
from .session import Begin

#: Calls of handlers that wait because one is still running. At the limit a command is answered as failed, and what else there is to
#: tell is not told; both are logged.
CALLS_WAITING_MAX = 256

Handler = TypeVar("Handler", bound=Callable[..., Any])


class Tell(NamedTuple):
    """Call the handlers of ``event`` with these arguments."""

    event: str
    arguments: Tuple[Any, ...]


#: What there is to tell the program.
Call = Union[Begin, Tell]


class Handlers:
    """The program's handlers. Set them before the device connects, from one thread."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._commands: Dict[str, Callable[..., Any]] = {}
        self._told: Dict[str, List[Callable[..., Any]]] = {}
        self._any: Optional[Callable[..., Any]] = None

    def on_command(self, channel: Optional[str], handler: Handler) -> Handler:
        """Commands on ``channel`` are for ``handler``; None for those on every other channel, which it is told as well."""
        if channel is None:
            self._any = handler
        else:
            self._commands[channel] = handler
        return handler

    def on(self, event: str, handler: Handler) -> Handler:
        """``handler`` is told of ``event``."""
        self._told.setdefault(event, []).append(handler)
        return handler

    def wants(self, event: str) -> bool:
        """Whether somebody wants to know of it."""
        return event in self._told

    def wants_call(self, call: Call) -> bool:
        """Whether there is anything to do for it; every command is answered."""
        return isinstance(call, Begin) or self.wants(call.event)

    def forget(self) -> None:
        """Lets go of all of them: they may hold the device that holds them."""
        self._commands, self._told, self._any = {}, {}, None

    def calls(self, call: Call) -> List[Callable[[], Any]]:
        """What is to be called, one after another; for a command it is one, or none. Raises ``ValueError`` where Python cannot hold
        what is asked: a number of thousands of digits."""
        if isinstance(call, Tell):
            arguments = call.arguments
            return [_bound(handler, arguments) for handler in self._told.get(call.event, [])]
        value = _decode(call.value)
        handler = self._commands.get(call.channel)
        if handler is not None:
            return [_bound(handler, (value,))]
        return [] if self._any is None else [_bound(self._any, (call.channel, value))]

    def raised(self, call: Call, error: BaseException) -> None:
        """A handler threw: it is reported, and a command answered as failed."""
        what = f"of commands on {call.channel}" if isinstance(call, Begin) else f"of {call.event}"
        log.error("%s: the handler %s failed", self._core.name, what, exc_info=error)
        if isinstance(call, Begin):
            self.refuse(call, str(error) or type(error).__name__)

    def returned(self, call: Call, value: object) -> None:
        """A handler returned: for a command that is the result."""
        if isinstance(call, Begin):
            try:
                self._core.answer(call.number, True, _values.result(value), None)
            except NotAccepted as why:
                log.error("%s: what the handler of %s returned is no answer: %s", self._core.name, call.channel, why)
                self.refuse(call, f"done, but no answer: {why}")

    def nobody(self, call: Call) -> None:
        """There is no handler."""
        if isinstance(call, Begin):
            self.refuse(call, f"nothing here takes commands on {call.channel}")

    def pass_over(self, call: Call) -> None:
        """A handler does not come back, and too much waits for it."""
        what = f"a command on {call.channel}" if isinstance(call, Begin) else call.event
        log.error("%s: a handler does not come back; not told: %s", self._core.name, what)
        if isinstance(call, Begin):
            self.refuse(call, "the program is too busy")

    def refuse(self, begin: Begin, reason: str) -> None:
        """Answers that a command was not done."""
        self._core.answer(begin.number, False, None, reason.encode("utf-8", "replace").decode())


def told(name: str, reason: Union[Reason, bool, str]) -> Tell:
    """Tell of an event with one argument."""
    return Tell(name, (reason,))


def _bound(handler: Callable[..., Any], arguments: Tuple[Any, ...]) -> Callable[[], Any]:
    return lambda: handler(*arguments)


def _decode(raw: str) -> object:
    return json.loads(raw)
