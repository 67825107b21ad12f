"""Frames against the official protobuf runtime."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from protos import SessionRequestEnvelope, SessionResponseEnvelope

from podule import _frames as frames

ids = st.integers(1, 2**40)
bodies = st.binary(max_size=200)
texts = st.text(st.characters(codec="utf-8"), max_size=20)


def sent(*written: frames.Frame, received: int = 0):
    message = SessionRequestEnvelope.FromString(frames.message(written, received))
    assert message.received == received
    return message.frames


@given(texts, texts, st.integers(0, 2**60))
def test_open(module, token, received):
    [frame] = sent(frames.open_frame(module, token, received))
    assert (frame.open.module, frame.open.resumable, frame.open.token) == (module, True, token)
    assert frame.open.received == received


@given(ids, st.lists(bodies, max_size=3), st.integers(0, 2**31), texts, st.integers(0, 2**31))
def test_call(id, pieces, timeout_ms, traceparent, credit):
    [frame] = sent(frames.call_frame(id, pieces, timeout_ms, traceparent, credit))
    call = frame.call
    assert (call.id, call.request, call.timeout_ms) == (id, b"".join(pieces), timeout_ms)
    assert (call.traceparent, call.stream, call.credit) == (traceparent, credit > 0, credit)


@given(ids, bodies, st.integers(0, 2**32), st.booleans(), st.lists(ids, max_size=5), st.integers(0, 2**60))
def test_the_others(id, data, total, callback, objects, received):
    written = [
        frames.cancel_frame(id),
        frames.credit_frame(id, 7),
        frames.chunk_frame(id, data, total, callback),
        frames.release_frame(objects),
        frames.callback_result_frame(id, [data, b"x"]),
        frames.callback_result_frame(id, [], b"status"),
        frames.close_frame(),
    ]
    cancel, credit, chunk, release, result, error, close = sent(*written, received=received)
    assert cancel.cancel.id == id
    assert (credit.credit.id, credit.credit.items) == (id, 7)
    assert (chunk.chunk.id, chunk.chunk.data, chunk.chunk.total, chunk.chunk.callback) == (id, data, total, callback)
    assert list(release.release.ids) == objects
    assert (result.callback_result.id, result.callback_result.response) == (id, data + b"x")
    assert (error.callback_result.error, error.callback_result.response) == (b"status", b"")
    assert close.WhichOneof("frame") == "close"


@given(ids, bodies, st.integers(0, 2**32 - 1), texts, st.integers(0, 2**60), st.booleans())
def test_read(id, body, number, token, received, callback):
    message = SessionResponseEnvelope(received=received)
    opened = message.frames.add().opened
    opened.max_in_flight, opened.token, opened.received, opened.grace_ms = number, token, received, number
    for kind in ("result", "item", "error"):
        frame = getattr(message.frames.add(), kind)
        frame.id, frame.body = id, body
    message.frames.add().end.id = id
    message.frames.add().draining.grace_ms = number
    chunk = message.frames.add().chunk
    chunk.id, chunk.data, chunk.total, chunk.callback = id, body, number, callback
    call = message.frames.add().callback
    call.id, call.function, call.request = id, number, body
    read, acknowledged = frames.read_message(message.SerializeToString())
    assert acknowledged == received
    opened, result, item, error, end, draining, chunk_, callback_ = read
    assert (opened.kind, opened.number, opened.token) == (frames.OPENED, number, token)
    assert (opened.received, opened.grace_ms) == (received, number)
    for frame, kind in ((result, frames.RESULT), (item, frames.ITEM), (error, frames.ERROR)):
        assert (frame.kind, frame.id, frames.bytes_of(frame.body)) == (kind, id, body)
    assert (end.kind, end.id) == (frames.END, id)
    assert (draining.kind, draining.number) == (frames.DRAINING, number)
    assert (chunk_.id, frames.bytes_of(chunk_.body), chunk_.number, chunk_.callback) == (id, body, number, callback)
    assert (callback_.id, callback_.number, frames.bytes_of(callback_.body)) == (id, number, body)


@given(st.binary(max_size=60))
def test_garbage_is_refused_or_read_but_nothing_else(data):
    try:
        frames.read_message(data)
    except frames.ProtocolError:
        pass


def test_cut_messages_are_refused():
    message = SessionResponseEnvelope()
    frame = message.frames.add().result
    frame.id, frame.body = 5, b"body"
    data = message.SerializeToString()
    for end in range(1, len(data)):
        with pytest.raises(frames.ProtocolError):
            frames.read_message(data[:end])
