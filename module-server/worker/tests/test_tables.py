"""pandas, pyarrow and polars, for real."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from protos import Value

from podule_worker.values import NotAValue, read_value, write_value
from podule_worker.wire import InvalidValue


def read(raw):
    return read_value(raw, 0, len(raw), 0)


def through(value):
    return read(write_value(value))


FRAME = pd.DataFrame(
    {
        "n": [1, 2, 3],
        "x": [1.5, float("nan"), -0.0],
        "text": ["a", None, "ü"],
        "when": pd.to_datetime(["2026-11-24", None, "2026-11-25"]).tz_localize("Europe/Paris"),
        "kind": pd.Categorical(["u", "v", "u"]),
    },
    index=pd.Index([10, 20, 30], name="id"),
)


def test_pandas():
    message = Value.FromString(write_value(FRAME)).arrow
    assert message.kind == 2
    pd.testing.assert_frame_equal(through(FRAME), FRAME)
    wide = pd.DataFrame(np.eye(3), columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]))
    pd.testing.assert_frame_equal(through(wide), wide)
    pd.testing.assert_frame_equal(through(pd.DataFrame()), pd.DataFrame(), check_column_type=False)


def test_a_frame_that_arrow_cannot_hold_is_refused_in_arrows_words():
    with pytest.raises(NotAValue, match="Arrow cannot hold this pandas") as refused:
        write_value({"frame": pd.DataFrame({"mixed": [1, "x", object()]})})
    assert refused.value.path == "['frame']"


def test_arrow():
    table = pa.table({"a": [1, None], "b": [["x"], []], "c": [{"k": 1.0}, None]})
    assert through(table).equals(table)
    batch = pa.record_batch({"a": [1, 2]})
    assert through(batch).equals(batch)
    empty = pa.record_batch({"a": pa.array([], pa.int8())})
    assert through(empty).equals(empty)
    assert [Value.FromString(write_value(value)).arrow.kind for value in (table, batch)] == [1, 4]


def test_polars():
    frame = pl.DataFrame({"a": [1, None], "s": ["x", "y" * 100], "d": [datetime.date(2026, 11, 24), None]})
    polars.testing.assert_frame_equal(through(frame), frame)
    message = Value.FromString(write_value(frame)).arrow
    assert message.kind == 3
    # Others read it too.
    assert pa.ipc.open_stream(message.ipc).read_all()["a"].to_pylist() == [1, None]


def test_pandas_times():
    assert through(pd.Timestamp("2026-11-24T01:02:03.000004")) == datetime.datetime(2026, 11, 24, 1, 2, 3, 4)
    assert through(pd.Timedelta(5, "s")) == datetime.timedelta(seconds=5)
    for value in (pd.NaT, pd.Timestamp(1), pd.Timedelta(1, "ns"), pd.Series([1])):
        with pytest.raises(NotAValue):
            write_value(value)


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4, 9])
def test_no_arrow_data(kind):
    for ipc in (b"", b"nothing of the kind", bytes(64)):
        message = Value()
        message.arrow.kind = kind
        message.arrow.ipc = ipc
        with pytest.raises(InvalidValue):
            read(message.SerializeToString())


@settings(max_examples=50)
@given(st.sampled_from([1, 2]), st.data())
def test_damaged_arrow_data(kind, data):
    source = pa.table({"a": [1, 2, 3], "s": ["x", "yy", None]})
    message = Value.FromString(write_value(source))
    message.arrow.kind = kind
    ipc = bytearray(message.arrow.ipc)
    ipc[data.draw(st.integers(0, len(ipc) - 1))] ^= data.draw(st.integers(1, 255))
    message.arrow.ipc = bytes(ipc[: data.draw(st.integers(0, len(ipc)))])
    try:
        read(message.SerializeToString())
    except InvalidValue:
        pass
