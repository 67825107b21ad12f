"""The values of value.proto by the official runtime, written apart from the worker's codec, to hold it against."""

import datetime
import decimal
import fractions
import math
import uuid

from google.protobuf import struct_pb2
from hypothesis import strategies as st
from protos import Value

_SEQUENCES = {list: "list", tuple: "tuple", set: "set", frozenset: "frozenset"}


def to_proto(value):
    message = Value()
    kind = type(value)
    if value is None:
        message.null = struct_pb2.NULL_VALUE
    elif value is ...:
        message.ellipsis = True
    elif kind is bool:
        message.bool = value
    elif kind is int:
        if -(1 << 63) <= value < 1 << 63:
            message.int = value
        else:
            bits = (value if value >= 0 else -value - 1).bit_length() + 1
            message.big_int = value.to_bytes((bits + 7) // 8, "big", signed=True)
    elif kind is float:
        message.float = value
    elif kind is complex:
        message.complex.real = value.real
        message.complex.imag = value.imag
    elif kind is str:
        try:
            message.str = value
        except (UnicodeEncodeError, ValueError):
            message.surrogate_str = value.encode("utf-8", "surrogatepass")
    elif kind is bytes:
        message.bytes = value
    elif kind is bytearray:
        message.bytearray = bytes(value)
    elif kind in _SEQUENCES:
        part = getattr(message, _SEQUENCES[kind])
        part.SetInParent()
        part.items.extend(map(to_proto, value))
    elif kind is dict:
        message.dict.SetInParent()
        message.dict.keys.extend(map(to_proto, value.keys()))
        message.dict.values.extend(map(to_proto, value.values()))
    elif kind in (slice, range):
        part = message.slice if kind is slice else message.range
        part.SetInParent()
        for name in ("start", "stop", "step"):
            if getattr(value, name) is not None:
                getattr(part, name).CopyFrom(to_proto(getattr(value, name)))
    elif kind is decimal.Decimal:
        message.decimal = str(value)
    elif kind is fractions.Fraction:
        message.fraction.numerator.CopyFrom(to_proto(value.numerator))
        message.fraction.denominator.CopyFrom(to_proto(value.denominator))
    elif kind is datetime.datetime or kind is datetime.time:
        part = message.datetime if kind is datetime.datetime else message.time
        part.iso = value.isoformat()
        part.zone = getattr(value.tzinfo, "key", "")
        part.fold = value.fold
    elif kind is datetime.date:
        message.date = value.isoformat()
    elif kind is datetime.timedelta:
        message.timedelta.SetInParent()
        message.timedelta.days = value.days
        message.timedelta.seconds = value.seconds
        message.timedelta.microseconds = value.microseconds
    elif kind is uuid.UUID:
        message.uuid = value.bytes
    else:
        raise AssertionError(kind)
    return message


def from_proto(message):
    kind = message.WhichOneof("kind")
    part = getattr(message, kind)
    if kind == "null":
        return None
    if kind == "ellipsis":
        return ...
    if kind in ("bool", "int", "float", "str", "bytes"):
        return part
    if kind == "bytearray":
        return bytearray(part)
    if kind == "big_int":
        return int.from_bytes(part, "big", signed=True)
    if kind == "complex":
        return complex(part.real, part.imag)
    if kind == "surrogate_str":
        return part.decode("utf-8", "surrogatepass")
    if kind in _SEQUENCES.values():
        assert sum(map(bool, (part.items, part.ints, part.floats))) <= 1
        items = [from_proto(item) for item in part.items] + list(part.ints) + list(part.floats)
        return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](items)
    if kind == "dict":
        return dict(zip(map(from_proto, part.keys), map(from_proto, part.values), strict=True))
    if kind in ("slice", "range"):
        sides = [from_proto(getattr(part, name)) if part.HasField(name) else None for name in ("start", "stop", "step")]
        return slice(*sides) if kind == "slice" else range(*sides)
    if kind == "decimal":
        return decimal.Decimal(part)
    if kind == "fraction":
        return fractions.Fraction(from_proto(part.numerator), from_proto(part.denominator))
    if kind in ("datetime", "time"):
        cls = datetime.datetime if kind == "datetime" else datetime.time
        import zoneinfo

        value = cls.fromisoformat(part.iso).replace(fold=part.fold)
        return value.replace(tzinfo=zoneinfo.ZoneInfo(part.zone)) if part.zone else value
    if kind == "date":
        return datetime.date.fromisoformat(part)
    if kind == "timedelta":
        return datetime.timedelta(part.days, part.seconds, part.microseconds)
    if kind == "uuid":
        return uuid.UUID(bytes=part)
    raise AssertionError(kind)


def same(a, b):
    """Equal in type and content; a NaN is itself, -0.0 is not 0.0, 1 is not True."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.keys()), list(b.keys())) and same(list(a.values()), list(b.values()))
    if isinstance(a, (set, frozenset)):
        return sorted(map(_key, a)) == sorted(map(_key, b))
    if isinstance(a, (slice, range)):
        return same([a.start, a.stop, a.step], [b.start, b.stop, b.step])
    if isinstance(a, decimal.Decimal):
        return a.as_tuple() == b.as_tuple()
    if isinstance(a, (datetime.datetime, datetime.time)):
        return a.isoformat() == b.isoformat() and a.fold == b.fold and str(a.tzinfo) == str(b.tzinfo)
    return a == b


def _key(value):
    return f"{type(value).__name__} {value!r}"


INTS = st.one_of(
    st.integers(),
    st.integers(-(1 << 64), 1 << 64),
    st.sampled_from([s * (1 << n) + d for n in (6, 7, 31, 32, 63, 64, 71, 72) for s in (-1, 1) for d in (-1, 0, 1)]),
)
FLOATS = st.one_of(st.floats(), st.sampled_from([-0.0, math.nan, math.inf, -math.inf]))
TEXT = st.one_of(st.text(), st.text(st.characters(exclude_categories=[])))
ZONES = st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Kolkata", "UTC"])


@st.composite
def _datetimes(draw):
    import zoneinfo

    zone = draw(
        st.one_of(
            st.none(),
            st.builds(zoneinfo.ZoneInfo, ZONES),
            st.timedeltas(datetime.timedelta(hours=-23), datetime.timedelta(hours=23)).map(
                lambda offset: datetime.timezone(datetime.timedelta(seconds=int(offset.total_seconds())))
            ),
        )
    )
    value = draw(st.datetimes(datetime.datetime(2, 1, 1), datetime.datetime(9998, 12, 30)))
    return value.replace(tzinfo=zone, fold=draw(st.integers(0, 1)))


HASHABLE = st.one_of(
    st.none(),
    st.booleans(),
    INTS,
    FLOATS,
    st.complex_numbers(),
    TEXT,
    st.binary(),
    st.just(...),
    st.decimals(),
    st.fractions(),
    st.uuids(),
    _datetimes(),
    st.times(),
    st.dates(),
    st.timedeltas(),
    st.builds(range, INTS, INTS, st.integers().filter(bool)),
    # signalling NaN cannot be hashed; it is tested by itself
).filter(lambda value: not (isinstance(value, decimal.Decimal) and value.is_snan()))

SCALARS = st.one_of(HASHABLE, st.binary().map(bytearray))

NAMED_KEYS = st.one_of(HASHABLE, st.tuples(HASHABLE, HASHABLE), st.frozensets(HASHABLE, max_size=3))

VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=5).map(tuple),
        st.sets(HASHABLE, max_size=5),
        st.frozensets(HASHABLE, max_size=5),
        st.dictionaries(NAMED_KEYS, inner, max_size=5),
        st.lists(INTS, min_size=10, max_size=40),
        st.lists(FLOATS, min_size=10, max_size=40),
        st.lists(st.booleans(), min_size=10, max_size=40),
        st.builds(slice, inner, INTS, st.none()),
    ),
    max_leaves=20,
)
