"""A device library for Glassline.

``send`` never blocks, never raises, and says whether the message was accepted. Nothing accepted is lost silently: an outbox in
memory keeps it until the program ends, one in a folder across ``kill -9`` once ``send`` returned and across a power cut once it is
synced. Where an outbox is full its oldest samples go, counted, and declared to the hub; the result of a command never does.

================== ======================================================================================
``Device``         for programs without an event loop: it brings a thread of its own
``aio.Device``     for programs on asyncio
``session``        the conversation by itself, without sockets; runs on MicroPython too
``store``          the stored outbox by itself, and what is said of a damaged one
================== ======================================================================================
"""

import sys

if sys.implementation.name != "micropython":
    from ._address import AddressError
    from ._core import Books
    from ._device import LINGER_SECONDS, Device
    from ._reason import Reason
    from .store import Damage, InUse, Report

    __version__ = "0.1.0"
    __all__ = ["LINGER_SECONDS", "AddressError", "Books", "Damage", "Device", "InUse", "Reason", "Report"]
