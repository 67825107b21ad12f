"""Sessions of this worker: whose call runs, what their objects are, and calls back into their clients."""

from __future__ import annotations

import struct
import threading
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from . import kinds
from .gate import Gate
from .inbox import Inbox
from .link import Link
from .objects import AUTO, Objects
from .operators import exception
from .status import read_error
from .transfers import INLINE, Incoming, Outgoing
from .values import read_value, use_references
from .wire import BYTES, Buffer, delimited, read_fields, text

# u32 session, u64 the client's id of the call, u8 flags, u32 credit.
SESSION_CALL = struct.Struct("<IQBI")
STREAMED = 1
# The body came in chunks, under the u32 that stands in its place.
CHUNKED = 2
_TRANSFER = struct.Struct("<I")
# Callbacks have ids of their own on the link, above those of calls.
CALLBACK_IDS = 1 << 31
_CALLBACK = struct.Struct("<IIQ")
_ID = struct.Struct("<Q")


def request_of(call: SessionCall, payload: bytes, incoming: Incoming) -> Buffer:
    """The CallRequest of a SESSION_CALL. Raises MemoryError."""
    body = payload[SESSION_CALL.size :]
    if call.flags & CHUNKED and len(body) == _TRANSFER.size:
        return incoming.body(_TRANSFER.unpack(body)[0], b"")
    return body


def put_back_request(call: SessionCall, payload: bytes, body: Buffer, incoming: Incoming) -> None:
    """The call will be read again later."""
    if call.flags & CHUNKED:
        incoming.put_back(_TRANSFER.unpack_from(payload, SESSION_CALL.size)[0], body)


class SessionCall(NamedTuple):
    """A SESSION_CALL, without its CallRequest."""

    session: int
    call: int
    flags: int
    credit: int


class Sessions:
    """By the module server's number. One is there from its first call until it is closed."""

    def __init__(self, link: Link, inbox: Inbox, gate: Gate, incoming: Incoming, outgoing: Outgoing) -> None:
        self._link = link
        self._inbox = inbox
        self._gate = gate
        self._incoming = incoming
        self._outgoing = outgoing
        self._objects: Dict[int, Objects] = {}
        self._callbacks = 0
        self._main = threading.get_ident()
        # The session's call that runs, and those that wait for callbacks.
        self.current: Optional[Tuple[int, int]] = None
        self._suspended: List[Optional[Tuple[int, int]]] = []
        # Runs other calls of that session while a callback is under way. Set by the worker.
        self.turn: Callable[[int], None] = lambda _session: None
        self.resumed: Callable[[int], None] = lambda _number: None
        # Calls run beside each other: which of them have not ended. Set by the worker.
        self.running: Optional[Callable[[int, int], bool]] = None

    @property
    def objects(self) -> int:
        return sum(map(len, self._objects.values()))

    def of(self, session: int) -> Objects:
        objects = self._objects.get(session)
        if objects is None:
            objects = self._objects[session] = Objects(session, self._callback, self._is_suspended)
        return objects

    def begin(self, objects: Objects, call: int) -> None:
        """A call of that session is about to run."""
        self.current = (objects.session, call)
        use_references(objects)

    def leave(self) -> None:
        """What runs now belongs to no session, until the next `begin`."""
        self.current = None
        use_references(None)

    def close(self, session: int) -> None:
        """Drops its objects."""
        self._objects.pop(session, None)
        if not self._suspended:
            # Between calls: the last one's session may be this.
            use_references(None)

    def release(self, session: int, payload: bytes, running: Callable[[int, int], bool]) -> None:
        objects = self._objects.get(session)
        if objects is not None and len(payload) % _ID.size == 0:
            objects.release((number for (number,) in _ID.iter_unpack(payload)), lambda call: running(session, call))

    def _is_suspended(self, session: int, call: int) -> bool:
        if (session, call) in self._suspended:
            return True
        return self.running is not None and (session, call) != self.current and self.running(session, call)

    def _callback(self, session: int, function: int) -> Any:
        def callback(*args: Any, **kwargs: Any) -> Any:
            return self._call_back(session, function, args, kwargs)

        callback.__qualname__ = callback.__name__ = f"callback_{function}"
        return callback

    def _call_back(self, session: int, function: int, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        """Asks the client, and serves that session's other calls until it answers."""
        if self.running is not None:
            raise RuntimeError("where calls run beside each other, they cannot call functions of their client")
        if threading.get_ident() != self._main:
            raise RuntimeError("a callback can be called from the worker's main thread only")
        objects = self._objects.get(session)
        if objects is None:
            raise ConnectionError("the session of this callback has ended")
        request = _request(objects, args, kwargs)
        gate, inbox = self._gate, self._inbox
        gate.open = False
        self._callbacks = self._callbacks % (CALLBACK_IDS - 1) + 1
        number = CALLBACK_IDS + self._callbacks
        outer = inbox.suspend(number)
        current = self.current
        self._suspended.append(current)
        try:
            header = _CALLBACK.pack(session, outer.number, function)
            if len(request) > INLINE:
                self._outgoing.put(kinds.CALLBACK, number, request, header)
            else:
                self._link.put(kinds.CALLBACK, number, header + request)
            while number not in inbox.answers:
                if outer.interrupt is not None:
                    break
                if session not in self._objects:
                    break
                self.turn(session)
            answer = inbox.answers.pop(number, None)
        finally:
            self._suspended.pop()
            self.current = current
            if session not in self._objects:
                # Nobody takes or sends the rest of their bodies.
                self._outgoing.drop(number)
                self._incoming.drop(number)
            inbox.resume(outer, number)
            self.resumed(outer.number)
            use_references(objects)
            gate.open = True
        if gate.attention:
            gate.attend()
        if outer.interrupt is not None:
            interrupt, outer.interrupt = outer.interrupt, None
            raise interrupt
        if answer is None:
            raise ConnectionError("the session of this callback has ended")
        kind, payload = answer
        if kind == kinds.CALLBACK_ERROR:
            name, message = read_error(payload)
            raise exception(name or "RuntimeError", message)
        return _result(self._incoming.body(number, payload))


def _request(objects: Objects, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> bytes:
    parts: List[bytes] = []
    for value in args:
        parts.append(delimited(3, objects.written(value, AUTO)))
    for key, value in kwargs.items():
        parts.append(delimited(4, text(1, key) + delimited(2, objects.written(value, AUTO))))
    return b"".join(parts)


def _result(response: Buffer) -> Any:
    """Of a CallResponse."""
    for number, wire, a, b in read_fields(response, 0, len(response)):
        if number == 1 and wire == BYTES:
            return read_value(response, a, b, 0)
    return None
