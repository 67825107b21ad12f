"""The client's end of a session, without I/O: what to send next, and what an arrived message means.

Both ends count the frames they exchange and keep what the other has not yet confirmed, so that after a broken stream each is
sent again exactly once. Not thread-safe: its user brings the lock.
"""

from __future__ import annotations

from collections import deque
from typing import Iterable, NamedTuple, Protocol, Sequence

from . import _frames as frames
from ._arrays import padding
from ._frames import Body, Buffer, Frame, ServerFrame

MESSAGE_BYTES = 1 << 20
CHUNK_BYTES = 1 << 20
INLINE_BYTES = 64 << 10
WINDOW_BYTES = 4 << 20
ACK_BYTES = 64 << 10
ACK_FRAMES = 64
LARGEST_BODY = 4 << 30


class Events(Protocol):
    """What a session tells its user; bodies may be kept."""

    def on_result(self, call: int, body: Body) -> None: ...
    def on_item(self, call: int, body: Body) -> None: ...
    def on_end(self, call: int) -> None: ...
    def on_error(self, call: int, status: Body) -> None: ...
    def on_lost(self, status: Body) -> None: ...
    def on_draining(self, grace_ms: int) -> None: ...
    def on_callback(self, callback: int, function: int, request: Body) -> None: ...


class Outgoing(NamedTuple):
    """A call to be sent. `after`: the objects that it names; `credit`: how many items of a streamed call may come."""

    id: int
    request: Sequence[Buffer]
    after: Iterable[int] = ()
    timeout_ms: int = 0
    traceparent: str = ""
    credit: int = 0


def check_size(call: Outgoing) -> None:
    """Raises ValueError where the call is too large to be sent."""
    if len(call.request) > 1 and sum(map(len, call.request)) > LARGEST_BODY:
        raise ValueError(f"arguments of more than {LARGEST_BODY} bytes cannot be sent")


class _Large:
    """A body on its way in chunks, then the frame that uses it."""

    def __init__(self, id: int, callback: bool, body: Sequence[Buffer], last: Frame) -> None:
        self.id, self.callback, self.last = id, callback, last
        self._pieces = deque(memoryview(piece).cast("B") for piece in body if len(piece))
        self.total = sum(map(len, self._pieces))
        if self.total > LARGEST_BODY:
            raise ValueError(f"{self.total} bytes: at most {LARGEST_BODY} can be sent")

    def next_chunk(self) -> Frame:
        taken: list[memoryview] = []
        room = CHUNK_BYTES
        while room and self._pieces:
            piece = self._pieces.popleft()
            if len(piece) > room:
                self._pieces.appendleft(piece[room:])
                piece = piece[:room]
            taken.append(piece)
            room -= len(piece)
        data = taken[0] if len(taken) == 1 else memoryview(b"".join(taken))
        return frames.chunk_frame(self.id, data, self.total, self.callback)

    @property
    def done(self) -> bool:
        return not self._pieces


class Session:
    """State of one session over however many streams."""

    def __init__(self, module: str, events: Events) -> None:
        self.module, self._events = module, events
        self.token = ""
        self.max_in_flight = 1
        # 0: a session that ends with its stream; nothing is kept for another one.
        self.grace_ms = 0
        self.opened = False
        self.draining = False
        self._received = 0
        self._unconfirmed_bytes = self._confirmed = 0
        # Calls wait until the server takes more at once; the others only for the window.
        self._waiting: deque[Outgoing] = deque()
        self._running: set[int] = set()
        self._ready: deque[Frame] = deque()
        self._large: deque[_Large] = deque()
        # By the id of a call that is on its way in chunks: what has to come behind it, such as the calls that name its result.
        self._unsent: dict[int, list[Outgoing | Frame]] = {}
        self._kept: deque[Frame] = deque()
        self._kept_bytes = self._kept_first = 0
        self._again: deque[Frame] = deque()
        # By (callback's, id): the buffer, where the body begins in it, and how far it is filled.
        self._incoming: dict[tuple[bool, int], tuple[bytearray, int, int]] = {}

    # --- what the user wants sent

    def call(self, call: Outgoing) -> None:
        """Sends a call; raises ValueError where it is too large."""
        check_size(call)
        self._waiting.append(call)

    def send(self, frame: Frame) -> None:
        """Sends a credit, release or close."""
        self._ready.append(frame)

    def cancel(self, call: int) -> bool:
        """The answer is no longer wanted; it comes all the same. False: the call was never sent, and no answer comes."""
        waiting = [other for other in self._waiting if other.id != call]
        if len(waiting) < len(self._waiting):
            self._waiting = deque(waiting)
            return False
        frame = frames.cancel_frame(call)
        if call in self._unsent:
            self._unsent[call].append(frame)
        elif call in self._running:
            self._ready.append(frame)
        return True

    def answer_callback(self, callback: int, response: Sequence[Buffer], error: bytes = b"") -> None:
        if sum(map(len, response)) > INLINE_BYTES:
            self._large.append(_Large(callback, True, response, frames.callback_result_frame(callback, ())))
        else:
            self._ready.append(frames.callback_result_frame(callback, response, error))

    # --- one stream after another

    def open_message(self) -> bytes:
        """The first message of a stream: a new session's, or the next of one that broke."""
        self.opened = False
        return frames.message([frames.open_frame(self.module, self.token, self._received)], 0)

    def next_message(self) -> bytes | None:
        """What to write next; None when there is nothing, or the window is full."""
        if not self.opened:
            return None
        self._start_calls()
        batch: list[Frame] = []
        size = 0
        while self._again and size < MESSAGE_BYTES:
            frame = self._again.popleft()
            batch.append(frame)
            size += sum(map(len, frame))
        if not self._again:
            while self._ready and size < MESSAGE_BYTES and self._kept_bytes < WINDOW_BYTES:
                size += self._keep(self._ready.popleft(), batch)
            if self._large and size < MESSAGE_BYTES and self._kept_bytes < WINDOW_BYTES:
                self._next_chunk(batch)
        due = self._received - self._confirmed
        if not batch and due < ACK_FRAMES and self._unconfirmed_bytes < ACK_BYTES:
            return None
        return self._write(batch)

    @property
    def wants_to_write(self) -> bool:
        """There is something for `next_message`, unless the window is full."""
        more_calls = self._waiting and len(self._running) < self.max_in_flight
        due = self._received - self._confirmed >= ACK_FRAMES or self._unconfirmed_bytes >= ACK_BYTES
        return self.opened and bool(self._ready or self._large or self._again or more_calls or due)

    @property
    def idle(self) -> bool:
        """Nothing is expected from the server, and it has been told all that has come."""
        return not self._running and not self.owes_ack

    @property
    def owes_ack(self) -> bool:
        """Something has arrived of which the server has not been told."""
        return self.grace_ms > 0 and self._received > self._confirmed

    def ack_message(self) -> bytes | None:
        """`received` alone."""
        return self._write([]) if self.opened and self.owes_ack else None

    def _write(self, batch: list[Frame]) -> bytes:
        self._confirmed, self._unconfirmed_bytes = self._received, 0
        return frames.message(batch, self._received if self.grace_ms else 0)

    def _keep(self, frame: Frame, batch: list[Frame]) -> int:
        size = sum(map(len, frame))
        if self.grace_ms:
            self._kept.append(frame)
            self._kept_bytes += size
        batch.append(frame)
        return size

    def _start_calls(self) -> None:
        while self._waiting and len(self._running) < self.max_in_flight:
            call = self._waiting.popleft()
            self._running.add(call.id)
            self._start(call)

    def _start(self, call: Outgoing) -> None:
        for earlier in call.after:
            behind = self._unsent.get(earlier)
            if behind is not None and earlier != call.id:
                self._unsent.setdefault(call.id, [])
                behind.append(call)
                return
        rest = (call.timeout_ms, call.traceparent, call.credit)
        if sum(map(len, call.request)) > INLINE_BYTES:
            self._unsent.setdefault(call.id, [])
            self._large.append(_Large(call.id, False, call.request, frames.call_frame(call.id, (), *rest)))
        else:
            self._ready.append(frames.call_frame(call.id, call.request, *rest))
            self._sent(call.id)

    def _next_chunk(self, batch: list[Frame]) -> None:
        large = self._large.popleft()
        self._keep(large.next_chunk(), batch)
        if not large.done:
            self._large.append(large)
            return
        self._ready.append(large.last)
        if not large.callback:
            self._sent(large.id)

    def _sent(self, call: int) -> None:
        for behind in self._unsent.pop(call, ()):
            if isinstance(behind, Outgoing):
                self._start(behind)
            else:
                self._ready.append(behind)

    # --- what arrives

    def receive(self, data: bytes) -> None:
        """Takes a SessionResponse; raises ProtocolError."""
        arrived, received = frames.read_message(data)
        if received:
            self._confirm(received)
        self._unconfirmed_bytes += len(data)
        for frame in arrived:
            self._dispatch(frame)

    def _confirm(self, received: int) -> None:
        if received > self._kept_first + len(self._kept):
            raise frames.ProtocolError("the server confirms frames that were never sent")
        while self._kept_first < received:
            self._kept_bytes -= sum(map(len, self._kept.popleft()))
            self._kept_first += 1

    def _open(self, frame: ServerFrame) -> None:
        self.token, self.max_in_flight = frame.token, max(1, frame.number)
        self.grace_ms = frame.grace_ms if frame.token else 0
        if frame.received < self._kept_first:
            raise frames.ProtocolError("the server has forgotten frames that it confirmed")
        self._confirm(frame.received)
        self._again = deque(self._kept)
        self.opened = True

    def _dispatch(self, frame: ServerFrame) -> None:
        kind = frame.kind
        if kind == frames.OPENED:
            self._open(frame)
        elif kind == frames.DRAINING:
            self.draining = True
            self._events.on_draining(frame.number)
        elif kind == frames.ERROR and frame.id == 0:
            self._events.on_lost(frame.body)
        else:
            self._received += 1
            if kind == frames.RESULT:
                body = self._body(frame)
                self._ended(frame.id)
                self._events.on_result(frame.id, body)
            elif kind == frames.ITEM:
                self._events.on_item(frame.id, self._body(frame))
            elif kind == frames.END:
                self._ended(frame.id)
                self._events.on_end(frame.id)
            elif kind == frames.ERROR:
                self._incoming.pop((False, frame.id), None)
                self._ended(frame.id)
                self._events.on_error(frame.id, frame.body)
            elif kind == frames.CHUNK:
                self._chunk(frame)
            elif kind == frames.CALLBACK:
                self._events.on_callback(frame.id, frame.number, self._body(frame, callback=True))

    def _ended(self, call: int) -> None:
        self._running.discard(call)
        if call in self._unsent:
            # Answered before it was all sent: the rest is not wanted.
            self._large = deque(large for large in self._large if large.callback or large.id != call)
            self._sent(call)

    def _chunk(self, frame: ServerFrame) -> None:
        key = (frame.callback, frame.id)
        data, start, end = frame.body
        held = self._incoming.get(key)
        if held is None:
            if frame.number > LARGEST_BODY:
                raise frames.ProtocolError(f"a body of {frame.number} bytes")
            free = padding(frame.body)
            held = (bytearray(free + frame.number), free, free)
        buffer, first, filled = held
        stop = filled + end - start
        if stop > len(buffer):
            raise frames.ProtocolError("chunks beyond their declared total")
        buffer[filled:stop] = memoryview(data)[start:end]
        self._incoming[key] = (buffer, first, stop)

    def _body(self, frame: ServerFrame, callback: bool = False) -> Body:
        held = self._incoming.pop((callback, frame.id), None) if self._incoming else None
        if held is None:
            return frame.body
        buffer, first, filled = held
        if filled != len(buffer):
            raise frames.ProtocolError("a body whose chunks are not all there")
        return buffer, first, filled
