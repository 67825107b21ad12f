"""list, tuple, set, frozenset, dict, slice, range and Fraction."""

from __future__ import annotations

from array import array
from sys import byteorder
from typing import Any, Iterable, List

from ..wire import (
    BYTES,
    FIXED64,
    Buffer,
    InvalidValue,
    delimited,
    expect,
    read_fields,
    read_packed_fixed64,
    varint,
)
from .decode import deeper, read_value, reads
from .encode import SCALARS, WRITERS, NotAValue, Walk, Writer, checked, writes

# From so many items on, a list of only ints or only floats is packed.
PACK = 16


def read_list(buffer: Buffer, at: int, end: int, depth: int) -> List[Any]:
    depth = deeper(depth)
    items: List[Any] = []
    packed: List[Any] = []
    kinds = set()
    for number, wire, a, b in read_fields(buffer, at, end):
        if number == 1:
            expect(wire, BYTES, "items")
            try:
                items.append(read_value(buffer, a, b, depth))
            except InvalidValue as problem:
                raise problem.within(f".items[{len(items)}]") from None
        elif number in (2, 3):
            if wire != FIXED64:
                expect(wire, BYTES, "ints" if number == 2 else "floats")
            packed += read_packed_fixed64("q" if number == 2 else "d", buffer, a, b)
        else:
            continue
        kinds.add(number)
    if len(kinds) > 1:
        raise InvalidValue("at most one of items, ints and floats may be set")
    return items or packed


@reads(7, "list")
def _list(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    return read_list(buffer, at, end, depth)


@reads(8, "tuple")
def _tuple(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    return tuple(read_list(buffer, at, end, depth))


@reads(9, "set")
def _set(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    return set(read_list(buffer, at, end, depth))


@reads(10, "frozenset")
def _frozenset(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    return frozenset(read_list(buffer, at, end, depth))


@reads(11, "dict")
def _dict(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    depth = deeper(depth)
    columns: List[List[Any]] = [[], []]
    for number, wire, a, b in read_fields(buffer, at, end):
        if number in (1, 2):
            name = ("keys", "values")[number - 1]
            column = columns[number - 1]
            expect(wire, BYTES, name)
            try:
                value = read_value(buffer, a, b, depth)
                if number == 1:
                    hash(value)
            except InvalidValue as problem:
                raise problem.within(f".{name}[{len(column)}]") from None
            except TypeError as error:
                raise InvalidValue(f"not a key: {error}").within(f".keys[{len(column)}]") from None
            column.append(value)
    keys, values = columns
    if len(keys) != len(values):
        raise InvalidValue(f"{len(keys)} keys, but {len(values)} values")
    return dict(zip(keys, values))


def _read_slice(buffer: Buffer, at: int, end: int, depth: int) -> List[Any]:
    depth = deeper(depth)
    parts = [None, None, None]
    for number, wire, a, b in read_fields(buffer, at, end):
        if 1 <= number <= 3:
            name = ("start", "stop", "step")[number - 1]
            expect(wire, BYTES, name)
            try:
                parts[number - 1] = read_value(buffer, a, b, depth)
            except InvalidValue as problem:
                raise problem.within(f".{name}") from None
    return parts


@reads(16, "slice")
def _slice(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    return slice(*_read_slice(buffer, at, end, depth))


@reads(17, "range")
def _range(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    start, stop, step = _read_slice(buffer, at, end, depth)
    return range(0 if start is None else start, stop, 1 if step is None else step)


@reads(20, "fraction")
def _fraction(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    import fractions

    depth = deeper(depth)
    parts: List[Any] = [0, 1]
    for number, wire, a, b in read_fields(buffer, at, end):
        if number in (1, 2):
            name = ("numerator", "denominator")[number - 1]
            expect(wire, BYTES, name)
            part = read_value(buffer, a, b, depth)
            if type(part) is not int or (number == 2 and part < 1):
                raise InvalidValue("not a positive int" if number == 2 else "not an int").within(f".{name}")
            parts[number - 1] = part
    return fractions.Fraction(*parts)


_INTS = {int}
_FLOATS = {float}


def _pack(value: Any) -> bytes:
    """The fields of a ListValue in its packed form; empty where it has none."""
    types = set(map(type, value))
    if types == _INTS:
        try:
            numbers = array("q", value)
        except OverflowError:
            return b""
        number = 2
    elif types == _FLOATS:
        numbers = array("d", value)
        number = 3
    else:
        return b""
    if byteorder == "big":
        numbers.byteswap()
    return delimited(number, numbers.tobytes())


def write_items(value: Iterable[Any], walk: Walk, number: int = 1) -> bytes:
    """Each item as a repeated Value field."""
    key = varint(number << 3 | BYTES)
    parts: List[bytes] = []
    try:
        for item in value:
            scalar = SCALARS.get(type(item))
            body = walk.write(item) if scalar is None else scalar(item)
            parts += (key, varint(len(body)), body)
    except NotAValue as problem:
        raise problem.within(f"[{len(parts) // 3}]") from None
    return checked(b"".join(parts))


def _sequence(number: int, mutable: bool) -> Writer:
    def write(value: Any, walk: Walk) -> bytes:
        walk.enter(value, mutable)
        body = _pack(value) if len(value) >= PACK else b""
        if not body:
            body = write_items(value, walk)
        walk.leave()
        return delimited(number, body)

    return write


def _write_dict(value: Any, walk: Walk) -> bytes:
    walk.enter(value, True)
    parts: List[bytes] = []
    for key, item in value.items():
        try:
            body = walk.write(key)
            parts += (b"\x0a", varint(len(body)), body)
            body = walk.write(item)
        except NotAValue as problem:
            raise problem.within(f"[{_short(key)}]") from None
        parts += (b"\x12", varint(len(body)), body)
    walk.leave()
    return delimited(11, checked(b"".join(parts)))


def _short(key: Any) -> str:
    if isinstance(key, (str, int, float, bytes)):
        text = repr(key)
        return text if len(text) <= 64 else text[:61] + "..."
    return "..."


def _slice_writer(number: int) -> Writer:
    def write(value: Any, walk: Walk) -> bytes:
        walk.enter(value, False)
        parts = []
        for field, name in ((1, "start"), (2, "stop"), (3, "step")):
            part = getattr(value, name)
            if part is not None:
                try:
                    parts.append(delimited(field, walk.write(part)))
                except NotAValue as problem:
                    raise problem.within(f".{name}") from None
        walk.leave()
        return delimited(number, b"".join(parts))

    return write


@writes("fractions", "Fraction")
def _write_fraction(value: Any, walk: Walk) -> bytes:
    parts = (int(value.numerator), int(value.denominator))
    return delimited(20, b"".join(delimited(field, walk.write(part)) for field, part in enumerate(parts, 1)))


def _register(cls: type, writer: Writer) -> None:
    WRITERS[cls] = writer
    writes("builtins", cls.__name__)(writer)


_register(list, _sequence(7, True))
_register(tuple, _sequence(8, False))
_register(set, _sequence(9, True))
_register(frozenset, _sequence(10, False))
_register(dict, _write_dict)
WRITERS[slice] = _slice_writer(16)
WRITERS[range] = _slice_writer(17)
