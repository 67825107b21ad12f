"""What a call has come to, on its way out."""

from __future__ import annotations

from . import kinds
from .link import Link
from .transfers import INLINE, Outgoing
from .wire import varint


class Answers:
    def __init__(self, link: Link, outgoing: Outgoing) -> None:
        self._link = link
        self._outgoing = outgoing

    def put(self, kind: int, number: int, body: bytes, in_session: bool) -> None:
        """RESULT or ITEM; a large one of a session in chunks."""
        payload = b"".join((b"\x0a", varint(len(body)), body))
        if in_session and len(payload) > INLINE:
            self._outgoing.put(kind, number, payload)
        else:
            self._link.put(kind, number, payload)

    def end(self, number: int) -> None:
        self._link.put(kinds.END, number)

    def error(self, number: int, status: bytes) -> None:
        self._link.put(kinds.ERROR, number, status)
