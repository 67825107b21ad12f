"""What the module server has asked for and is not done: calls in their order, streams under way."""

from __future__ import annotations

import struct
from collections import deque
from typing import Deque, Dict, List, Optional, Tuple

from . import kinds
from .errors import status_of
from .interrupts import Interrupt, interrupt_of
from .link import Frame, Link
from .streams import Stream

CREDIT = struct.Struct("<I")
_MOST_CREDIT = 0xFFFFFFFF


class Inbox:
    """Frames go in by `take`, from the loop or from the signal handler, never from both at once."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.order: Deque[int] = deque()
        self.queued: Dict[int, Tuple[int, bytes]] = {}
        self.streams: Dict[int, Stream] = {}
        # Streams that may go on: with credit, or to be closed.
        self.ready: Deque[int] = deque()
        # The call whose code runs now, and what it is to be told. It is told once.
        self.running = 0
        self.interrupt: Optional[Interrupt] = None
        self.interrupted = False

    def run(self, number: int) -> None:
        self.interrupted = False
        self.interrupt = None
        self.running = number

    def pop(self) -> Tuple[int, int, bytes]:
        """The next call as (id, kind, payload); kind 0 if it was cancelled while it waited."""
        number = self.order.popleft()
        kind, payload = self.queued.pop(number, (0, b""))
        return number, kind, payload

    def take(self, frames: List[Frame]) -> None:
        for kind, number, payload in frames:
            if kind == kinds.CALL or (kind == kinds.STREAM and len(payload) >= CREDIT.size):
                self.queued[number] = (kind, payload)
                self.order.append(number)
            elif kind == kinds.CANCEL:
                self._cancel(number, interrupt_of(payload[0] if payload else 0))
            elif kind == kinds.CREDIT and len(payload) == CREDIT.size:
                self._add_credit(number, CREDIT.unpack(payload)[0])
            elif kind == kinds.RECALL:
                self._recall()

    def _cancel(self, number: int, interrupt: Interrupt) -> None:
        if self.queued.pop(number, None) is not None:
            self._link.put(kinds.ERROR, number, status_of(interrupt))
        elif number == self.running:
            if not self.interrupted:
                self.interrupt = interrupt
        elif number in self.streams:
            self.streams[number].ended_by = interrupt
            self._make_ready(number)

    def _add_credit(self, number: int, items: int) -> None:
        stream = self.streams.get(number)
        if stream is not None:
            stream.credit = min(stream.credit + items, _MOST_CREDIT)
            if items and number != self.running:
                self._make_ready(number)
            return
        kind, payload = self.queued.get(number, (0, b""))
        if kind == kinds.STREAM:
            credit = min(CREDIT.unpack_from(payload)[0] + items, _MOST_CREDIT)
            self.queued[number] = (kind, CREDIT.pack(credit) + payload[CREDIT.size :])

    def _make_ready(self, number: int) -> None:
        if number not in self.ready:
            self.ready.append(number)

    def _recall(self) -> None:
        for number in self.queued:
            self._link.put(kinds.RECALLED, number)
        self.queued.clear()
        self.order.clear()
