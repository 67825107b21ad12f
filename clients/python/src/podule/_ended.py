"""When a session's stream has ended: whether to open another one, and what its calls are told."""

from __future__ import annotations

import grpc

from ._errors import PoduleError, SessionLost, failure
from ._session import Session

_FATAL = frozenset(
    (
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.ABORTED,
    )
)
# Of a pod or a manager that is about to end: none of the session's calls has been sent, and another one will take it.
_ELSEWHERE = frozenset(("DRAINING", "SHUTTING_DOWN"))
_ELSEWHERE_SECONDS = 30.0
# What grpc.aio says of a stream that ends while its first message is written, whatever the server said: asking again tells.
_UNTOLD = "Internal error from Core"
_UNTOLD_SECONDS = 2.0
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0


def resumable(session: Session, cause: PoduleError, broken_for: float) -> bool:
    """Whether the session may still be there, or be opened elsewhere, `broken_for` seconds after its last stream."""
    if not session.token and cause.reason in _ELSEWHERE:
        return broken_for < _ELSEWHERE_SECONDS
    if not session.token and cause.code == grpc.StatusCode.INTERNAL and _UNTOLD in str(cause):
        return broken_for < _UNTOLD_SECONDS
    if cause.code in _FATAL or isinstance(cause, SessionLost) or not session.token:
        return False
    return broken_for < session.grace_ms / 1000


def end_of_stream() -> PoduleError:
    return failure(grpc.StatusCode.UNAVAILABLE, "", "the server ended the session's stream")


def protocol_error(error: Exception) -> PoduleError:
    return failure(grpc.StatusCode.INTERNAL, "PROTOCOL_ERROR", str(error))


def closed() -> PoduleError:
    return failure(grpc.StatusCode.CANCELLED, "SESSION_LOST", "the session was closed")


def lost(session: Session, cause: PoduleError) -> PoduleError:
    """What the calls of a session that is over are told."""
    if isinstance(cause, SessionLost) or (not session.opened and not session.token):
        return cause
    error = failure(grpc.StatusCode.UNAVAILABLE, "SESSION_LOST", f"the session is lost: {cause}")
    error.__cause__ = cause
    return error
