"""numpy: scalars beside the kinds that hold them, and arrays as raw bytes. numpy is imported only to read an array."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any, List, Optional

from ..wire import (
    BYTES,
    VARINT,
    Buffer,
    InvalidValue,
    delimited,
    expect,
    read_fields,
    read_text,
    read_varint,
    tag,
    text,
    varint,
)
from .decode import reads
from .encode import SCALARS, NotAValue, Walk, Writer, bulky, checked, type_name, writes, writes_shape

# No objects ("O"), nothing that numpy would look up by name.
_DTYPE = re.compile(r"[<|=]?(?:[biufcSUVa]\d{1,9}|[mM]8(?:\[\d{0,9}[A-Za-zμ]{1,7}(?:/\d{1,9})?\])?|\?)\Z")
_MAX_DESCR = 1 << 16
# An array of nothing takes no bytes to describe: its size is bounded all the same.
_MAX_EMPTY = 1 << 24


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise InvalidValue(f"the module's environment has no numpy ({error})", "PACKAGE_MISSING") from None
    return numpy


def scalar_of(value: Any, dtype: str) -> Any:
    """A plain value as a numpy scalar; as it is where numpy is not loaded."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return value
    kind = _dtype(numpy, dtype)
    try:
        return kind.type(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidValue(f"no {dtype}: {error}").within(".dtype") from None


def _dtype(numpy: Any, name: str) -> Any:
    if not _DTYPE.match(name):
        raise InvalidValue(f"{name[:64]!r} is not a dtype that travels").within(".dtype")
    try:
        return numpy.dtype(name)
    except TypeError as error:
        raise InvalidValue(str(error)).within(".dtype") from None


def _descr(numpy: Any, source: str) -> Any:
    """A structured dtype, from the repr of its description: literals only."""
    depth = deepest = 0
    for letter in source:
        depth += (letter in "([") - (letter in ")]")
        deepest = max(deepest, depth)
    if len(source) > _MAX_DESCR or deepest > 32:
        raise InvalidValue("the description is too large").within(".descr")
    try:
        fields = ast.literal_eval(source)
        _check_descr(fields)
        from numpy.lib import format as npy

        return npy.descr_to_dtype(fields)
    except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError, IndexError) as error:
        raise InvalidValue(f"not a description of a dtype: {error}").within(".descr") from None


def _check_descr(fields: Any) -> None:
    if not isinstance(fields, list):
        raise ValueError("not a list of fields")
    for field in fields:
        if not isinstance(field, tuple) or not 2 <= len(field) <= 3:
            raise ValueError("a field is (name, dtype) or (name, dtype, shape)")
        kind = field[1]
        if isinstance(kind, str):
            if not _DTYPE.match(kind):
                raise ValueError(f"{kind[:64]!r} is not a dtype that travels")
        else:
            _check_descr(kind)


def _shape_of(buffer: Buffer, wire: int, a: int, b: int) -> List[int]:
    sizes: List[int] = []
    if wire == VARINT:
        sizes.append(a)
    else:
        expect(wire, BYTES, "shape")
        while a < b:
            size, a = read_varint(buffer, a, b)
            sizes.append(size)
    if any(size >= 1 << 63 for size in sizes):
        raise InvalidValue("a size is negative").within(".shape")
    return sizes


@reads(12, "ndarray")
def _ndarray(buffer: Buffer, at: int, end: int, _depth: int) -> Any:
    numpy = _numpy()
    dtype, descr = "", ""
    shape: List[int] = []
    start = stop = 0
    fortran = scalar = False
    for number, wire, a, b in read_fields(buffer, at, end):
        if number in (1, 3, 6):
            expect(wire, BYTES, {1: "dtype", 3: "data", 6: "descr"}[number])
        if number == 1:
            dtype = read_text(buffer, a, b)
        elif number == 2:
            shape += _shape_of(buffer, wire, a, b)
        elif number == 3:
            start, stop = a, b
        elif number in (4, 5):
            expect(wire, VARINT, "fortran" if number == 4 else "scalar")
            fortran, scalar = (a != 0, scalar) if number == 4 else (fortran, a != 0)
        elif number == 6:
            descr = read_text(buffer, a, b)
    kind = _descr(numpy, descr) if descr else _dtype(numpy, dtype)
    count = 1
    for size in shape:
        count *= size
    if count * kind.itemsize != stop - start:
        needed = f"shape {tuple(shape)} of {kind.itemsize} bytes each needs {count * kind.itemsize}"
        raise InvalidValue(f"{stop - start} bytes, but {needed}").within(".data")
    if kind.itemsize == 0 and count > _MAX_EMPTY:
        raise InvalidValue(f"more than {_MAX_EMPTY} empty items").within(".shape")
    if kind.itemsize == 0 or count == 0:
        array = numpy.empty(shape, kind, "F" if fortran else "C")
    else:
        # A copy of its own: functions write into their arguments.
        array = numpy.frombuffer(bytearray(memoryview(buffer)[start:stop]), kind)
        array = array.reshape(shape, order="F" if fortran else "C")
    return array[()] if scalar and not shape else array


@writes("numpy", "ndarray", subclasses=False)
@writes("numpy", "memmap", subclasses=False)
@bulky
def _write_ndarray(value: Any, _walk: Walk) -> bytes:
    return _array(value, False)


def _array(value: Any, scalar: bool) -> bytes:
    kind = value.dtype
    if kind.hasobject:
        raise NotAValue(f"an array of dtype {kind} does not travel by value", python_type="numpy.ndarray")
    little = kind.newbyteorder("<")
    if little != kind or kind.byteorder == ">":
        value = value.astype(little)
        kind = value.dtype
    # "=" as numpy writes it on a big-endian machine is "<" after newbyteorder.
    fortran = bool(value.flags.f_contiguous and not value.flags.c_contiguous)
    header = text(1, kind.str) if kind.names is None else text(6, _describe(kind))
    if kind.names is None and not _DTYPE.match(kind.str):
        raise NotAValue(f"an array of dtype {kind} does not travel by value", python_type="numpy.ndarray")
    shape = b"".join(varint(size) for size in value.shape)
    data = value.tobytes(order="F" if fortran else "C")
    parts = [header, delimited(2, shape) if shape else b"", tag(3, BYTES), varint(len(data)), data]
    parts += [tag(4, VARINT) + b"\x01" if fortran else b"", tag(5, VARINT) + b"\x01" if scalar else b""]
    size = sum(map(len, parts))
    return checked(b"".join([tag(12, BYTES), varint(size), *parts]))


def _describe(kind: Any) -> str:
    try:
        from numpy.lib import format as npy

        descr = kind.descr
        if npy.descr_to_dtype(descr) == kind:
            return repr(descr)
    except (ValueError, TypeError):
        pass
    raise NotAValue(f"the dtype {kind} has no description", python_type="numpy.ndarray")


# Kinds of scalars that have a kind of Value, and the widest item that it holds exactly.
_PLAIN = {"b": 1, "i": 8, "u": 8, "f": 8, "c": 16}
_PYTHON = {"b": bool, "i": int, "u": int, "f": float, "c": complex, "U": str, "S": bytes}


def _write_scalar(value: Any, _walk: Walk) -> bytes:
    kind = value.dtype
    plain = _plain(value, kind.kind, kind.itemsize)
    if plain is None:
        import numpy

        return _array(numpy.asarray(value), True)
    return plain + text(40, kind.newbyteorder("<").str)


def _plain(value: Any, kind: str, size: int) -> Optional[bytes]:
    python = _PYTHON.get(kind)
    if python is None or size > _PLAIN.get(kind, size) or (kind == "f" and size == 2):
        return None
    converted = python(value)
    if kind == "u" and converted > 0x7FFFFFFFFFFFFFFF:
        return None
    body = SCALARS[python](converted)
    # A str with surrogates has a kind of its own, beside which no dtype stands.
    return None if kind == "U" and body[0] != 0x2A else body


@writes_shape
def _shape(cls: type) -> Optional[Writer]:
    generic = getattr(sys.modules.get("numpy"), "generic", None)
    if not isinstance(generic, type) or not issubclass(cls, generic):
        return None
    if issubclass(cls, getattr(sys.modules["numpy"], "object_", ())):
        raise NotAValue(f"{type_name(cls)} does not travel by value", python_type=type_name(cls))
    return _write_scalar
