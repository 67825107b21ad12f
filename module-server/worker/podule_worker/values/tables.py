"""DataFrames and Arrow tables, as Arrow IPC streams. Their packages are imported only to read one."""

from __future__ import annotations

import importlib
import io
import sys
from typing import Any

from ..wire import BYTES, VARINT, Buffer, InvalidValue, delimited, expect, read_fields, unsigned
from .decode import reads
from .encode import NotAValue, Walk, bulky, checked, type_name, writes

TABLE, PANDAS, POLARS, RECORD_BATCH = 1, 2, 3, 4

# Before 14.0.1 pyarrow unpickles extension types that it reads.
_SAFE_PYARROW = (14, 0, 1)


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InvalidValue(f"the module's environment has no {name} ({error})", "PACKAGE_MISSING") from None


def _pyarrow() -> Any:
    pyarrow = _package("pyarrow")
    version = tuple(int(part) for part in pyarrow.__version__.split(".")[:3] if part.isdigit())
    if version < _SAFE_PYARROW:
        raise InvalidValue(f"pyarrow {pyarrow.__version__} must not read what others wrote", "PACKAGE_MISSING")
    return pyarrow


@reads(29, "arrow")
def _arrow(buffer: Buffer, at: int, end: int, _depth: int) -> Any:
    kind = start = stop = 0
    for number, wire, a, b in read_fields(buffer, at, end):
        if number == 1:
            expect(wire, VARINT, "kind")
            kind = a
        elif number == 2:
            expect(wire, BYTES, "ipc")
            start, stop = a, b
    ipc = bytes(buffer[start:stop])
    if kind == POLARS:
        polars = _package("polars")
        return _read(lambda: polars.read_ipc_stream(io.BytesIO(ipc)))
    if kind not in (TABLE, PANDAS, RECORD_BATCH):
        raise InvalidValue(f"{kind} is no kind of Arrow data").within(".kind")
    pyarrow = _pyarrow()
    if kind == PANDAS:
        _package("pandas")
    table = _read(lambda: _table(pyarrow, ipc))
    if kind == TABLE:
        return table
    if kind == PANDAS:
        return _read(table.to_pandas)
    batches = table.to_batches()
    if len(batches) > 1:
        raise InvalidValue("more than one record batch").within(".ipc")
    return batches[0] if batches else _read(lambda: pyarrow.RecordBatch.from_pylist([], table.schema))


def _table(pyarrow: Any, ipc: bytes) -> Any:
    with pyarrow.ipc.open_stream(ipc) as reader:
        table = reader.read_all()
    # Offsets and lengths inside are the sender's word.
    table.validate(full=True)
    return table


def _read(read: Any) -> Any:
    try:
        return read()
    except MemoryError:
        raise
    except Exception as error:
        raise InvalidValue(f"not an Arrow IPC stream: {type(error).__name__}: {error}").within(".ipc") from error


def _arrow_data(kind: int, ipc: Any) -> bytes:
    return delimited(29, checked(unsigned(1, kind) + delimited(2, ipc)))


def _ipc(value: Any) -> Any:
    pyarrow = sys.modules["pyarrow"]
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, value.schema) as writer:
        writer.write(value)
    return sink.getvalue().to_pybytes()


@writes("pyarrow", "Table", subclasses=False)
@bulky
def _write_table(value: Any, _walk: Walk) -> bytes:
    return _arrow_data(TABLE, _ipc(value))


@writes("pyarrow", "RecordBatch", subclasses=False)
@bulky
def _write_batch(value: Any, _walk: Walk) -> bytes:
    return _arrow_data(RECORD_BATCH, _ipc(value))


@writes("pandas", "DataFrame", subclasses=False)
@bulky
def _write_pandas(value: Any, _walk: Walk) -> bytes:
    name = type_name(type(value))
    try:
        pyarrow = importlib.import_module("pyarrow")
    except ImportError:
        raise NotAValue(f"a {name} travels by value where the environment has pyarrow", python_type=name) from None
    try:
        table = pyarrow.Table.from_pandas(value)
    except (pyarrow.ArrowException, ValueError, TypeError) as error:
        raise NotAValue(f"Arrow cannot hold this {name}: {error}", python_type=name) from None
    return _arrow_data(PANDAS, _ipc(table))


@writes("polars", "DataFrame", subclasses=False)
@bulky
def _write_polars(value: Any, _walk: Walk) -> bytes:
    sink = io.BytesIO()
    polars = sys.modules["polars"]
    try:
        # The oldest level: readers of other languages know it.
        value.write_ipc_stream(sink, compat_level=polars.CompatLevel.oldest())
    except Exception as error:
        name = type_name(type(value))
        raise NotAValue(f"Arrow cannot hold this {name}: {error}", python_type=name) from None
    return _arrow_data(POLARS, sink.getvalue())
