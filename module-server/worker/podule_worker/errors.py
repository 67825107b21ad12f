"""What went wrong in a call -> google.rpc.Status, as docs/errors.md publishes it."""

from __future__ import annotations

import inspect
import re
from typing import Any, Callable, Mapping, Optional, Sequence, Tuple

from . import status as codes
from .exception_codes import builtin_bases, code_of
from .interrupts import Cancelled, DeadlineExceeded
from .objects import DependencyFailed, ObjectNotFound
from .operations import BadOperation
from .resolve import BadName, NotCallable, NotFound
from .status import status, with_metadata
from .tracebacks import clip, format_traceback, own_frames_off, safe_str
from .values import NotAValue, type_name
from .wire import InvalidValue

# A Status travels in HTTP/2 trailers, beside its message in another one. gRPC's C core (Python, Ruby, C++) may
# refuse more than 8 KiB of them; base64 makes four bytes of three.
_MESSAGE = 1536
_DEBUG = 4096

Arguments = Tuple[Callable[..., Any], Sequence[Any], Mapping[str, Any]]


def status_of(error: BaseException, called: Optional[Arguments] = None, origin: int = 0) -> bytes:
    """`called`: what was called with what, when the exception came out of a call. `origin`: the client's id of it."""
    if isinstance(error, DependencyFailed):
        return error.status
    try:
        made = _status_of(error, called)
    except BaseException as problem:
        # An exception whose own class or words raise. The call is answered all the same.
        name = type.__repr__(type(error))
        words = f"the exception cannot be told ({type.__repr__(type(problem))} on the way)"
        made = status(codes.UNKNOWN, "PYTHON_EXCEPTION", clip(f"{name}: {words}", _MESSAGE))
    return with_metadata(made, "origin", str(origin)) if origin else made


def _status_of(error: BaseException, called: Optional[Arguments]) -> bytes:
    if isinstance(error, DeadlineExceeded):
        return _raised(error, codes.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", str(error))
    if isinstance(error, Cancelled):
        return _raised(error, codes.CANCELLED, "CANCELLED", str(error))
    if called is None:
        known = _before_the_call(error)
        if known is not None:
            return known
    if isinstance(error, NotAValue):
        return _not_a_value(error)
    name = type_name(type(error))
    text = safe_str(error)
    message = f"{name}: {text}" if text else name
    if isinstance(error, MemoryError):
        return _raised(error, codes.RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", message)
    if called is not None and isinstance(error, TypeError) and _is_signature(error, called):
        violations = [(_field(text, called), text)]
        return _raised(error, codes.INVALID_ARGUMENT, "BAD_ARGUMENTS", message, violations)
    return _raised(error, code_of(error), "PYTHON_EXCEPTION", message)


def _raised(
    error: BaseException, code: int, reason: str, message: str, violations: Sequence[Tuple[str, str]] = ()
) -> bytes:
    message = clip(message, _MESSAGE)
    return status(
        code,
        reason,
        message,
        metadata={
            "python_type": clip(type_name(type(error)), 256),
            "python_bases": ",".join(builtin_bases(type(error))),
        },
        debug=format_traceback(error, _DEBUG - len(message)),
        violations=[(field, clip(text, 512)) for field, text in violations],
    )


def _before_the_call(error: BaseException) -> Optional[bytes]:
    if isinstance(error, InvalidValue):
        code = codes.FAILED_PRECONDITION if error.reason == "PACKAGE_MISSING" else codes.INVALID_ARGUMENT
        path = clip(error.path.lstrip("."), 512)
        message = clip(f"{path}: {error.problem}" if path else error.problem, _MESSAGE)
        return status(code, error.reason, message, violations=[(path, clip(error.problem, 512))])
    if isinstance(error, ObjectNotFound):
        return status(codes.NOT_FOUND, "OBJECT_NOT_FOUND", str(error))
    if isinstance(error, BadOperation):
        message = clip(str(error), _MESSAGE)
        return status(codes.INVALID_ARGUMENT, "BAD_OPERATION", message, violations=[(error.field, message)])
    if isinstance(error, NotFound):
        return status(codes.NOT_FOUND, "FUNCTION_NOT_FOUND", clip(str(error), _MESSAGE))
    if isinstance(error, BadName):
        message = clip(str(error), _MESSAGE)
        return status(codes.INVALID_ARGUMENT, "BAD_FUNCTION_NAME", message, violations=[("function", message)])
    if isinstance(error, NotCallable):
        message = clip(str(error), _MESSAGE)
        return status(codes.INVALID_ARGUMENT, "NOT_CALLABLE", message, violations=[("args", message)])
    return None


def _not_a_value(error: NotAValue) -> bytes:
    code = codes.RESOURCE_EXHAUSTED if error.reason == "RESULT_TOO_LARGE" else codes.FAILED_PRECONDITION
    path = clip("result" + error.path, 512)
    metadata = {"path": path}
    if error.python_type:
        metadata["python_type"] = clip(error.python_type, 256)
    return status(code, error.reason, clip(f"{path}: {error.problem}", _MESSAGE), metadata=metadata)


_SIGNATURE = re.compile(
    r"positional argument|keyword argument|takes (no|exactly|at (most|least)|\d+|from)|missing \d* ?required|"
    r"required argument|expected (exactly |at (most|least) )?\d+ argument"
)


def _is_signature(error: TypeError, called: Arguments) -> bool:
    """True when the arguments did not fit what was called; false for a TypeError from inside of it."""
    if own_frames_off(error.__traceback__) is not None:
        return False
    target, args, kwargs = called
    try:
        signature = inspect.signature(target)
    except (ValueError, TypeError):
        return _SIGNATURE.search(safe_str(error)) is not None
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return True
    return False


def _field(text: str, called: Arguments) -> str:
    """Which argument a signature error is about."""
    for name in called[2]:
        if f"'{name}'" in text:
            return f'kwargs["{name}"]'
    return "args"
