"""Kinds without parts."""

from __future__ import annotations

from typing import Any

from ..wire import (
    FIXED64,
    VARINT,
    Buffer,
    InvalidValue,
    delimited,
    expect,
    pack_double,
    read_fields,
    read_text,
    tag,
    unpack_double,
    unzigzag,
    varint,
)
from .decode import reads
from .encode import SCALARS, Walk, checked, writes


@reads(1, "null", VARINT)
def _null(_buffer: Buffer, number: int, _end: int, _depth: int) -> None:
    if number:
        raise InvalidValue(f"{number} is no NullValue")


@reads(2, "bool", VARINT)
def _bool(_buffer: Buffer, number: int, _end: int, _depth: int) -> bool:
    return number != 0


@reads(3, "int", VARINT)
def _int(_buffer: Buffer, number: int, _end: int, _depth: int) -> int:
    return unzigzag(number)


@reads(4, "float", FIXED64)
def _float(buffer: Buffer, at: int, _end: int, _depth: int) -> float:
    value: float = unpack_double(buffer, at)[0]
    return value


@reads(5, "str")
def _str(buffer: Buffer, at: int, end: int, _depth: int) -> str:
    return read_text(buffer, at, end)


@reads(6, "bytes")
def _bytes(buffer: Buffer, at: int, end: int, _depth: int) -> bytes:
    return bytes(buffer[at:end])


@reads(31, "bytearray")
def _bytearray(buffer: Buffer, at: int, end: int, _depth: int) -> bytearray:
    return bytearray(memoryview(buffer)[at:end])


@reads(13, "big_int")
def _big_int(buffer: Buffer, at: int, end: int, _depth: int) -> int:
    return int.from_bytes(buffer[at:end], "big", signed=True)


@reads(15, "surrogate_str")
def _surrogate_str(buffer: Buffer, at: int, end: int, _depth: int) -> str:
    return str(buffer[at:end], "utf-8", "surrogatepass")


@reads(18, "ellipsis", VARINT)
def _ellipsis(_buffer: Buffer, number: int, _end: int, _depth: int) -> Any:
    if not number:
        raise InvalidValue("ellipsis is always true")
    return ...


@reads(14, "complex")
def _complex(buffer: Buffer, at: int, end: int, _depth: int) -> complex:
    real = imag = 0.0
    for number, wire, a, _ in read_fields(buffer, at, end):
        if number in (1, 2):
            expect(wire, FIXED64, "real" if number == 1 else "imag")
            if number == 1:
                real = unpack_double(buffer, a)[0]
            else:
                imag = unpack_double(buffer, a)[0]
    return complex(real, imag)


@reads(25, "uuid")
def _uuid(buffer: Buffer, at: int, end: int, _depth: int) -> Any:
    import uuid

    return uuid.UUID(bytes=bytes(buffer[at:end]))


@reads(19, "decimal")
def _decimal(buffer: Buffer, at: int, end: int, _depth: int) -> Any:
    import decimal

    text = read_text(buffer, at, end)
    try:
        # The context of the user's module must not turn bad digits into NaN.
        return decimal.Decimal(text, decimal.Context(traps=[decimal.InvalidOperation]))
    except decimal.InvalidOperation:
        raise InvalidValue(f"{text[:64]!r} is no decimal number") from None


_SMALL_INTS = {number: b"\x18" + varint((number << 1) ^ (number >> 63)) for number in range(-64, 1024)}


def int_bytes(number: int) -> bytes:
    """Two's complement, big-endian, shortest."""
    bits = (number if number >= 0 else ~number).bit_length()
    return number.to_bytes(bits // 8 + 1, "big", signed=True)


def write_int(value: int) -> bytes:
    small = _SMALL_INTS.get(value)
    if small is not None:
        return small
    if -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
        return b"\x18" + varint((value << 1) ^ (value >> 63))
    return delimited(13, int_bytes(value))


def write_float(value: float) -> bytes:
    return b"\x21" + pack_double(value)


def write_str(value: str) -> bytes:
    try:
        body = checked(value.encode())
    except UnicodeEncodeError:
        return delimited(15, checked(value.encode("utf-8", "surrogatepass")))
    return b"".join((b"\x2a", varint(len(body)), body))


def write_bytes(value: bytes) -> bytes:
    return b"".join((b"\x32", varint(len(value)), checked(value)))


def write_complex(value: complex) -> bytes:
    return b"\x72\x12\x09" + pack_double(value.real) + b"\x11" + pack_double(value.imag)


SCALARS[type(None)] = lambda _value: b"\x08\x00"
SCALARS[bool] = lambda value: b"\x10\x01" if value else b"\x10\x00"
SCALARS[int] = write_int
SCALARS[float] = write_float
SCALARS[str] = write_str
SCALARS[bytes] = write_bytes
SCALARS[bytearray] = lambda value: delimited(31, bytes(checked(value)))
SCALARS[complex] = write_complex
SCALARS[type(...)] = lambda _value: tag(18, VARINT) + b"\x01"


@writes("builtins", "int")
def _write_int(value: Any, _walk: Walk) -> bytes:
    return write_int(int.__int__(value))


@writes("builtins", "float")
def _write_float(value: Any, _walk: Walk) -> bytes:
    return write_float(float.__float__(value))


@writes("builtins", "str")
def _write_str(value: Any, _walk: Walk) -> bytes:
    return write_str(str.__str__(value))


@writes("builtins", "bytes")
def _write_bytes(value: Any, _walk: Walk) -> bytes:
    return write_bytes(bytes(memoryview(value)))


@writes("builtins", "bytearray")
def _write_bytearray(value: Any, _walk: Walk) -> bytes:
    return delimited(31, bytes(memoryview(value)))


@writes("builtins", "complex")
def _write_complex(value: Any, _walk: Walk) -> bytes:
    return write_complex(value)


@writes("uuid", "UUID")
def _write_uuid(value: Any, _walk: Walk) -> bytes:
    return delimited(25, value.bytes)


@writes("decimal", "Decimal")
def _write_decimal(value: Any, _walk: Walk) -> bytes:
    return delimited(19, str(value).encode())
