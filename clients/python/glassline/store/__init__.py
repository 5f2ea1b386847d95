"""An outbox in a folder: what was accepted and not yet taken over survives the end of the program, however it comes.

::

    boiler-7.outbox/
      00000000000000000001.log    messages, one a line, and heads; named for the position of its first message
      00000000000000004711.log
      head                        what is taken over, and the session that the rest is numbered in: the last two
      lock                        held by the program that uses the folder

======================================= ==========================================================================
when                                    what survives
======================================= ==========================================================================
``append`` returned                     ``kill -9`` of the program
a ``Sync`` that began after it has run  a power cut
a ``Keep`` has run                      a power cut: a session is on disk before anything is said in it (rule D4)
======================================= ==========================================================================

Files whose messages are all taken over or dropped are removed. What is damaged is told from what is whole by checksums, and
never keeps a program from starting: see :class:`Report`. The format is that of the Rust library, byte for byte.
"""

from .log import Log, Work
from .place import InUse
from .report import Damage, Report

__all__ = ["Damage", "InUse", "Log", "Report", "Work"]
