"""Large bodies, in chunks: those that come in ahead of their frame, and those that go out as they are pulled."""

from __future__ import annotations

import struct
from collections import deque
from typing import Deque, Dict, List, Optional, Tuple

from . import kinds
from .link import Link
from .wire import Buffer

# A body above this goes out in chunks.
INLINE = 64 << 10
CHUNK = (1 << 20) - 1024
_TOTAL = struct.Struct("<Q")
_PULL = struct.Struct("<I")


class Incoming:
    """Bodies of which chunks have come, by the id of their call or callback."""

    def __init__(self) -> None:
        self._bodies: Dict[int, Tuple[Optional[bytearray], int]] = {}

    def take(self, number: int, payload: bytes) -> None:
        """One chunk; the first of a body makes room for all of it. Without room it is lost, and `body` says so.

        A total of 0: the body is not wanted any more.
        """
        size = len(payload) - _TOTAL.size
        room = self.place(number, payload[: _TOTAL.size], size)
        if room is not None:
            room[:] = memoryview(payload)[_TOTAL.size :]
        elif _TOTAL.unpack_from(payload)[0]:
            body, filled = self._bodies[number]
            self._bodies[number] = (body, filled + size)
        else:
            self.drop(number)

    def place(self, number: int, total: bytes, size: int) -> Optional[memoryview]:
        """Where the bytes of the next chunk belong, which will be written there. None: `take` is to see it whole."""
        length = _TOTAL.unpack(total)[0]
        if not length:
            return None
        if number not in self._bodies:
            try:
                self._bodies[number] = (bytearray(length), 0)
            except MemoryError:
                self._bodies[number] = (None, 0)
        body, filled = self._bodies[number]
        stop = filled + size
        if body is None or stop > len(body):
            return None
        self._bodies[number] = (body, stop)
        return memoryview(body)[filled:stop]

    def drop(self, number: int) -> None:
        self._bodies.pop(number, None)

    def put_back(self, number: int, body: Buffer) -> None:
        """A body that was read, but is to be read again later."""
        self._bodies[number] = (bytearray(body), len(body))

    def body(self, number: int, payload: bytes) -> Buffer:
        """The body of the frame that has come: `payload`, where no chunks came ahead of it. Raises MemoryError."""
        if payload or number not in self._bodies:
            return payload
        body, filled = self._bodies.pop(number)
        if body is None:
            raise MemoryError(f"no room for a request of {filled} bytes")
        # What is missing, or too much, is for the reader of the message to find.
        return body if filled >= len(body) else body[:filled]


class _Body:
    __slots__ = ("at", "data", "granted", "kind", "last")

    def __init__(self, kind: int, data: bytes, last: bytes) -> None:
        self.kind = kind
        self.data = memoryview(data)
        self.at = 0
        self.last = last
        self.granted = 0


class Outgoing:
    """Answers of sessions that are too large for their frame."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._bodies: Dict[int, _Body] = {}
        # With a grant, in turns.
        self.turns: Deque[int] = deque()
        # Whose transfer has ended since this was last read.
        self.ended: List[int] = []

    def __contains__(self, number: int) -> bool:
        return number in self._bodies

    def put(self, kind: int, number: int, data: bytes, last: bytes = b"") -> None:
        """`kind`: RESULT, ITEM or CALLBACK, whose frame comes behind the chunks, with `last` as its payload.

        `last` also stands in the announcement: whose callback it is.
        """
        self._bodies[number] = _Body(kind, data, last)
        self._link.put(kinds.CHUNKED, number, _TOTAL.pack(len(data)) + last)

    def grant(self, number: int, payload: bytes) -> None:
        body = self._bodies.get(number)
        if body is not None and len(payload) == _PULL.size:
            body.granted += _PULL.unpack(payload)[0]
            if number not in self.turns:
                self.turns.append(number)

    def drop(self, number: int) -> None:
        if self._bodies.pop(number, None) is not None and number in self.turns:
            self.turns.remove(number)

    def send(self) -> None:
        """One chunk of the body whose turn it is."""
        number = self.turns.popleft()
        body = self._bodies[number]
        stop = min(len(body.data), body.at + min(CHUNK, body.granted))
        # Copied: the frame may wait for others to leave with.
        self._link.put(kinds.CHUNK_OUT, number, bytes(body.data[body.at : stop]))
        body.granted -= stop - body.at
        body.at = stop
        if stop == len(body.data):
            del self._bodies[number]
            self._link.put(body.kind, number, body.last)
            self.ended.append(number)
        elif body.granted:
            self.turns.append(number)
