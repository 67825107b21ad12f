"""Errors on the wire as exceptions."""

from __future__ import annotations

import grpc
import pytest

import podule
from podule import _errors as errors, _messages as pb


def status(code, message, reason="", debug="", retry=None, **metadata) -> bytes:
    made = pb.Status(code=code.value[0], message=message)
    info = pb.ErrorInfo(reason=reason, domain="podule.dev")
    info.metadata.update(metadata)
    made.details.add().Pack(info)
    if debug:
        made.details.add().Pack(pb.DebugInfo(detail=debug))
    if retry is not None:
        detail = pb.RetryInfo()
        detail.retry_delay.FromMilliseconds(retry)
        made.details.add().Pack(detail)
    return made.SerializeToString()


INVALID = grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("python_type", "bases", "expected"),
    [
        ("ValueError", "Exception", ValueError),
        ("numpy.linalg.LinAlgError", "ValueError,Exception", ValueError),
        ("json.decoder.JSONDecodeError", "ValueError,Exception", ValueError),
        ("UnicodeDecodeError", "UnicodeError,ValueError,Exception", UnicodeDecodeError),
        ("KeyError", "LookupError,Exception", KeyError),
        ("FileNotFoundError", "OSError,Exception", FileNotFoundError),
        ("mine.Error", "Exception", podule.RemoteError),
        ("SystemExit", "", podule.RemoteError),
        ("exec", "eval,print", podule.RemoteError),
    ],
)
def test_builtin_classes(python_type, bases, expected):
    data = status(INVALID, f"{python_type}: it's wrong", "PYTHON_EXCEPTION", "Traceback...", python_type=python_type, python_bases=bases)
    error = errors.error_from_status(data)
    assert isinstance(error, expected) and isinstance(error, podule.RemoteError)
    assert str(error) == "it's wrong" and error.python_type == python_type
    assert error.code == INVALID and error.remote_traceback == "Traceback..."
    copy = errors.again(error)
    assert type(copy) is type(error) and str(copy) == str(error) and copy.__cause__ is error.__cause__
    assert copy is not error


def test_podules_own():
    lost = errors.error_from_status(status(grpc.StatusCode.NOT_FOUND, "gone", "SESSION_LOST"))
    assert isinstance(lost, podule.SessionLost) and isinstance(lost, ConnectionError)
    late = errors.error_from_status(
        status(grpc.StatusCode.DEADLINE_EXCEEDED, "late", "DEADLINE_EXCEEDED", python_type="x.DeadlineExceeded")
    )
    assert isinstance(late, podule.DeadlineExceeded) and isinstance(late, TimeoutError)
    busy = errors.error_from_status(status(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy", "QUEUE_FULL", retry=1500))
    assert type(busy) is podule.PoduleError and busy.retry_after == 1.5
    assert isinstance(errors.error_from_status(status(grpc.StatusCode.NOT_FOUND, "no 'x'", "FUNCTION_NOT_FOUND")), AttributeError)


def test_exceptions_of_callbacks():
    class Mine(KeyError):
        pass

    made = pb.Status.FromString(errors.status_from_exception(Mine("k")))
    info = pb.ErrorInfo()
    made.details[0].Unpack(info)
    assert info.metadata["python_type"] == "KeyError"
    remote = errors.error_from_status(status(INVALID, "ValueError: x", "PYTHON_EXCEPTION", python_type="ValueError"))
    made = pb.Status.FromString(errors.status_from_exception(remote))
    made.details[0].Unpack(info)
    assert info.metadata["python_type"] == "ValueError" and made.message == "x"
