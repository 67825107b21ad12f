"""The protobuf wire format, as far as podule.v1 needs it. Every read is bounded: hostile bytes end in InvalidValue."""

from __future__ import annotations

import struct
from typing import Iterator, List, Tuple, Union

Buffer = Union[bytes, bytearray]

VARINT = 0
FIXED64 = 1
BYTES = 2
FIXED32 = 5

_MASK64 = (1 << 64) - 1
DOUBLE = struct.Struct("<d")
pack_double = DOUBLE.pack
unpack_double = DOUBLE.unpack_from


class InvalidValue(ValueError):
    """What came in cannot be a value. `path` grows from the inside out while the readers unwind."""

    def __init__(self, problem: str, reason: str = "INVALID_VALUE") -> None:
        super().__init__(problem)
        self.problem = problem
        self.reason = reason
        self.path = ""

    def within(self, step: str) -> InvalidValue:
        self.path = step + self.path
        return self

    def __str__(self) -> str:
        return f"{self.path.lstrip('.')}: {self.problem}" if self.path else self.problem


TRUNCATED = "the message is cut off"


def read_varint(buffer: Buffer, at: int, end: int) -> Tuple[int, int]:
    """The number at `at`, and where it ends."""
    if at >= end:
        raise InvalidValue(TRUNCATED)
    byte = buffer[at]
    at += 1
    if byte < 128:
        return byte, at
    number = byte & 127
    shift = 7
    while True:
        if at >= end:
            raise InvalidValue(TRUNCATED)
        byte = buffer[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            if number > _MASK64:
                raise InvalidValue("a varint has more than 64 bits")
            return number, at
        shift += 7
        if shift > 63:
            raise InvalidValue("a varint is longer than 10 bytes")


def read_span(buffer: Buffer, at: int, end: int) -> Tuple[int, int]:
    """Start and end of the length-delimited field whose length stands at `at`."""
    length, at = read_varint(buffer, at, end)
    stop = at + length
    if stop > end:
        raise InvalidValue(TRUNCATED)
    return at, stop


def read_fields(buffer: Buffer, at: int, end: int) -> Iterator[Tuple[int, int, int, int]]:
    """Each field as (number, wire type, a, b): a varint is `a`; of the others the bytes are buffer[a:b]."""
    while at < end:
        tag, at = read_varint(buffer, at, end)
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise InvalidValue(f"{number} is no field number")
        if wire == VARINT:
            value, at = read_varint(buffer, at, end)
            yield number, wire, value, 0
        elif wire == BYTES:
            start, at = read_span(buffer, at, end)
            yield number, wire, start, at
        elif wire in (FIXED64, FIXED32):
            start = at
            at += 8 if wire == FIXED64 else 4
            if at > end:
                raise InvalidValue(TRUNCATED)
            yield number, wire, start, at
        else:
            raise InvalidValue(f"wire type {wire} is not supported")


def expect(wire: int, wanted: int, field: str) -> None:
    if wire != wanted:
        raise InvalidValue(f"field {field} has wire type {wire}, not {wanted}")


def read_text(buffer: Buffer, start: int, end: int) -> str:
    try:
        return str(buffer[start:end], "utf-8")
    except UnicodeDecodeError:
        raise InvalidValue("a string is not valid UTF-8") from None


def unzigzag(number: int) -> int:
    return (number >> 1) ^ -(number & 1)


def read_packed_fixed64(code: str, buffer: Buffer, start: int, end: int) -> List[Union[int, float]]:
    count, rest = divmod(end - start, 8)
    if rest:
        raise InvalidValue("a packed field is not a multiple of 8 bytes long")
    return list(struct.unpack_from(f"<{count}{code}", buffer, start))


def varint(number: int) -> bytes:
    if number < 128:
        return _SMALL[number]
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


_SMALL = [bytes((number,)) for number in range(128)]


def zigzag(number: int) -> bytes:
    """A signed number of at most 64 bits."""
    return varint((number << 1) ^ (number >> 63))


def tag(number: int, wire: int) -> bytes:
    return varint(number << 3 | wire)


def delimited(number: int, body: bytes) -> bytes:
    return b"".join((tag(number, BYTES), varint(len(body)), body))


def text(number: int, value: str) -> bytes:
    """A string field; lone surrogates, which no proto string can hold, are replaced by `?`. Empty: no field."""
    return delimited(number, value.encode("utf-8", "replace")) if value else b""


def unsigned(number: int, value: int) -> bytes:
    return tag(number, VARINT) + varint(value) if value else b""
