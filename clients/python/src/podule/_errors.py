"""Errors: a google.rpc.Status as a Python exception.

An exception raised in the module is raised here as its own builtin class (`except ValueError` works), which is also a
`RemoteError`; everything else is a `PoduleError`. The remote traceback is shown as the cause.
"""

from __future__ import annotations

import builtins
from types import MappingProxyType
from typing import Any, Mapping

import grpc

from . import _messages as pb


class PoduleError(Exception):
    """An error of a call or of Podule itself.

    code: the gRPC status code. reason: ErrorInfo.reason, "" where there is none. metadata: ErrorInfo.metadata.
    remote_traceback: Python's own words, "" where there are none.
    """

    code: grpc.StatusCode = grpc.StatusCode.UNKNOWN
    reason: str = ""
    metadata: Mapping[str, str] = MappingProxyType({})
    remote_traceback: str = ""
    # Seconds after which trying again helps; None where nothing is known.
    retry_after: float | None = None

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class RemoteError(PoduleError):
    """An exception raised in the remote module; `python_type` is its class ("numpy.linalg:LinAlgError")."""

    python_type: str = ""


class SessionLost(PoduleError, ConnectionError):
    """The worker that held the session, or the way to it, is gone, with the session's objects."""


class DeadlineExceeded(PoduleError, TimeoutError):
    """The call did not end within its timeout."""


class RemoteTraceback(Exception):
    """Shown as the cause of a remote exception: the traceback as it was there."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return "\n" + self.text.rstrip()


_CODES = {code.value[0]: code for code in grpc.StatusCode}
_classes: dict[type, type] = {}


def _remote_class(names: list[str]) -> type:
    """RemoteError mixed with the first builtin exception class among the names."""
    for name in names:
        builtin = getattr(builtins, name, None)
        if not isinstance(builtin, type) or not issubclass(builtin, Exception):
            continue
        if builtin is Exception:
            break
        if builtin not in _classes:
            _classes[builtin] = type(builtin.__name__, (RemoteError, builtin), {"__module__": "builtins"})
        return _classes[builtin]
    return RemoteError


def _build(cls: type, message: str) -> Any:
    try:
        return cls(message)
    except TypeError:  # UnicodeDecodeError and others that want more arguments
        error: Any = BaseException.__new__(cls)
        error.args = (message,)
        return error


# Reasons of docs/errors.md that Python has a class for.
_BY_REASON = {
    "FUNCTION_NOT_FOUND": "AttributeError",
    "BAD_FUNCTION_NAME": "AttributeError",
    "NOT_CALLABLE": "TypeError",
    "RESULT_NOT_A_VALUE": "TypeError",
}


def _class_of(code: int, reason: str, metadata: dict[str, str]) -> type:
    if reason == "SESSION_LOST":
        return SessionLost
    if code == grpc.StatusCode.DEADLINE_EXCEEDED.value[0] and reason != "PYTHON_EXCEPTION":
        return DeadlineExceeded
    if reason in _BY_REASON:
        return _remote_class([_BY_REASON[reason]])
    python_type = metadata.get("python_type", "")
    if python_type:
        return _remote_class([python_type, *metadata.get("python_bases", "").split(",")])
    return PoduleError


def error_from_status(data: bytes) -> PoduleError:
    """The exception for a serialized google.rpc.Status."""
    status = pb.Status.FromString(data)
    info, debug, retry = pb.ErrorInfo(), pb.DebugInfo(), None
    for detail in status.details:
        if detail.Is(pb.ErrorInfo.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(pb.DebugInfo.DESCRIPTOR):
            detail.Unpack(debug)
        elif detail.Is(pb.RetryInfo.DESCRIPTOR):
            retry = pb.RetryInfo()
            detail.Unpack(retry)
    metadata = dict(info.metadata)
    python_type = metadata.get("python_type", "")
    message = status.message
    # The message begins with the class's name, which Python writes by itself.
    if python_type and (message == python_type or message.startswith(python_type + ": ")):
        message = message[len(python_type) + 2 :]
    error: PoduleError = _build(_class_of(status.code, info.reason, metadata), message)
    error.code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    error.reason, error.metadata = info.reason, metadata
    if isinstance(error, RemoteError):
        error.python_type = python_type
    if retry is not None:
        error.retry_after = retry.retry_delay.ToTimedelta().total_seconds()
    if debug.detail:
        error.remote_traceback = debug.detail
        error.__cause__ = RemoteTraceback(debug.detail)
    return error


def error_from_rpc(error: Any) -> PoduleError:
    """The exception for a failed gRPC call (grpc.RpcError)."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            return error_from_status(value)
    code = error.code() or grpc.StatusCode.UNKNOWN
    return failure(code, "", error.details() or "")


def failure(code: grpc.StatusCode, reason: str, message: str) -> PoduleError:
    """An error that this client finds by itself."""
    error: PoduleError = _build(_class_of(code.value[0], reason, {}), message)
    error.code, error.reason = code, reason
    return error


def again(error: PoduleError) -> PoduleError:
    """A fresh exception of the same content: one instance must not be raised by several threads."""
    copy: PoduleError = _build(type(error), error.args[0] if error.args else "")
    copy.__dict__.update(error.__dict__)
    copy.__cause__ = error.__cause__
    return copy


def status_from_exception(error: BaseException) -> bytes:
    """A serialized google.rpc.Status for an exception that a callback raised here."""
    status = pb.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    info = pb.ErrorInfo(reason="CALLBACK_RAISED", domain="podule.dev")
    info.metadata["python_type"] = getattr(error, "python_type", "") or _builtin_name(type(error))
    status.details.add().Pack(info)
    data: bytes = status.SerializeToString()
    return data


def _builtin_name(cls: type) -> str:
    """Of the nearest builtin class: what the other side knows as well."""
    return next(base.__name__ for base in cls.__mro__ if base.__module__ == "builtins" and base not in _classes.values())
