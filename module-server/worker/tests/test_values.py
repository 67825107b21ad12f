import decimal
import random

import pytest
import reference
from hypothesis import given, settings, strategies as st
from protos import Value

from podule_worker.values import NotAValue, read_value, write_value
from podule_worker.wire import InvalidValue


def read(raw):
    return read_value(raw, 0, len(raw), 0)


@given(reference.VALUES)
def test_reads_what_the_official_runtime_writes(value):
    assert reference.same(read(reference.to_proto(value).SerializeToString()), value)


@given(reference.VALUES)
def test_writes_what_the_official_runtime_reads(value):
    assert reference.same(reference.from_proto(Value.FromString(write_value(value))), value)


@given(st.lists(reference.INTS, max_size=60), st.sampled_from([list, tuple]))
def test_writes_exactly_the_bytes_of_the_official_runtime_for_short_lists(items, kind):
    value = kind(items[:15])
    assert write_value(value) == reference.to_proto(value).SerializeToString(deterministic=True)


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=16))
def test_packs_long_lists_of_ints(items):
    message = Value.FromString(write_value(items))
    assert list(message.list.ints) == items
    assert read(message.SerializeToString()) == items


def test_packs_long_lists_of_floats_and_no_mixed_ones():
    floats = [float(n) for n in range(20)]
    assert list(Value.FromString(write_value(floats)).list.floats) == floats
    for mixed in ([*floats, 1], [True] * 20, [1, True] * 10, [1 << 63] * 20):
        message = Value.FromString(write_value(mixed)).list
        assert len(message.items) == len(mixed)
        assert reference.same(read(write_value(mixed)), mixed)


def test_reads_unpacked_repeated_numbers():
    # list { ints: 1, ints: 2 }, each with its own tag
    body = b"\x11" + (1).to_bytes(8, "little") + b"\x11" + (2).to_bytes(8, "little")
    assert read(b"\x3a" + bytes([len(body)]) + body) == [1, 2]


@pytest.mark.parametrize("text", ["NaN", "sNaN", "-Infinity", "1.10", "1E+400", "-0"])
def test_decimals_keep_their_digits(text):
    value = read(Value(decimal=text).SerializeToString())
    assert str(value) == text
    assert Value.FromString(write_value(value)).decimal == text


def test_bad_decimal_is_refused_whatever_the_context():
    with decimal.localcontext() as context:
        context.traps[decimal.InvalidOperation] = False
        with pytest.raises(InvalidValue, match="no decimal number"):
            read(Value(decimal="one").SerializeToString())


@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.text(),
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-(1 << 53), 1 << 53),
        ),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
        max_leaves=12,
    )
)
def test_json(value):
    from google.protobuf import json_format, struct_pb2

    parsed = struct_pb2.Value()
    json_format.ParseDict(value, parsed)
    got = read(_json(parsed))
    assert got == value
    assert _no_whole_floats(got)


def _json(parsed):
    body = parsed.SerializeToString()
    message = Value()
    message.json.MergeFromString(body)
    message.json.SetInParent()
    return message.SerializeToString()


def _no_whole_floats(value):
    if isinstance(value, float):
        return not value.is_integer() or abs(value) > 1 << 53
    if isinstance(value, dict):
        return all(map(_no_whole_floats, value.values()))
    return all(map(_no_whole_floats, value)) if isinstance(value, list) else True


def test_subclasses_of_builtins_travel_as_their_base():
    import collections

    class Text(str):
        pass

    class Number(int):
        pass

    for value, plain in (
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.defaultdict(list, {1: [2]}), {1: [2]}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (Text("x"), "x"),
        (Number(5), 5),
        (type("Items", (list,), {})([1]), [1]),
    ):
        assert reference.same(read(write_value(value)), plain)


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def test_48_containers_are_the_limit_both_ways():
    raw = write_value(nested(48))
    assert read(raw) == nested(48)
    with pytest.raises(NotAValue) as refused:
        write_value(nested(49))
    assert (refused.value.reason, refused.value.path) == ("VALUE_TOO_DEEP", "[0]" * 48)
    with pytest.raises(InvalidValue) as problem:
        read(reference.to_proto(nested(49)).SerializeToString())
    assert "48 containers" in problem.value.problem
    assert problem.value.path == ".list.items[0]" * 48 + ".list"


def test_hostile_nesting_is_cheap_to_refuse():
    raw = b""
    for _ in range(5000):
        raw = b"\x0a" + _varint(len(raw)) + raw
        raw = b"\x3a" + _varint(len(raw)) + raw
    with pytest.raises(InvalidValue):
        read(raw)


def _varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def test_cycles_and_shared_containers_are_refused_with_their_place():
    inner = [1]
    loop = []
    loop.append({"self": loop})
    for value, path in (
        ([inner, inner], "[1]"),
        ({"a": inner, "b": (0, inner)}, "['b'][1]"),
        (loop, "[0]['self']"),
        ([{1}, (s := {2}), s], "[2]"),
    ):
        with pytest.raises(NotAValue) as refused:
            write_value(value)
        assert (refused.value.reason, refused.value.path) == ("VALUE_NOT_A_TREE", path)


def test_immutable_values_may_be_shared():
    pair = (1, 2)
    assert read(write_value([pair, pair, "x", "x"])) == [pair, pair, "x", "x"]


def test_what_is_no_value_is_named_with_its_place():
    for value, path, name in (
        (object(), "", "object"),
        ([1, {"a": (2, object())}], "[1]['a'][1]", "object"),
        ({random.Random(0): 1}, "[...]", "random.Random"),
        ((x for x in ()), "", "generator"),
        (len, "", "builtin_function_or_method"),
        (int, "", "type"),
        (slice(None, object()), ".stop", "object"),
    ):
        with pytest.raises(NotAValue) as refused:
            write_value(value)
        assert (refused.value.reason, refused.value.path) == ("RESULT_NOT_A_VALUE", path)
        assert refused.value.python_type == name


@settings(max_examples=200)
@given(reference.VALUES)
def test_every_cut_is_refused_or_another_value(value):
    raw = write_value(value)
    for cut in range(0, len(raw), max(1, len(raw) // 50)):
        try:
            read(raw[:cut])
        except InvalidValue:
            continue
