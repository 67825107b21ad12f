"""numpy, for real: its scalars and arrays through the bytes and back."""

import datetime
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from protos import Value

from podule_worker.values import NotAValue, read_value, write_value
from podule_worker.wire import InvalidValue


def read(raw):
    return read_value(raw, 0, len(raw), 0)


def through(value):
    return read(write_value(value))


DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?"),
    hnp.complex_number_dtypes(endianness="?"),
    hnp.datetime64_dtypes(endianness="?"),
    hnp.timedelta64_dtypes(endianness="?"),
    hnp.unicode_string_dtypes(endianness="?"),
    hnp.byte_string_dtypes(endianness="?"),
)
ARRAYS = hnp.arrays(
    st.one_of(DTYPES, hnp.array_dtypes(DTYPES, max_size=4), hnp.nested_dtypes(DTYPES, max_leaves=4)),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)


def alike(got, array):
    assert type(got) is np.ndarray
    assert got.shape == array.shape
    assert got.dtype == array.dtype.newbyteorder("<")
    assert got.tobytes() == array.astype(array.dtype.newbyteorder("<")).tobytes()
    assert got.flags.writeable


@given(ARRAYS)
def test_arrays(array):
    alike(through(array), array)


@given(ARRAYS.filter(lambda array: array.ndim > 1))
def test_fortran_order_and_views(array):
    turned = array.T
    got = through(turned)
    alike(got, turned)
    if turned.size > 1 and not turned.flags.c_contiguous:
        assert got.flags.f_contiguous
    alike(through(array[::-1]), array[::-1])


@given(hnp.from_dtype(np.dtype("f8")), st.sampled_from([np.float16, np.float32, np.float64, np.longdouble]))
def test_float_scalars(value, kind):
    with np.errstate(all="ignore"):
        scalar = kind(value)
    got = through(scalar)
    assert type(got) is kind
    assert repr(got) == repr(scalar)


@given(st.data(), st.sampled_from("bhilqBHILQ"))
def test_int_scalars(data, code):
    info = np.iinfo(code)
    scalar = np.dtype(code).type(data.draw(st.integers(info.min, info.max)))
    got = through(scalar)
    assert got.dtype == scalar.dtype
    assert got == scalar


@pytest.mark.parametrize(
    "scalar",
    [
        np.bool_(True),
        np.complex64(1 - 2j),
        np.complex128(-0.0),
        np.str_("añ"),
        np.bytes_(b"ab"),
        np.datetime64("2026-11-24T01:02:03", "ns"),
        np.datetime64("NaT"),
        np.timedelta64(5, "ms"),
        np.uint64(1 << 63),
        np.void(b"abc"),
        np.zeros((), [("x", "<f8"), ("y", "<i4", (2,))])[()],
    ],
)
def test_other_scalars(scalar):
    got = through(scalar)
    assert type(got) is type(scalar)
    assert got.dtype == scalar.dtype
    assert repr(got) == repr(scalar)


def test_a_scalar_is_readable_without_numpy():
    message = Value.FromString(write_value(np.float32(1.5)))
    assert (message.float, message.dtype) == (1.5, "<f4")
    message = Value.FromString(write_value([np.int64(7), True]))
    assert (message.list.items[0].int, message.list.items[0].dtype) == (7, "<i8")


def test_the_wire_form_of_an_array():
    array = np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))
    message = Value.FromString(write_value(array)).ndarray
    assert (message.dtype, list(message.shape), message.fortran) == ("<i4", [2, 3], True)
    assert np.frombuffer(message.data, "<i4").tolist() == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]),
        np.array([1, "x"], dtype=object),
        np.ma.masked_array([1], mask=[True]),
        np.zeros(2, [("a", object)]),
        [1, np.array([None])],
    ],
)
def test_arrays_that_are_no_value(value):
    with pytest.raises(NotAValue) as refused:
        write_value(value)
    assert refused.value.reason == "RESULT_NOT_A_VALUE"
    assert refused.value.python_type.startswith("numpy.")


def _message(**fields):
    message = Value()
    message.ndarray.SetInParent()
    for name, value in fields.items():
        if name == "shape":
            message.ndarray.shape.extend(value)
        else:
            setattr(message.ndarray, name, value)
    return message.SerializeToString()


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": "O", "shape": [1], "data": bytes(8)},
        {"dtype": "|O8", "shape": [1], "data": bytes(8)},
        {"dtype": "f8,O", "shape": [1], "data": bytes(16)},
        {"dtype": "float64", "shape": [1], "data": bytes(8)},
        {"dtype": "datetime64[as", "shape": [1], "data": bytes(8)},
        {"dtype": "", "shape": [1], "data": bytes(8)},
        {"dtype": "<f8", "shape": [2], "data": bytes(8)},
        {"dtype": "<f8", "shape": [-1], "data": bytes(8)},
        {"dtype": "<f8", "shape": [1 << 62, 4], "data": b""},
        {"dtype": "<f8", "shape": [0, 1 << 62, 1 << 62], "data": b""},
        {"dtype": "<f8", "shape": [1] * 100, "data": bytes(8)},
        {"dtype": "<U0", "shape": [1 << 40], "data": b""},
        {"dtype": "|V999999999", "shape": [1], "data": b""},
        {"descr": "[('x', 'O')]", "shape": [1], "data": bytes(8)},
        {"descr": "[('x', [('y', '|O')])]", "shape": [1], "data": bytes(8)},
        {"descr": "__import__('os').system('true')", "shape": [1], "data": bytes(8)},
        {"descr": "[" * 10_000, "shape": [1], "data": bytes(8)},
        {"descr": "[('x', '<f8', (1000000000, 1000000000))]", "shape": [1], "data": bytes(8)},
        {"descr": "[('x', '<f8', -1)]", "shape": [1], "data": bytes(8)},
        {"descr": "[('x', '<f8'), ('x', '<f8')]", "shape": [1], "data": bytes(16)},
        {"descr": "7", "shape": [1], "data": bytes(8)},
    ],
)
def test_hostile_arrays(fields):
    with pytest.raises(InvalidValue):
        read(_message(**fields))


@given(st.text(max_size=12), st.lists(st.integers(-3, 5), max_size=5), st.binary(max_size=64), st.text(max_size=20))
def test_any_array_message(dtype, shape, data, descr):
    for fields in ({"dtype": dtype}, {"descr": descr}, {"dtype": "<i4"}):
        try:
            got = read(_message(shape=shape, data=data, **fields))
        except InvalidValue:
            continue
        assert got.nbytes == len(data)


@pytest.mark.parametrize("dtype", ["<q9", "<i3", "O", "x" * 100, "<U2,<U3"])
def test_hostile_dtypes_of_scalars(dtype):
    message = Value(int=5)
    message.dtype = dtype
    with pytest.raises(InvalidValue):
        read(message.SerializeToString())


def test_a_scalar_that_does_not_fit_its_dtype():
    for value, dtype in ((300, "|u1"), (-1, "<u8")):
        with pytest.raises(InvalidValue):
            read(Value(int=value, dtype=dtype).SerializeToString())


def test_numpys_own_dates_are_not_pythons():
    assert through(np.datetime64("2026-11-24")) == np.datetime64(datetime.date(2026, 11, 24))


def test_without_numpy(tmp_path):
    """A dtype is ignored, an array refused, and nothing is imported."""
    program = """
import sys
sys.path.insert(0, sys.argv[1])
sys.modules["numpy"] = None
from podule_worker.values import read_value, write_value
from podule_worker.wire import InvalidValue
scalar, array = (bytes.fromhex(text) for text in sys.argv[2:])
assert read_value(scalar, 0, len(scalar), 0) == 1.5
try:
    read_value(array, 0, len(array), 0)
except InvalidValue as problem:
    assert problem.reason == "PACKAGE_MISSING", problem
else:
    raise SystemExit("no error")
"""
    package = next(path for path in sys.path if path.endswith("worker"))
    raw = [write_value(np.float32(1.5)).hex(), write_value(np.zeros(1)).hex()]
    subprocess.run([sys.executable, "-I", "-c", program, package, *raw], check=True)
