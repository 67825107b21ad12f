"""The frames of `podule.v1.Calls.Session` as bytes: written and read by hand, for speed.

Shapes: a *frame* to send is a tuple of byte pieces (ClientFrame messages); a *message* is one SessionRequest or SessionResponse.
Malformed input raises `ProtocolError`.
"""

from __future__ import annotations

from typing import Iterator, NamedTuple, Sequence, Tuple, Union

Buffer = Union[bytes, bytearray, memoryview]
Frame = Tuple[Buffer, ...]
Bytes = Union[bytes, bytearray]
# A part of a message: data[start:end].
Body = Tuple[Bytes, int, int]
NO_BODY: Body = (b"", 0, 0)
CUT = "a message that is cut off"

# Fields of ServerFrame.
OPENED, RESULT, ITEM, END, ERROR, DRAINING, CHUNK, CALLBACK = range(1, 9)
UNCOUNTED = frozenset((OPENED, DRAINING))


class ProtocolError(Exception):
    """The peer sent bytes that are no frames."""


def varint(number: int) -> bytes:
    """A non-negative int below 2**64 as a protobuf varint."""
    if number < 128:
        return bytes((number,))
    pieces = bytearray()
    while number > 127:
        pieces.append(number & 127 | 128)
        number >>= 7
    pieces.append(number)
    return bytes(pieces)


def _text(tag: bytes, value: str) -> bytes:
    data = value.encode()
    return tag + varint(len(data)) + data if data else b""


def _number(tag: bytes, value: int) -> bytes:
    return tag + varint(value) if value else b""


def _frame(tag: bytes, body: bytes, *tail: Buffer) -> Frame:
    length = len(body) + sum(map(len, tail))
    return (tag + varint(length) + body, *tail)


def open_frame(module: str, token: str, received: int) -> Frame:
    """`open` of a resumable session; `token` is empty for a new one."""
    body = _text(b"\x0a", module) + b"\x10\x01" + _text(b"\x1a", token) + _number(b"\x20", received)
    return _frame(b"\x0a", body)


def call_frame(call: int, request: Sequence[Buffer], timeout_ms: int = 0, traceparent: str = "", credit: int = 0) -> Frame:
    """`call`; with `credit` a streamed one. `request` is a CallRequest in pieces, empty where chunks carried it."""
    head = b"\x08" + varint(call)
    if len(request) == 1 and not (timeout_ms or traceparent or credit):
        # Nearly all calls.
        body = request[0]
        head += b"\x12" + varint(len(body))
        return (b"".join((b"\x12", varint(len(head) + len(body)), head, body)),)
    if timeout_ms:
        head += b"\x18" + varint(timeout_ms)
    if traceparent:
        head += _text(b"\x22", traceparent)
    if credit:
        head += b"\x28\x01\x30" + varint(credit)
    if request:
        head += b"\x12" + varint(sum(map(len, request)))
    return _frame(b"\x12", head, *request)


def cancel_frame(call: int) -> Frame:
    return _frame(b"\x1a", b"\x08" + varint(call))


def credit_frame(call: int, items: int) -> Frame:
    return _frame(b"\x22", b"\x08" + varint(call) + b"\x10" + varint(items))


def chunk_frame(body: int, data: Buffer, total: int, callback: bool) -> Frame:
    head = b"\x08" + varint(body) + b"\x18" + varint(total)
    if callback:
        head += b"\x20\x01"
    return _frame(b"\x2a", head + b"\x12" + varint(len(data)), data)


def release_frame(objects: Sequence[int]) -> Frame:
    ids = b"".join(map(varint, objects))
    return _frame(b"\x32", b"\x0a" + varint(len(ids)) + ids)


def callback_result_frame(callback: int, response: Sequence[Buffer], error: bytes = b"") -> Frame:
    """The answer of a callback: a CallResponse in pieces, or a google.rpc.Status."""
    head = b"\x08" + varint(callback)
    if error:
        return _frame(b"\x3a", head + b"\x1a" + varint(len(error)), error)
    if response:
        head += b"\x12" + varint(sum(map(len, response)))
    return _frame(b"\x3a", head, *response)


def close_frame() -> Frame:
    return _frame(b"\x42", b"")


def message(frames: Sequence[Frame], received: int) -> bytes:
    """A SessionRequest."""
    pieces: list[Buffer] = []
    for frame in frames:
        pieces.append(b"\x0a" + varint(sum(map(len, frame))))
        pieces.extend(frame)
    if received:
        pieces.append(b"\x10" + varint(received))
    return b"".join(pieces)


class ServerFrame(NamedTuple):
    """One frame from the server, whatever its kind; fields that it has not are 0 or empty."""

    kind: int
    id: int = 0
    body: Body = NO_BODY
    number: int = 0  # OPENED: max_in_flight; CHUNK: total; CALLBACK: function; DRAINING: grace_ms
    token: str = ""
    received: int = 0
    grace_ms: int = 0
    callback: bool = False


def read_varint(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """The number at `at`, and where it ends."""
    number = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
        if shift > 63:
            raise ProtocolError("a varint of more than ten bytes")
    raise ProtocolError(CUT)


def read_fields(body: Body) -> Iterator[tuple[int, int, Body]]:
    """(number, varint, bytes) of each field; the one that the wire type has not is 0 or empty."""
    data, at, end = body
    while at < end:
        tag, at = read_varint(data, at, end)
        wire = tag & 7
        value, start = 0, at
        if wire == 0:
            value, at = read_varint(data, at, end)
            start = at
        elif wire == 2:
            length, start = read_varint(data, at, end)
            at = start + length
        elif wire == 1:
            at += 8
        elif wire == 5:
            at += 4
        else:
            raise ProtocolError(f"wire type {wire}")
        if at > end:
            raise ProtocolError(CUT)
        yield tag >> 3, value, (data, start, at)


_BODY_FIELD = {RESULT: 2, ITEM: 2, ERROR: 2, CHUNK: 2, CALLBACK: 3}
_NUMBER_FIELD = {OPENED: 1, DRAINING: 1, CHUNK: 3, CALLBACK: 2}


def _result(frame: Body) -> ServerFrame | None:
    """A result as nearly all are written: id and body, in this order. None where this one is not."""
    data, at, end = frame
    if data[at : at + 1] != b"\x08":
        return None
    id, at = read_varint(data, at + 1, end)
    if data[at : at + 1] != b"\x12":
        return None
    length, at = read_varint(data, at + 1, end)
    return ServerFrame(RESULT, id, (data, at, end)) if at + length == end else None


def _server_frame(kind: int, frame: Body) -> ServerFrame:
    if kind == RESULT:
        result = _result(frame)
        if result is not None:
            return result
    id = number = received = grace = 0
    body, token, callback = NO_BODY, "", False
    body_field, number_field = _BODY_FIELD.get(kind), _NUMBER_FIELD.get(kind)
    for field, value, piece in read_fields(frame):
        if field == body_field:
            body = piece
        elif field == number_field:
            number = value
        elif kind == OPENED:
            if field == 2:
                token = read_text(piece)
            elif field == 3:
                received = value
            elif field == 4:
                grace = value
        elif field == 1:
            id = value
        elif field == 4 and kind == CHUNK:
            callback = bool(value)
    return ServerFrame(kind, id, body, number, token, received, grace, callback)


def read_text(body: Body) -> str:
    try:
        return str(bytes_of(body), "utf-8")
    except UnicodeDecodeError:
        raise ProtocolError("a string is not valid UTF-8") from None


def bytes_of(body: Body) -> bytes:
    data, start, end = body
    return bytes(data[start:end])


def read_message(data: bytes) -> tuple[list[ServerFrame], int]:
    """The frames of a SessionResponse, in order, and its `received`."""
    frames: list[ServerFrame] = []
    received = 0
    for field, value, piece in read_fields((data, 0, len(data))):
        if field == 1:
            for kind, _, frame in read_fields(piece):
                frames.append(_server_frame(kind, frame))
        elif field == 2:
            received = value
    return frames, received
