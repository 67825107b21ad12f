"""What the module server has asked for and is not done: calls in their order, streams under way."""

from __future__ import annotations

import struct
from collections import deque
from typing import Callable, Deque, Dict, List, Optional, Set, Tuple

from . import kinds
from .errors import status_of
from .interrupts import Cancelled, Interrupt, interrupt_of
from .link import Frame, Link
from .streams import Stream
from .traces import Traces
from .transfers import Incoming, Outgoing

CREDIT = struct.Struct("<I")
_SESSION = struct.Struct("<I")
# Where the credit of a SESSION_CALL stands.
_SESSION_CREDIT = 13
_SESSION_HEADER = 17
_MOST_CREDIT = 0xFFFFFFFF
_OF_SESSIONS = (kinds.SESSION_CALL, kinds.SESSION_CLOSE, kinds.RELEASE)


class Suspended:
    """A call that waits for a callback, and what it is to be told."""

    def __init__(self, number: int, interrupted: bool) -> None:
        self.number = number
        self.interrupted = interrupted
        self.interrupt: Optional[Interrupt] = None


class Inbox:
    """Frames go in by `take`, from the loop or from the signal handler, never from both at once."""

    def __init__(self, link: Link, incoming: Incoming, outgoing: Outgoing) -> None:
        self._link = link
        self._incoming = incoming
        self._outgoing = outgoing
        self.traces = Traces(link)
        self.order: Deque[int] = deque()
        self.queued: Dict[int, Tuple[int, bytes]] = {}
        self.streams: Dict[int, Stream] = {}
        # Streams that may go on: with credit, or to be closed.
        self.ready: Deque[int] = deque()
        # The call whose code runs now, and what it is to be told. It is told once.
        self.running = 0
        self.interrupt: Optional[Interrupt] = None
        self.interrupted = False
        self._suspended: List[Suspended] = []
        # Callbacks: those that are waited for, and their answers.
        self._awaited: Set[int] = set()
        self.answers: Dict[int, Tuple[int, bytes]] = {}
        # A call of a session has been answered by an error without having been started. Set by the worker.
        self.refused: Callable[[bytes, bytes], None] = lambda _header, _status: None
        # Tells a call that runs beside others; False: it does not. Set by the worker.
        self.interrupt_active: Callable[[int, Interrupt], bool] = lambda _number, _interrupt: False
        # RELEASE and SESSION_CLOSE wait among the calls, under numbers of their own.
        self._control = 0
        # Calls that need what a suspended call will leave: looked at again when it goes on.
        self._deferred: List[int] = []

    def run(self, number: int) -> None:
        self.interrupted = False
        self.interrupt = None
        self.running = number

    def suspend(self, callback: int) -> Suspended:
        """The running call waits for a callback; others may run meanwhile."""
        outer = Suspended(self.running, self.interrupted)
        self._suspended.append(outer)
        self._awaited.add(callback)
        self.running = 0
        return outer

    def defer(self, number: int, kind: int, payload: bytes) -> None:
        self.queued[number] = (kind, payload)
        self._deferred.append(number)

    def retry(self) -> None:
        """The deferred calls are looked at again."""
        self.order.extendleft(reversed(self._deferred))
        self._deferred.clear()

    def resume(self, outer: Suspended, callback: int) -> None:
        self.retry()
        self._suspended.remove(outer)
        self._awaited.discard(callback)
        self.run(outer.number)
        self.interrupted = outer.interrupted or outer.interrupt is not None

    def pop(self) -> Tuple[int, int, bytes]:
        """The next call as (id, kind, payload); kind 0 if it was cancelled while it waited."""
        number = self.order.popleft()
        kind, payload = self.queued.pop(number, (0, b""))
        return number, kind, payload

    def pop_of(self, session: int) -> Optional[Tuple[int, int, bytes]]:
        """The next of that session; None where there is none."""
        for number in self.order:
            kind, payload = self.queued.get(number, (0, b""))
            if kind in _OF_SESSIONS and _SESSION.unpack_from(payload)[0] == session:
                self.order.remove(number)
                del self.queued[number]
                return number, kind, payload
        return None

    def ready_of(self, session: int) -> Optional[int]:
        for number in self.ready:
            if self.streams[number].session == session:
                self.ready.remove(number)
                return number
        return None

    def take(self, frames: List[Frame]) -> None:
        for kind, number, payload in frames:
            if (
                kind == kinds.CALL
                or (kind == kinds.STREAM and len(payload) >= CREDIT.size)
                or (kind == kinds.SESSION_CALL and len(payload) >= _SESSION_HEADER)
            ):
                self.queued[number] = (kind, payload)
                self.order.append(number)
            elif kind == kinds.TRACE:
                self.traces.take(number, payload)
            elif kind == kinds.CANCEL:
                self._cancel(number, interrupt_of(payload[0] if payload else 0))
            elif kind == kinds.CREDIT and len(payload) == CREDIT.size:
                self._add_credit(number, CREDIT.unpack(payload)[0])
            elif kind == kinds.RECALL:
                self._recall()
            elif kind == kinds.RELEASE:
                self._in_order(kind, _SESSION.pack(number) + payload)
            elif kind == kinds.CHUNK and len(payload) >= 8:
                self._incoming.take(number, payload)
            elif kind == kinds.PULL:
                self._outgoing.grant(number, payload)
            elif kind in (kinds.CALLBACK_RESULT, kinds.CALLBACK_ERROR):
                if number in self._awaited:
                    self.answers[number] = (kind, payload)
                else:
                    self._incoming.drop(number)
            elif kind == kinds.SESSION_CLOSE:
                self._close(number)

    def _in_order(self, kind: int, payload: bytes) -> None:
        self._control -= 1
        self.queued[self._control] = (kind, payload)
        self.order.append(self._control)

    def _close(self, session: int) -> None:
        header = _SESSION.pack(session)
        for number, (kind, payload) in list(self.queued.items()):
            if kind == kinds.SESSION_CALL and payload[: _SESSION.size] == header:
                self._cancel(number, Cancelled())
        for number, stream in self.streams.items():
            if stream.session == session:
                self._outgoing.drop(number)
                stream.ended_by = Cancelled()
                self._make_ready(number)
        self._in_order(kinds.SESSION_CLOSE, header)

    def _cancel(self, number: int, interrupt: Interrupt) -> None:
        queued = self.queued.pop(number, None)
        if queued is not None:
            self.traces.drop(number)
            status = status_of(interrupt)
            self._link.put(kinds.ERROR, number, status)
            if queued[0] == kinds.SESSION_CALL:
                self.refused(queued[1], status)
        elif number == self.running:
            if not self.interrupted:
                self.interrupt = interrupt
        elif self.interrupt_active(number, interrupt):
            self._outgoing.drop(number)
        elif number in self.streams:
            self._outgoing.drop(number)
            self.streams[number].ended_by = interrupt
            self._make_ready(number)
        elif number in self._outgoing:
            self._outgoing.drop(number)
            self._link.put(kinds.ERROR, number, status_of(interrupt))
        else:
            for outer in self._suspended:
                if outer.number == number and not outer.interrupted:
                    outer.interrupt = interrupt

    def _add_credit(self, number: int, items: int) -> None:
        stream = self.streams.get(number)
        if stream is not None:
            stream.credit = min(stream.credit + items, _MOST_CREDIT)
            if items and number != self.running and number not in self._outgoing:
                self._make_ready(number)
            return
        kind, payload = self.queued.get(number, (0, b""))
        at = {kinds.STREAM: 0, kinds.SESSION_CALL: _SESSION_CREDIT}.get(kind)
        if at is not None:
            credit = min(CREDIT.unpack_from(payload, at)[0] + items, _MOST_CREDIT)
            self.queued[number] = (kind, payload[:at] + CREDIT.pack(credit) + payload[at + CREDIT.size :])

    def _make_ready(self, number: int) -> None:
        if number not in self.ready:
            self.ready.append(number)

    def transferred(self, number: int) -> None:
        """The large item of a stream has left: it may go on."""
        stream = self.streams.get(number)
        if stream is not None and (stream.credit or stream.ended_by is not None):
            self._make_ready(number)

    def _recall(self) -> None:
        """Calls of sessions stay: their objects are here."""
        for number, (kind, _) in list(self.queued.items()):
            if kind not in _OF_SESSIONS:
                self._link.put(kinds.RECALLED, number)
                self.traces.drop(number)
                del self.queued[number]
                self.order.remove(number)
