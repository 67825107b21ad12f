"""google.protobuf.Value: JSON as an input convenience."""

from __future__ import annotations

from typing import Any, Dict, List

from ..wire import BYTES, FIXED64, VARINT, Buffer, InvalidValue, expect, read_fields, read_text, unpack_double
from .decode import deeper, reads

_EXACT = float(1 << 53)


@reads(30, "json")
def _json(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    found = False
    value: Any = None
    for number, wire, a, b in read_fields(buffer, at, end):
        if not 1 <= number <= 6:
            continue
        if found:
            raise InvalidValue("a JSON value has one kind")
        found = True
        expect(wire, {1: VARINT, 2: FIXED64, 4: VARINT}.get(number, BYTES), "json")
        if number == 1:
            value = None
        elif number == 2:
            value = unpack_double(buffer, a)[0]
            if -_EXACT <= value <= _EXACT and value == int(value):
                value = int(value)
        elif number == 3:
            value = read_text(buffer, a, b)
        elif number == 4:
            value = a != 0
        elif number == 5:
            value = _object(buffer, a, b, deeper(depth))
        else:
            value = _array(buffer, a, b, deeper(depth))
    if not found:
        raise InvalidValue("no kind of JSON value is set")
    return value


def _array(buffer: Buffer, at: int, end: int, depth: int) -> List[Any]:
    items: List[Any] = []
    for number, wire, a, b in read_fields(buffer, at, end):
        if number == 1:
            expect(wire, BYTES, "values")
            try:
                items.append(_json(buffer, a, b, depth))
            except InvalidValue as problem:
                raise problem.within(f"[{len(items)}]") from None
    return items


def _object(buffer: Buffer, at: int, end: int, depth: int) -> Dict[str, Any]:
    members: Dict[str, Any] = {}
    for number, wire, a, b in read_fields(buffer, at, end):
        if number != 1:
            continue
        expect(wire, BYTES, "fields")
        key = ""
        value: Any = None
        found = False
        for part, kind, c, d in read_fields(buffer, a, b):
            if part == 1:
                expect(kind, BYTES, "key")
                key = read_text(buffer, c, d)
            elif part == 2:
                expect(kind, BYTES, "value")
                found = True
                try:
                    value = _json(buffer, c, d, depth)
                except InvalidValue as problem:
                    raise problem.within(f"[{key!r}]") from None
        if not found:
            raise InvalidValue(f"{key!r} has no value")
        members[key] = value
    return members
