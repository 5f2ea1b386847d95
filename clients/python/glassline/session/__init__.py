"""A device's half of the conversation, without sockets, files, clocks, threads or random numbers.

It runs on CPython and on MicroPython alike: plain classes, no imports but ``json`` and ``binascii``. The program hands in
one input with the time (:class:`Session`), then carries out :meth:`Session.poll` until it answers nothing, and calls
:meth:`Session.timeout` when :meth:`Session.due` says so. Times are milliseconds of a clock that never goes back.

============ ==========================================================
module       what it decides
============ ==========================================================
``session``  what is said when, and what an input changes (D1, D6, D7)
``numbered`` which number a message has, what is said next (D2, D3, D5)
``outbox``   what is held, and what was dropped (D5)
``commands`` what is begun and answered (D8)
``backoff``  when to come back (D9)
``message``  what lines say
``members``  reading JSON objects, values kept as they came
``lines``    cutting bytes into lines
============ ==========================================================
"""

from .backoff import Backoff
from .lines import Lines
from .numbered import Head, Kept, KeptSession
from .outputs import Begin, Close, Complain, Keep, Send, Welcomed
from .session import Session, Settings

__all__ = [
    "Backoff",
    "Begin",
    "Close",
    "Complain",
    "Head",
    "Keep",
    "Kept",
    "KeptSession",
    "Lines",
    "Send",
    "Session",
    "Settings",
    "Welcomed",
]
