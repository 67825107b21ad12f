"""What stays where it is: objects of a session, functions of a client. In a message only their ids stand."""

from __future__ import annotations

import threading
from typing import Any, Optional

from ..wire import BYTES, VARINT, Buffer, InvalidValue, delimited, expect, read_fields, read_text, text, unsigned
from .decode import read_value, reads

# The value of an object whose reference carries none.
ABSENT = object()


class References:
    """How one end of a session writes what is no value, and what it makes of a reference. This one knows none."""

    # Arrays and tables too are written as references.
    plain = False

    def write(self, value: Any) -> Optional[bytes]:
        """A Value that refers to it; None where it cannot be referred to."""
        return None

    def read_object(self, number: int, kind: str, value: Any, callable: bool) -> Any:
        """`kind`: "module:QualName" of its class; `value`: ABSENT unless it came along."""
        raise InvalidValue("an object, but the call has no session", "NO_SESSION")

    def read_callback(self, number: int) -> Any:
        raise InvalidValue("a callback, but the call has no session", "NO_SESSION")


class _Current(threading.local):
    references = References()


_current = _Current()
_NONE = References()


def use_references(references: Optional[References]) -> None:
    """Those that values are read with on this thread from now on."""
    _current.references = _NONE if references is None else references


def object_bytes(number: int, kind: str, callable: bool, value: bytes = b"") -> bytes:
    """A Value that refers to an object; `value`: its own Value, where it goes along."""
    body = unsigned(1, number) + text(2, kind)
    if value:
        body += delimited(3, value)
    return delimited(32, body + (b"\x20\x01" if callable else b""))


def callback_bytes(number: int) -> bytes:
    return delimited(33, unsigned(1, number))


@reads(32, "object")
def _object(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    number = 0
    kind = ""
    value: Any = ABSENT
    callable = False
    for field, wire, a, b in read_fields(buffer, at, end):
        if field == 1:
            expect(wire, VARINT, "id")
            number = a
        elif field == 2:
            expect(wire, BYTES, "type")
            kind = read_text(buffer, a, b)
        elif field == 3:
            expect(wire, BYTES, "value")
            value = read_value(buffer, a, b, depth)
        elif field == 4:
            expect(wire, VARINT, "callable")
            callable = a != 0
    return _current.references.read_object(number, kind, value, callable)


@reads(33, "callback")
def _callback(buffer: Buffer, at: int, end: int, _depth: int) -> Any:
    number = 0
    for field, wire, a, _ in read_fields(buffer, at, end):
        if field == 1:
            expect(wire, VARINT, "id")
            number = a
    return _current.references.read_callback(number)
