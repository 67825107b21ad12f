"""Enums, namedtuples and dataclasses: by name, and only to classes that are there and are what they claim."""

import collections
import dataclasses
import enum
import sys
import types
from typing import Any, ClassVar, NamedTuple

import pytest
from protos import Value
from reference import to_proto

from podule_worker.values import NotAValue, read_value, write_value
from podule_worker.wire import InvalidValue


class Shade(enum.Enum):
    DARK = 1
    LIGHT = (1, 2)
    SELF = object()


class Level(enum.IntEnum):
    LOW = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


Pair = collections.namedtuple("Pair", "left right")


class Typed(NamedTuple):
    name: str
    size: int = 0


@dataclasses.dataclass
class Part:
    name: str
    inner: Any = None
    shared: ClassVar[int] = 5
    made: int = dataclasses.field(default=0, init=False)


@dataclasses.dataclass(frozen=True)
class Fixed:
    value: int

    class Nested(enum.Enum):
        ONE = 1


class Plain:
    def __init__(self, **_fields):
        raise AssertionError("constructed")


def read(raw):
    return read_value(raw, 0, len(raw), 0)


@pytest.mark.parametrize(
    "value",
    [
        Shade.DARK,
        Shade.LIGHT,
        Shade.SELF,
        Level.LOW,
        Access.READ,
        Access.READ | Access.WRITE,
        Access(0),
        Fixed.Nested.ONE,
        Pair(1, [2]),
        Typed("a", 2),
        Part("a", Part("b", (Shade.DARK, {"x": Pair(1, 2)}))),
        Fixed(3),
        {Fixed(3): Level.LOW},
    ],
)
def test_there_and_back(value):
    got = read(write_value(value))
    assert type(got) is type(value)
    assert got == value


def test_the_wire_form():
    message = Value.FromString(write_value(Part("a", 1))).dataclass
    assert (message.type, list(message.names)) == (f"{__name__}:Part", ["name", "inner"])
    message = Value.FromString(write_value(Fixed.Nested.ONE)).enum
    assert (message.type, message.name, message.value.int) == (f"{__name__}:Fixed.Nested", "ONE", 1)
    assert not Value.FromString(write_value(Shade.SELF)).enum.HasField("value")


def test_a_shared_dataclass_is_refused_a_frozen_one_is_not():
    part = Part("a")
    with pytest.raises(NotAValue) as refused:
        write_value(Part("b", [part, part]))
    assert (refused.value.reason, refused.value.path) == ("VALUE_NOT_A_TREE", ".inner[1]")
    fixed = Fixed(1)
    assert read(write_value([fixed, fixed])) == [fixed, fixed]
    part.inner = part
    with pytest.raises(NotAValue, match="contains itself"):
        write_value(part)


def record(kind, name, /, **fields):
    message = Value()
    part = getattr(message, kind)
    part.type = name
    part.names.extend(fields)
    part.values.extend(map(to_proto, fields.values()))
    return message.SerializeToString()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("dataclass", f"{__name__}:Plain"),
        ("dataclass", f"{__name__}:Pair"),
        ("dataclass", "builtins:dict"),
        ("dataclass", "subprocess:Popen"),
        ("dataclass", "os:system"),
        ("dataclass", "not_loaded_at_all:Thing"),
        ("dataclass", f"{__name__}:Part.__init__.__globals__"),
        ("dataclass", ""),
        ("dataclass", ":"),
        ("namedtuple", f"{__name__}:Part"),
        ("namedtuple", "builtins:tuple"),
        ("namedtuple", f"{__name__}:Nothing"),
    ],
)
def test_only_real_ones(kind, name):
    with pytest.raises(InvalidValue) as problem:
        read(record(kind, name, left=1, right=2))
    assert problem.value.reason == "TYPE_NOT_FOUND"
    assert problem.value.path == f".{kind}.type"


def test_nothing_is_imported_and_no_hook_of_a_module_runs():
    module = types.ModuleType("with_hook")
    module.__getattr__ = lambda name: (_ for _ in ()).throw(AssertionError("asked"))
    sys.modules["with_hook"] = module
    try:
        with pytest.raises(InvalidValue):
            read(record("dataclass", "with_hook:Lazy", left=1))
    finally:
        del sys.modules["with_hook"]
    assert "antigravity" not in sys.modules
    with pytest.raises(InvalidValue):
        read(record("dataclass", "antigravity:x"))
    assert "antigravity" not in sys.modules


def test_fields_that_do_not_fit():
    for kind, name, fields in (
        ("namedtuple", "Pair", {"left": 1}),
        ("namedtuple", "Pair", {"right": 1, "left": 2}),
        ("dataclass", "Part", {"nothing": 1}),
        ("dataclass", "Part", {}),
        ("dataclass", "Part", {"name": "a", "made": 1}),
    ):
        with pytest.raises(InvalidValue) as problem:
            read(record(kind, f"{__name__}:{name}", **fields))
        assert problem.value.reason == "INVALID_VALUE"


def test_members_that_are_not_there():
    message = Value()
    message.enum.type = f"{__name__}:Shade"
    for name in ("", "NONE", "__class__", "mro"):
        message.enum.name = name
        with pytest.raises(InvalidValue, match="no member"):
            read(message.SerializeToString())
