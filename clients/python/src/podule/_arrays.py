"""Large numpy arrays without a copy of their own: out as they lie in memory, in as they lie in the buffer that their chunks filled."""

from __future__ import annotations

import sys
from typing import Any

from ._codec.values import arrays
from ._codec.values.decode import reads
from ._codec.wire import BYTES, Buffer as CodecBuffer, InvalidValue, read_fields, read_text
from ._frames import Body, Buffer, ProtocolError, read_varint, varint

# From here on.
LARGE = 32 << 10
# A buffer's first byte stands at a multiple of this, whoever allocates it.
ALIGNMENT = 16
_KINDS = "biufc"


def pieces(value: Any) -> list[Buffer] | None:
    """A Value of a large array, bytes or bytearray: its header and the bytes where they lie. None: no such value."""
    if type(value) in (bytes, bytearray):
        tag = b"\x32" if type(value) is bytes else b"\xfa\x01"
        return [tag + varint(len(value)), value] if len(value) >= LARGE else None
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value) is not numpy.ndarray or value.nbytes < LARGE:
        return None
    dtype, flags = value.dtype, value.flags
    if dtype.kind not in _KINDS or dtype.newbyteorder("<") != dtype or not flags.forc:
        return None
    name = dtype.str.encode()
    shape = b"".join(map(varint, value.shape))
    head = b"\x0a" + varint(len(name)) + name + b"\x12" + varint(len(shape)) + shape
    if not flags.c_contiguous:
        head += b"\x20\x01"
    head += b"\x1a" + varint(value.nbytes)
    data = memoryview(value if flags.c_contiguous else value.T).cast("B")
    return [b"\x62" + varint(len(head) + value.nbytes) + head, data]


# The way to an array's elements in a CallResponse or StreamResponse: result or item, ndarray, data.
_WAY = (1, 12, 3)


def padding(first: Body) -> int:
    """How many bytes to leave free in front of a body that begins with `first`, so that the elements of its array are aligned."""
    data, start, end = first
    at = start
    try:
        for wanted in _WAY:
            while True:
                tag, at = read_varint(data, at, end)
                if tag & 7 == 0:
                    _, at = read_varint(data, at, end)
                    continue
                length, at = read_varint(data, at, end)
                if tag == wanted << 3 | 2:
                    break
                at += length
    except ProtocolError:
        return 0
    return (start - at) % ALIGNMENT


@reads(12, "ndarray")
def _ndarray(buffer: CodecBuffer, at: int, end: int, depth: int) -> Any:
    if isinstance(buffer, bytearray) and end - at >= LARGE:
        array = _in_place(buffer, at, end)
        if array is not None:
            return array
    return arrays._ndarray(buffer, at, end, depth)


def _in_place(buffer: bytearray, at: int, end: int) -> Any:
    """None where it is not plain, or not aligned."""
    dtype = ""
    shape: list[int] = []
    start = stop = 0
    fortran = False
    for number, wire, a, b in read_fields(buffer, at, end):
        if number == 1 and wire == BYTES:
            dtype = read_text(buffer, a, b)
        elif number == 2:
            shape += arrays._shape_of(buffer, wire, a, b)
        elif number == 3 and wire == BYTES:
            start, stop = a, b
        elif number == 4:
            fortran = a != 0
        else:
            return None
    if not dtype.startswith("<") or dtype[1:2] not in _KINDS:
        return None
    numpy = arrays._numpy()
    kind = arrays._dtype(numpy, dtype)
    count = 1
    for size in shape:
        count *= size
    if start % kind.alignment or count * kind.itemsize != stop - start:
        return None
    try:
        array = numpy.frombuffer(buffer, kind, count, start)
        return array.reshape(shape, order="F" if fortran else "C")
    except ValueError as error:
        raise InvalidValue(str(error)) from None
