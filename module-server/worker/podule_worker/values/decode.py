"""Bytes of a podule.v1.Value -> Python. Nothing that is read is ever executed or imported by name."""

from __future__ import annotations

from typing import Any, Callable, Dict, Tuple

from ..wire import (
    BYTES,
    Buffer,
    InvalidValue,
    expect,
    read_fields,
    read_span,
    read_text,
    read_varint,
    unpack_double,
)

# Containers inside containers; json counts each object and array.
MAX_DEPTH = 48

Reader = Callable[[Buffer, int, int, int], Any]

# Field number -> (name, wire type, reader). Filled by the modules of this package.
READERS: Dict[int, Tuple[str, int, Reader]] = {}


def reads(number: int, name: str, wire: int = BYTES) -> Callable[[Reader], Reader]:
    def register(reader: Reader) -> Reader:
        READERS[number] = (name, wire, reader)
        return reader

    return register


def read_value(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    """`depth`: containers around it."""
    if at < end:
        tag = buffer[at]
        if tag == 0x18:
            number, stop = read_varint(buffer, at + 1, end)
            if stop == end:
                return (number >> 1) ^ -(number & 1)
        elif tag == 0x21:
            if end - at == 9:
                return unpack_double(buffer, at + 1)[0]
        elif tag == 0x2A:
            start, stop = read_span(buffer, at + 1, end)
            if stop == end:
                return read_text(buffer, start, end)
    return _read_any(buffer, at, end, depth)


def _read_any(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    value: Any = None
    kind = ""
    dtype = ""
    for number, wire, a, b in read_fields(buffer, at, end):
        known = READERS.get(number)
        if known is not None:
            name, wanted, reader = known
            if kind:
                raise InvalidValue(f"both {kind} and {name} are set, but a value has one kind")
            kind = name
            try:
                expect(wire, wanted, name)
                value = reader(buffer, a, b, depth)
            except InvalidValue as problem:
                raise problem.within(f".{name}") from None
            except (ValueError, TypeError, ArithmeticError, LookupError) as error:
                raise InvalidValue(f"not a valid {name}: {error}").within(f".{name}") from error
        elif number == 40:
            expect(wire, BYTES, "dtype")
            dtype = read_text(buffer, a, b)
    if not kind:
        raise InvalidValue("no kind of value is set")
    if dtype:
        from .arrays import scalar_of

        return scalar_of(value, dtype)
    return value


def deeper(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise InvalidValue(f"more than {MAX_DEPTH} containers are inside each other")
    return depth + 1
