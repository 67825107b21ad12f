"""Enum members, namedtuples and dataclass instances: by value, with their type's name.

A name is looked up among the modules that are loaded, through plain attributes: reading a value never imports, and
calls nothing but the constructor of a class that really is a dataclass.
"""

from __future__ import annotations

import enum
import sys
from typing import Any, List, Optional, Tuple

from ..wire import BYTES, Buffer, InvalidValue, delimited, expect, read_fields, read_text, text
from .containers import write_items
from .decode import deeper, read_value, reads
from .encode import NotAValue, Walk, Writer, writes_shape


def _find_class(name: str) -> type:
    """The class that "module:QualName" names. Raises InvalidValue, reason TYPE_NOT_FOUND."""
    module, _, qualified = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in qualified.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    if not isinstance(found, type):
        raise InvalidValue(f"no class {name[:128]!r} is loaded in the worker", "TYPE_NOT_FOUND").within(".type")
    return found


def _wrong(name: str, kind: str) -> InvalidValue:
    return InvalidValue(f"{name[:128]!r} is not {kind}", "TYPE_NOT_FOUND").within(".type")


def _name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


@reads(26, "enum")
def _enum(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    depth = deeper(depth)
    type_name, member = "", ""
    value: Any = None
    for number, wire, a, b in read_fields(buffer, at, end):
        if 1 <= number <= 3:
            expect(wire, BYTES, ("type", "name", "value")[number - 1])
        if number == 1:
            type_name = read_text(buffer, a, b)
        elif number == 2:
            member = read_text(buffer, a, b)
        elif number == 3:
            try:
                value = read_value(buffer, a, b, depth)
            except InvalidValue as problem:
                raise problem.within(".value") from None
    cls = _find_class(type_name)
    if not isinstance(cls, enum.EnumMeta):
        raise _wrong(type_name, "an enum")
    found: Any = cls.__members__.get(member)
    if found is not None:
        return found
    if issubclass(cls, enum.Flag) and type(value) is int:
        return cls(value)
    raise InvalidValue(f"{type_name} has no member {member[:128]!r}").within(".name")


def _record(buffer: Buffer, at: int, end: int, depth: int) -> Tuple[str, List[str], List[Any]]:
    depth = deeper(depth)
    type_name = ""
    names: List[str] = []
    values: List[Any] = []
    for number, wire, a, b in read_fields(buffer, at, end):
        if 1 <= number <= 3:
            expect(wire, BYTES, ("type", "names", "values")[number - 1])
        if number == 1:
            type_name = read_text(buffer, a, b)
        elif number == 2:
            names.append(read_text(buffer, a, b))
        elif number == 3:
            try:
                values.append(read_value(buffer, a, b, depth))
            except InvalidValue as problem:
                raise problem.within(f".values[{len(values)}]") from None
    if len(names) != len(values):
        raise InvalidValue(f"{len(names)} names, but {len(values)} values")
    return type_name, names, values


@reads(27, "namedtuple")
def _namedtuple(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    type_name, names, values = _record(buffer, at, end, depth)
    cls = _find_class(type_name)
    fields = _namedtuple_fields(cls)
    if fields is None:
        raise _wrong(type_name, "a namedtuple")
    if list(fields) != names:
        raise InvalidValue(f"the fields of {type_name} are {', '.join(fields)}").within(".names")
    # Past a __new__ of the class: what it would check, the sender's instance has passed.
    return tuple.__new__(cls, values)


@reads(28, "dataclass")
def _dataclass(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    type_name, names, values = _record(buffer, at, end, depth)
    cls = _find_class(type_name)
    if not _is_dataclass(cls):
        raise _wrong(type_name, "a dataclass")
    try:
        return cls(**dict(zip(names, values)))
    except Exception as error:
        raise InvalidValue(f"{type_name} refuses its fields: {type(error).__name__}: {error}") from error


def _namedtuple_fields(cls: type) -> Optional[Tuple[str, ...]]:
    fields = getattr(cls, "_fields", None)
    if issubclass(cls, tuple) and isinstance(fields, tuple) and all(isinstance(field, str) for field in fields):
        return fields
    return None


def _is_dataclass(cls: type) -> bool:
    # Also of a base: a plain subclass of a dataclass is one.
    return isinstance(getattr(cls, "__dataclass_fields__", None), dict)


def _write_enum(value: Any, walk: Walk) -> bytes:
    walk.enter(value, False)
    try:
        held = delimited(3, walk.write(value.value))
    except NotAValue:
        # The name is enough to find it again.
        held = b""
    walk.leave()
    return delimited(26, text(1, _name(type(value))) + text(2, value.name or "") + held)


def _write_namedtuple(value: Any, walk: Walk) -> bytes:
    walk.enter(value, False)
    items = write_items(value, walk, 3)
    walk.leave()
    names = b"".join(delimited(2, name.encode()) for name in type(value)._fields)
    return delimited(27, text(1, _name(type(value))) + names + items)


def _write_dataclass(value: Any, walk: Walk) -> bytes:
    cls = type(value)
    walk.enter(value, not cls.__dataclass_params__.frozen)
    names, values = [], []
    for field in value.__dataclass_fields__.values():
        # ClassVar and InitVar are in the same table, as another type of field.
        if field.init and field._field_type.name == "_FIELD":
            names.append(delimited(2, field.name.encode()))
            try:
                values.append(delimited(3, walk.write(getattr(value, field.name))))
            except NotAValue as problem:
                raise problem.within(f".{field.name}") from None
    walk.leave()
    return delimited(28, text(1, _name(cls)) + b"".join(names) + b"".join(values))


@writes_shape
def _shape(cls: type) -> Optional[Writer]:
    if isinstance(cls, enum.EnumMeta):
        return _write_enum
    if _is_dataclass(cls):
        return _write_dataclass
    if _namedtuple_fields(cls) is not None:
        return _write_namedtuple
    return None
