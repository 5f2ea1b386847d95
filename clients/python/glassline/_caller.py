"""The thread on which a device calls the program's handlers, one after another."""

import threading
from collections import deque
from typing import Deque, Optional

from ._handlers import CALLS_WAITING_MAX, Call, Handlers


class Caller:
    """Begins its thread with the first call."""

    def __init__(self, handlers: Handlers, name: str) -> None:
        self._handlers = handlers
        self._name = name
        self._change = threading.Condition()
        self._waiting: Deque[Call] = deque()
        self._thread: Optional[threading.Thread] = None
        self._ending = False

    def tell(self, call: Call) -> None:
        """Calls the program as soon as what came before was. Never waits for it."""
        if not self._handlers.wants_call(call):
            return
        with self._change:
            room = len(self._waiting) < CALLS_WAITING_MAX
            if room:
                self._waiting.append(call)
                self._change.notify()
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                    self._thread.start()
        if not room:
            self._handlers.pass_over(call)

    def end(self) -> None:
        """Nothing more will be told: the thread ends when what waits was."""
        with self._change:
            self._ending = True
            self._change.notify()
            if self._thread is None:
                self._handlers.forget()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._waiting and not self._ending:
                    self._change.wait()
                if not self._waiting:
                    break
                call = self._waiting.popleft()
            self._call(call)
        self._handlers.forget()

    def _call(self, call: Call) -> None:
        try:
            due = self._handlers.calls(call)
        except ValueError as error:
            self._handlers.raised(call, error)
            return
        if not due:
            self._handlers.nobody(call)
        for handler in due:
            try:
                value = handler()
            # A handler that calls sys.exit ends nothing but itself.
            except BaseException as error:
                self._handlers.raised(call, error)
            else:
                self._handlers.returned(call, value)
