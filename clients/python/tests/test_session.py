"""The client's end of a session against a model of the server's: whatever breaks and whenever, everything arrives exactly once."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from protos import SessionRequestEnvelope, SessionResponseEnvelope

from podule import _frames as frames, _session
from podule._session import Outgoing, Session

LIMIT = 6


class Server:
    """What the module server promises, written with the official runtime: it counts, keeps, and sends again."""

    def __init__(self) -> None:
        self.received = 0
        self.kept: list[bytes] = []
        self.kept_first = 0
        self.chunks: dict[tuple[bool, int], bytes] = {}
        self.calls: dict[int, bytes] = {}
        self.order: list[int] = []
        self.cancelled: list[int] = []
        self.released: list[int] = []
        self.credits: dict[int, int] = {}
        self.callback_results: dict[int, bytes] = {}
        self.answered: set[int] = set()
        self.to_client: deque[bytes] = deque()
        self.connected = False

    @property
    def running(self) -> list[int]:
        return [id for id in self.order if id not in self.answered]

    def take(self, data: bytes) -> None:
        message = SessionRequestEnvelope.FromString(data)
        self._confirm(message.received)
        for frame in message.frames:
            kind = frame.WhichOneof("frame")
            if kind == "open":
                self._open(frame.open)
                continue
            self.received += 1
            getattr(self, "_" + kind)(getattr(frame, kind))
        assert len(self.running) <= LIMIT, "more calls than may be in flight"

    def _confirm(self, received: int) -> None:
        assert received <= self.kept_first + len(self.kept)
        if received > self.kept_first:
            del self.kept[: received - self.kept_first]
            self.kept_first = received

    def _open(self, frame) -> None:
        assert frame.resumable and (frame.token in ("", "pod.secret"))
        assert frame.received >= self.kept_first
        self._confirm(frame.received)
        message = SessionResponseEnvelope()
        opened = message.frames.add().opened
        opened.max_in_flight, opened.token = LIMIT, "pod.secret"
        opened.received, opened.grace_ms = self.received, 30_000
        self.connected = True
        self.to_client.append(message.SerializeToString())
        for data in self.kept:
            self.to_client.append(data)

    def _call(self, frame) -> None:
        assert frame.id not in self.calls, "a call arrived twice"
        self.calls[frame.id] = self.chunks.pop((False, frame.id), b"") or frame.request
        self.order.append(frame.id)
        if frame.stream:
            self.credits[frame.id] = frame.credit

    def _chunk(self, frame) -> None:
        assert len(frame.data) <= _session.CHUNK_BYTES
        key = (frame.callback, frame.id)
        self.chunks[key] = self.chunks.get(key, b"") + frame.data
        assert len(self.chunks[key]) <= frame.total

    def _cancel(self, frame) -> None:
        assert frame.id in self.calls, "cancelled before it came"
        self.cancelled.append(frame.id)

    def _credit(self, frame) -> None:
        self.credits[frame.id] += frame.items

    def _release(self, frame) -> None:
        self.released.extend(frame.ids)

    def _callback_result(self, frame) -> None:
        assert frame.id not in self.callback_results, "a callback was answered twice"
        self.callback_results[frame.id] = self.chunks.pop((True, frame.id), b"") or frame.response

    def _close(self, frame) -> None:
        raise AssertionError("never closed here")

    def send(self, fill) -> None:
        message = SessionResponseEnvelope(received=self.received)
        fill(message.frames.add())
        data = message.SerializeToString()
        self.kept.append(data)
        if self.connected:
            self.to_client.append(data)

    def answer(self, id: int, kind: str, size: int) -> bytes:
        body = bytes([id % 251]) * size
        if kind != "error" and size > 3:
            for start in range(0, size, 3):
                self.send(lambda frame, start=start: self._fill_chunk(frame.chunk, id, body[start : start + 3], size))
            self.send(lambda frame: setattr(getattr(frame, kind), "id", id))
        else:
            self.send(lambda frame: self._fill_body(getattr(frame, kind), id, body))
        if kind != "item":
            self.answered.add(id)
        return body

    def acknowledge(self) -> None:
        if self.connected:
            self.to_client.append(SessionResponseEnvelope(received=self.received).SerializeToString())

    @staticmethod
    def _fill_chunk(chunk, id: int, data: bytes, total: int, callback: bool = False) -> None:
        chunk.id, chunk.data, chunk.total, chunk.callback = id, data, total, callback

    @staticmethod
    def _fill_body(frame, id: int, body: bytes) -> None:
        frame.id, frame.body = id, body


class SessionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.session = Session("numpy", self)
        self.server = Server()
        self.to_server: deque[bytes] = deque()
        self.called: dict[int, bytes] = {}
        self.uncalled: set[int] = set()
        self.after: dict[int, int] = {}
        self.expected: dict[int, tuple[str, bytes]] = {}
        self.answers: dict[int, tuple[str, bytes]] = {}
        self.items_sent: dict[int, list[bytes]] = {}
        self.items: dict[int, list[bytes]] = {}
        self.released: list[int] = []
        self.called_back = 0
        self.callbacks: list[int] = []
        self.callback_results: dict[int, bytes] = {}

    # --- what the session tells

    def on_result(self, call: int, body: frames.Body) -> None:
        self._final(call, "result", frames.bytes_of(body))

    def on_error(self, call: int, status: frames.Body) -> None:
        self._final(call, "error", frames.bytes_of(status))

    def on_end(self, call: int) -> None:
        self._final(call, "end", b"")

    def _final(self, call: int, kind: str, body: bytes) -> None:
        assert call not in self.answers, "answered twice"
        self.answers[call] = (kind, body)

    def on_item(self, call: int, body: frames.Body) -> None:
        self.items.setdefault(call, []).append(frames.bytes_of(body))

    def on_callback(self, callback: int, function: int, request: frames.Body) -> None:
        assert frames.bytes_of(request) == b"args"
        self.callbacks.append(callback)

    def on_lost(self, status: frames.Body) -> None:
        raise AssertionError

    def on_draining(self, grace_ms: int) -> None:
        raise AssertionError

    # --- steps

    @initialize()
    def connect(self) -> None:
        self.to_server.append(self.session.open_message())

    @rule(size=st.integers(0, 20), depends=st.booleans(), streamed=st.booleans())
    def call(self, size: int, depends: bool, streamed: bool) -> None:
        id = len(self.called) + 1
        body = bytes([id % 251]) * size
        after = ()
        if depends and id > 1:
            after = (id - 1,)
            self.after[id] = id - 1
        self.called[id] = body
        self.session.call(Outgoing(id, [body], after, credit=8 if streamed else 0))

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        open_ = [id for id in self.called if id not in self.answers and id not in self.uncalled]
        if open_ and not self.session.cancel(data.draw(st.sampled_from(open_))):
            gone = {id for id in open_ if id not in self.server.calls and all(id != call.id for call in self.session._waiting)}
            self.uncalled |= {id for id in gone if id not in self.session._running}

    @rule(id=st.integers(1, 100))
    def release(self, id: int) -> None:
        self.released.append(id)
        self.session.send(frames.release_frame([id]))

    @rule()
    def write(self) -> None:
        message = self.session.next_message()
        if message is not None:
            self.to_server.append(message)
        else:
            assert not self.session.wants_to_write or self.session._kept_bytes >= _session.WINDOW_BYTES

    @rule()
    def acknowledge(self) -> None:
        message = self.session.ack_message()
        if message is not None:
            self.to_server.append(message)

    @rule()
    def arrive_there(self) -> None:
        if self.to_server:
            self.server.take(self.to_server.popleft())

    @rule()
    def arrive_here(self) -> None:
        if self.server.to_client:
            self.session.receive(self.server.to_client.popleft())

    @rule(times=st.integers(1, 3))
    def exchange(self, times: int) -> None:
        """Nothing is lost for a while."""
        for _ in range(times):
            self.write()
            while self.to_server:
                self.server.take(self.to_server.popleft())
            while self.server.to_client:
                self.session.receive(self.server.to_client.popleft())

    @rule(data=st.data(), kind=st.sampled_from(["result", "item", "error", "end"]), size=st.integers(0, 10))
    def answer(self, data: st.DataObject, kind: str, size: int) -> None:
        if not self.server.running:
            return
        id = data.draw(st.sampled_from(self.server.running))
        streamed = id in self.server.credits
        if kind == "end" and streamed:
            self.server.send(lambda frame: setattr(frame.end, "id", id))
            self.server.answered.add(id)
            self.expected[id] = ("end", b"")
        elif kind == "item" and streamed:
            self.items_sent.setdefault(id, []).append(self.server.answer(id, "item", size))
        elif kind in ("result", "error"):
            self.expected[id] = (kind, self.server.answer(id, kind, size))

    @rule()
    def confirm(self) -> None:
        if self.server.received:
            self.server.acknowledge()

    @rule()
    def call_back(self) -> None:
        if not self.server.calls:
            return
        self.called_back += 1
        id = self.called_back

        def fill(frame) -> None:
            frame.callback.id, frame.callback.function, frame.callback.request = id, 1, b"args"

        self.server.send(fill)

    @rule(size=st.integers(0, 20))
    def answer_callback(self, size: int) -> None:
        if self.callbacks:
            id = self.callbacks.pop()
            assert id not in self.callback_results, "called back twice"
            self.callback_results[id] = b"c" * size
            self.session.answer_callback(id, [self.callback_results[id]])

    @rule(keep_here=st.integers(0, 3), keep_there=st.integers(0, 3))
    def break_stream(self, keep_here: int, keep_there: int) -> None:
        """Some of what is on its way still arrives, the rest is lost with the stream."""
        for _ in range(min(keep_there, len(self.to_server))):
            self.server.take(self.to_server.popleft())
        for _ in range(min(keep_here, len(self.server.to_client))):
            self.session.receive(self.server.to_client.popleft())
        self.to_server.clear()
        self.server.connected = False
        self.server.to_client.clear()
        self.to_server.append(self.session.open_message())

    @invariant()
    def bounded(self) -> None:
        assert self.session._kept_bytes < _session.WINDOW_BYTES + _session.CHUNK_BYTES + _session.INLINE_BYTES

    def teardown(self) -> None:
        """Without further breaks all of it arrives."""
        self.break_stream(0, 0)
        for _ in range(300):
            while self.to_server:
                self.server.take(self.to_server.popleft())
            if self.server.received:
                self.server.acknowledge()
            while self.server.to_client:
                self.session.receive(self.server.to_client.popleft())
            while self.callbacks:
                self.answer_callback(2)
            for id in self.server.running:
                self.expected[id] = ("result", self.server.answer(id, "result", 2))
            message = self.session.next_message()
            if message is not None:
                self.to_server.append(message)
            if message is None and not self.server.to_client and not self.session.wants_to_write:
                break
        called = {id: body for id, body in self.called.items() if id not in self.uncalled}
        assert self.server.calls == called
        assert self.answers == self.expected and set(self.answers) == set(called)
        assert self.items == self.items_sent
        assert self.server.released == self.released
        assert self.server.callback_results == self.callback_results and len(self.callback_results) == self.called_back
        for id, earlier in self.after.items():
            if id in called and earlier in called:
                assert self.server.order.index(earlier) < self.server.order.index(id)


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few bytes are a large body, and a few frames fill the window."""
    for name, value in (("INLINE_BYTES", 8), ("CHUNK_BYTES", 5), ("WINDOW_BYTES", 120), ("MESSAGE_BYTES", 60), ("ACK_FRAMES", 4)):
        monkeypatch.setattr(_session, name, value)


SessionMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)


class TestExactlyOnce(SessionMachine.TestCase):
    pass
