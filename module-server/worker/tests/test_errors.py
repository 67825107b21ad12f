import asyncio
import pathlib
import re

import pytest
from driver import MODULES

from podule_worker.exception_codes import BUILTIN, NAMED, code_of

CODES = {
    "CANCELLED": 1, "UNKNOWN": 2, "INVALID_ARGUMENT": 3, "DEADLINE_EXCEEDED": 4, "NOT_FOUND": 5, "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7, "RESOURCE_EXHAUSTED": 8, "FAILED_PRECONDITION": 9, "OUT_OF_RANGE": 11, "UNIMPLEMENTED": 12,
    "UNAVAILABLE": 14,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ValueError", "INVALID_ARGUMENT"),
        ("UnicodeError", "INVALID_ARGUMENT"),
        ("TypeError", "INVALID_ARGUMENT"),
        ("ZeroDivisionError", "INVALID_ARGUMENT"),
        ("KeyError", "NOT_FOUND"),
        ("IndexError", "OUT_OF_RANGE"),
        ("OverflowError", "OUT_OF_RANGE"),
        ("StopIteration", "OUT_OF_RANGE"),
        ("FileNotFoundError", "NOT_FOUND"),
        ("FileExistsError", "ALREADY_EXISTS"),
        ("PermissionError", "PERMISSION_DENIED"),
        ("TimeoutError", "DEADLINE_EXCEEDED"),
        ("ConnectionResetError", "UNAVAILABLE"),
        ("NotImplementedError", "UNIMPLEMENTED"),
        ("ImportError", "FAILED_PRECONDITION"),
        ("RecursionError", "RESOURCE_EXHAUSTED"),
        ("RuntimeError", "UNKNOWN"),
        ("AssertionError", "UNKNOWN"),
        ("SystemExit", "UNKNOWN"),
        ("GeneratorExit", "UNKNOWN"),
        ("KeyboardInterrupt", "CANCELLED"),
    ],
)
def test_the_code_of_an_exception(client, name, code):
    failure = client.call("fail", name, "what happened")
    assert (failure.code, failure.reason, failure.python_type) == (CODES[code], "PYTHON_EXCEPTION", name)
    assert "what happened" in failure.message
    assert f"{name}: " in failure.traceback or name == "SystemExit"
    assert client.call("add", 1, 2) == 3


def test_the_nearest_class_counts():
    class Mine(KeyError):
        pass

    assert code_of(Mine()) == code_of(KeyError())
    assert code_of(OSError(28, "No space left on device")) == CODES["RESOURCE_EXHAUSTED"]
    assert code_of(asyncio.CancelledError()) == CODES["CANCELLED"]
    assert code_of(asyncio.TimeoutError()) == CODES["DEADLINE_EXCEEDED"]


def test_the_published_table_is_the_one_in_force():
    page = (pathlib.Path(__file__).parents[3] / "docs" / "errors.md").read_text()
    page = page.partition("## Python exceptions")[2].partition("## Reasons")[0]
    published = dict(re.findall(r"^\| `([\w.]+)` +\| `([A-Z_]+)` +\|", page, re.MULTILINE))
    numbers = {code: name for name, code in CODES.items()}
    in_force = {cls.__name__: numbers[code] for cls, code in BUILTIN.items()}
    in_force.update({f"{module}.{name}": numbers[code] for module, name, code in NAMED})
    assert published == in_force


def test_a_wrong_signature_is_told_apart_from_a_type_error_inside(client):
    failure = client.call("add")
    assert (failure.code, failure.reason, failure.fields) == (3, "BAD_ARGUMENTS", ["args"])
    failure = client.call("add", 1, 2, 3)
    assert failure.reason == "BAD_ARGUMENTS"
    failure = client.call("add", 1, nothing=2)
    assert (failure.reason, failure.fields) == ("BAD_ARGUMENTS", ['kwargs["nothing"]'])
    assert client.call("Box").reason == "BAD_ARGUMENTS"
    for function in ("inner_type_error", "deep_type_error"):
        failure = client.call(function, *([1] if function == "deep_type_error" else []))
        assert (failure.code, failure.reason, failure.fields) == (3, "PYTHON_EXCEPTION", [])


def test_builtin_functions_too(client_of):
    client = client_of("operator", path=None)
    assert client.call("add", 1).reason == "BAD_ARGUMENTS"
    assert client.call("add", 1, "x").reason == "PYTHON_EXCEPTION"
    assert client.call("itemgetter").reason == "BAD_ARGUMENTS"


def test_the_traceback_is_the_modules_alone(client):
    failure = client.call("chain")
    assert failure.code == CODES["UNKNOWN"]
    assert failure.message == "RuntimeError: could not look up"
    assert "KeyError: 'missing'" in failure.traceback
    assert "direct cause" in failure.traceback
    assert str(MODULES / "subject.py") in failure.traceback
    assert "podule_worker" not in failure.traceback


def test_exceptions_that_cannot_be_printed(client):
    assert client.call("unprintable").python_type == "subject.Unprintable"
    assert client.call("very_unprintable").python_type == "subject.VeryUnprintable"
    failure = client.call("untold")
    assert (failure.code, failure.reason) == (CODES["UNKNOWN"], "PYTHON_EXCEPTION")
    assert "Untold" in failure.message
    assert client.call("surrogate_error").message == "ValueError: bad ? text"
    assert client.call("surrogates") == "\ud800"


def test_a_status_fits_into_trailers(client):
    for function, args in (("long_error", (10_000_000,)), ("recurse", ()), ("echo.x" * 80, ())):
        failure = client.call(function, *args)
        size = len(failure.status.SerializeToString())
        assert size * 4 / 3 + len(failure.message) < 8192
        assert failure.message


def test_too_little_memory(client_of):
    client = client_of("subject", options=["--memory-limit", str(1 << 30)])
    failure = client.call("allocate", 1 << 31)
    assert (failure.code, failure.reason) == (CODES["RESOURCE_EXHAUSTED"], "OUT_OF_MEMORY")
    assert client.call("allocate", 1 << 20) == 1 << 20


def test_memory_that_a_failed_call_had_is_free_again(client_of):
    client = client_of("subject", options=["--memory-limit", str(1 << 30)])
    for send in (client.send, lambda *args: client.stream(1, *args)):
        failure = client.answer(send("hoard", 50_000_000))
        assert (failure.code, failure.reason) == (CODES["RESOURCE_EXHAUSTED"], "OUT_OF_MEMORY")
        assert client.call("allocate", 500_000_000) == 500_000_000


@pytest.mark.parametrize("kind", ["bytes", "bytearray"])
def test_a_result_beyond_what_a_frame_holds(client, kind):
    failure = client.call("zeros", kind, (1 << 30) + 1)
    assert (failure.code, failure.reason) == (CODES["RESOURCE_EXHAUSTED"], "RESULT_TOO_LARGE")
    assert client.call("add", 1, 2) == 3
