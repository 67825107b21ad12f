"""numpy over there, with numpy here too: arrays by value, expressions in one message."""

from __future__ import annotations

import numpy
import pytest

import podule


def test_arrays_come_and_go(np):
    for array in (
        numpy.arange(6),
        numpy.arange(6.0).reshape(2, 3),
        numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)),
        numpy.zeros((0, 3)),
        numpy.array(5),
        numpy.arange(6)[::2],
        numpy.arange(4, dtype=">i4"),
        numpy.array(["a", "bc"]),
        numpy.array(["2026-01-01"], "datetime64[D]"),
        numpy.zeros(2, [("x", "f8"), ("y", "i4")]),
        numpy.arange(100_000.0),
        numpy.arange(100_000.0).reshape(100, 1000).T,
        numpy.arange(1_000_000, dtype="i4"),
    ):
        result = np.asarray(array)
        assert type(result) is numpy.ndarray and result.shape == array.shape
        assert numpy.array_equal(result, array)
        assert result.dtype == array.dtype.newbyteorder("<")
        assert result.flags.writeable


def test_a_large_array_lies_where_its_chunks_came_in(np):
    for array in (numpy.arange(100_000.0), numpy.asfortranarray(numpy.ones((300, 301), "c16")), numpy.arange(90_001, dtype="u4")):
        result = np.asarray(array)
        base = result
        while isinstance(base, numpy.ndarray):
            base = base.base
        assert isinstance(base if not isinstance(base, memoryview) else base.obj, bytearray)
        assert result.flags.aligned and result.flags.writeable and numpy.array_equal(result, array)
        assert result.flags.f_contiguous == array.flags.f_contiguous
        result += 1


def test_results_and_scalars(np):
    assert np.sum([1, 2, 3, 4]) == 10
    assert np.pi == numpy.pi
    assert type(np.float32(1.5)) is numpy.float32
    assert np.linalg.norm(numpy.array([3.0, 4.0])) == 5
    assert np.__version__.split(".")[0].isdigit()
    svd = np.linalg.svd(numpy.eye(3))
    assert numpy.allclose(svd.S, 1)


def test_types_and_functions_as_arguments(np):
    assert np.zeros(3, dtype=int).dtype == int
    assert np.zeros(3, dtype=numpy.float32).dtype == numpy.float32
    assert np.zeros(3, dtype=numpy.dtype("i2")).dtype == numpy.int16
    assert np.zeros(3, dtype=np.complex128).dtype == complex
    assert list(np.apply_along_axis(np.sum, 0, numpy.ones((2, 3)))) == [2, 2, 2]
    assert list(np.vectorize(lambda x: x * 2)([1, 2])) == [2, 4]


def test_kept_arrays(np):
    with podule.keep():
        array = np.arange(12)
    assert isinstance(array, podule.RemoteObjectProxy)
    assert array.shape == (12,) and len(array) == 12 and 3 in array
    assert list(array[2:4]) == [2, 3]
    array[0] = 100
    array += 1
    assert isinstance(array, podule.RemoteObjectProxy) and array[0] == 101
    assert numpy.array(array)[1] == 2
    assert list((numpy.ones(12) + array)[:2]) == [102, 3]
    assert str(array).startswith("[101")


def test_evaluate(np):
    x = [[1.0, 2.0], [3.0, 4.0]]
    assert podule.evaluate(lambda: np.sum(np.array([1, 2, 3, 4]))) == 10
    assert podule.evaluate(lambda: np.linalg.svd(np.array(x)).S.sum()) == pytest.approx(numpy.linalg.svd(x).S.sum())

    def several():
        a = np.array(x)
        return {"a": a, "sum": a.sum(), "both": [a + a, a.shape], "none": None, "pi": np.pi}

    result = podule.evaluate(several)
    assert numpy.array_equal(result["a"], x) and result["sum"] == 10
    assert numpy.array_equal(result["both"][0], numpy.add(x, x)) and result["both"][1] == (2, 2)
    assert result["none"] is None and result["pi"] == numpy.pi

    def branching():
        a = np.arange(10)
        if len(a) > 5:
            return a[5] + 1
        return None

    assert podule.evaluate(branching) == 6


def test_evaluate_is_one_message(np, monkeypatch):
    np.sum([1])
    session = np._podule.runtime.session()
    written = []
    original = session._session._write
    monkeypatch.setattr(session._session, "_write", lambda batch: written.append(len(batch)) or original(batch))
    assert podule.evaluate(lambda: ((np.arange(5) + 1) * 2).sum()) == 30
    assert max(written) == 4 and sum(1 for frames in written if frames > 1) == 1


def test_errors_in_an_evaluated_expression(np):
    def wrong():
        bad = np.array([1, 2]).reshape(3)
        return (bad + 1).sum()

    with pytest.raises(ValueError, match="cannot reshape") as caught:
        podule.evaluate(wrong)
    assert caught.value.metadata["origin"]
    assert podule.evaluate(lambda: np.sum(np.array([1]))) == 1


def test_objects_of_another_module_go_by_value_where_they_can(np, things):
    with podule.keep():
        items = things.same([1, 2, 3])
    assert np.sum(items) == 6
    with pytest.raises(TypeError, match="another worker"):
        np.sum(things.Number(1))
