"""Bytes that no honest client sends: each ends in InvalidValue, with a path, in little time and memory."""

import pytest
import reference
from hypothesis import example, given, settings, strategies as st
from protos import CallRequest, Value

from podule_worker.call_request import read_request
from podule_worker.values import read_value, write_value
from podule_worker.wire import InvalidValue


def read(raw):
    return read_value(raw, 0, len(raw), 0)


@settings(max_examples=500)
@given(st.binary(max_size=200))
@example(b"\xff" * 20)
def test_any_bytes_as_a_value(raw):
    try:
        read(raw)
    except InvalidValue:
        pass


@settings(max_examples=500)
@given(st.binary(max_size=200))
def test_any_bytes_as_a_request(raw):
    try:
        read_request(raw)
    except InvalidValue:
        pass


@settings(max_examples=500)
@given(reference.VALUES, st.data())
def test_one_flipped_byte(value, data):
    raw = bytearray(write_value(value))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        read(bytes(raw))
    except InvalidValue:
        pass


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "no kind"),
        (b"\x18", "cut off"),
        (b"\x18\x80", "cut off"),
        (b"\x18" + b"\x80" * 10 + b"\x01", "longer than 10"),
        (b"\x18" + b"\xff" * 9 + b"\x7f", "64 bits"),
        (b"\x2a\x05ab", "cut off"),
        (b"\x2a\xff\xff\xff\xff\x0f", "cut off"),
        (b"\x2a" + b"\xff" * 9 + b"\x01", "cut off"),
        (b"\x2a\x02\xff\xfe", "UTF-8"),
        (b"\x2a\x03\xed\xa0\x80", "UTF-8"),
        (b"\x29" + bytes(8), "wire type"),
        (b"\x1a\x00", "wire type"),
        (b"\x18\x02\x18\x04", "one kind"),
        (b"\x18\x02\x2a\x01a", "one kind"),
        (b"\x1b\x1c", "wire type 3"),
        (b"\x00\x00", "field number"),
        (b"\x08\x01", "NullValue"),
        (b"\x3a\x0a\x12\x07" + bytes(7), "cut off"),
        (b"\x3a\x09\x12\x07" + bytes(7), "multiple of 8"),
        (b"\x92\x01\x00", "wire type"),
        (b"\xca\x01\x03abc", "uuid"),
        (b"\xb2\x01\x03abc", "date"),
        (b"\x90\x01\x00", "ellipsis"),
    ],
)
def test_each_kind_of_damage(raw, problem):
    with pytest.raises(InvalidValue, match=problem):
        read(raw)


def test_unknown_fields_are_skipped():
    unknown = b"\xf8\x3f\x05" + b"\xfa\x3f\x02hi" + b"\xf9\x3f" + bytes(8) + b"\xfd\x3f" + bytes(4)
    assert read(unknown + b"\x18\x02" + unknown) == 1
    request = CallRequest(module="m", function="f", args=[Value(int=7)]).SerializeToString()
    assert read_request(unknown + request + unknown)[:3] == ("f", [7], {})


def test_the_path_leads_to_the_damage():
    request = CallRequest(function="f")
    request.args.add().int = 1
    request.args.add().list.items.add().list.items.extend([Value(int=1), Value()])
    with pytest.raises(InvalidValue) as problem:
        read_request(request.SerializeToString())
    assert problem.value.path == "args[1].list.items[0].list.items[1]"
    request = CallRequest(function="f")
    request.kwargs["axis"].dict.keys.add().list.items.add().int = 1
    request.kwargs["axis"].dict.values.add().int = 1
    with pytest.raises(InvalidValue) as problem:
        read_request(request.SerializeToString())
    assert problem.value.path == 'kwargs["axis"].dict.keys[0]'
    assert "unhashable" in problem.value.problem


def test_a_dict_with_fewer_values_than_keys():
    message = Value()
    message.dict.keys.add().int = 1
    with pytest.raises(InvalidValue, match="1 keys, but 0 values"):
        read(message.SerializeToString())


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/passwd", "Nowhere/Land", "a\0b", "x" * 5000])
def test_no_file_is_read_by_the_name_of_a_zone(zone):
    message = Value()
    message.datetime.iso = "2026-11-24T00:00:00"
    message.datetime.zone = zone
    with pytest.raises(InvalidValue, match="no time zone"):
        read(message.SerializeToString())


@given(
    st.text(min_size=1),
    st.lists(reference.VALUES, max_size=4),
    st.dictionaries(st.text(), reference.VALUES, max_size=3),
)
def test_requests_of_the_official_runtime(function, args, kwargs):
    request = CallRequest(module="m", function=function, args=map(reference.to_proto, args))
    for name, value in kwargs.items():
        request.kwargs[name].CopyFrom(reference.to_proto(value))
    got = read_request(request.SerializeToString())
    assert got[0] == function
    assert reference.same(got[1], args)
    assert got[2].keys() == kwargs.keys()
    assert all(reference.same(got[2][name], kwargs[name]) for name in kwargs)
