"""One record: a line of JSON with a checksum behind it, as the line protocol has it on serial lines.

::

    {"seq":17,"channel":"temperature","value":21.5,"ts":1763846847123} *0a1b2c3d
    {"head":15,"session":"k7-3","begin":9,"end":12,"next":18,"generation":4} *0a1b2c3d

A message is the line that goes over the wire, with its position for its number. A head says what is taken over, in which session
the rest is numbered, and the position of the next message.
"""

import re
from typing import NamedTuple, Optional, Union
from zlib import crc32

from ..session import Head, KeptSession
from ..session.members import members, text, whole
from ..session.message import is_session

_SEAL_BYTES = 10
#: Bytes of the shortest message with its seal and its end.
MESSAGE_BYTES_MIN = len(b'{"seq":1,"values":{}} *0a1b2c3d.')
#: Bytes of the longest head: five numbers of up to 20 digits, a session's name, and what stands between.
HEAD_BYTES_MAX = 220

_MESSAGE = re.compile(rb'\{"seq":([1-9][0-9]{0,15}),("(?:channel|values)":.*)\}', re.DOTALL)
_CLAIM = re.compile(rb'\{"seq":([1-9][0-9]{0,15})\s*[,}]')


class Stamped(NamedTuple):
    """A head with what tells the newer of two."""

    #: Grows with each head that is written.
    generation: int
    #: The position of the next message when it was written: all below were in the log.
    next: int
    head: Head


class Message(NamedTuple):
    """A message and its position."""

    position: int
    body: bytes


def of_message(position: int, body: bytes) -> bytes:
    """A message under its position, as a whole line."""
    return _sealed(b'{"seq":%d,%b}' % (position, body))


def of_head(stamped: Stamped) -> bytes:
    """A head as a whole line."""
    head = stamped.head
    session = ""
    if head.session is not None:
        kept = head.session
        end = "" if kept.end is None else f',"end":{kept.end}'
        session = f',"session":"{kept.name}","begin":{kept.begin}{end}'
    line = f'{{"head":{head.head}{session},"next":{stamped.next},"generation":{stamped.generation}}}'
    return _sealed(line.encode())


def _sealed(line: bytes) -> bytes:
    return b"%b *%08x\n" % (line, crc32(line))


def read(line: bytes) -> Union[Message, Stamped, None]:
    """Reads a line without its end. None where it is not exactly what was once written."""
    bare = line[:-_SEAL_BYTES]
    if not bare or line[-_SEAL_BYTES:] != b" *%08x" % crc32(bare):
        return None
    if bare.startswith(b'{"head":'):
        return _head(bare)
    found = _MESSAGE.fullmatch(bare)
    return None if found is None else Message(int(found[1]), found[2])


def _head(bare: bytes) -> Optional[Stamped]:
    try:
        found = members(bare.decode())
    except ValueError:
        return None
    head, after, generation = (whole(found.get(key)) for key in ("head", "next", "generation"))
    if head is None or after is None or generation is None:
        return None
    name, begin = text(found.get("session")), whole(found.get("begin"))
    session = None
    if name is not None and begin is not None:
        if not is_session(name):
            return None
        session = KeptSession(name, begin, whole(found.get("end")))
    return Stamped(generation, after, Head(session, head))


def last_claimed(damaged: bytes, after: int) -> Optional[int]:
    """The highest position of a message that ``damaged`` bytes seem to have held, from ``after`` on: as a beginning of a
    message that can still be read tells, as long as it is one that fits in so many bytes."""
    highest = after + len(damaged) // MESSAGE_BYTES_MIN
    claims = (int(claim[1]) for claim in _CLAIM.finditer(damaged))
    return max((claim for claim in claims if after <= claim <= highest), default=None)


def is_rest_of_head(damaged: bytes) -> bool:
    """Whether ``damaged`` bytes look like one line with a head, whole or its beginning, and like nothing else. The end of a
    file that was never written reads as zeroes."""
    line = damaged[:-1] if damaged.endswith(b"\n") else damaged
    return line.startswith(b'{"h') and len(line) <= HEAD_BYTES_MAX and b"\n" not in line and b"\0" not in line
