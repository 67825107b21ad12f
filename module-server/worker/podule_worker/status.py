"""google.rpc.Status, as bytes."""

from __future__ import annotations

from typing import Iterable, Mapping, Optional, Tuple

from .wire import delimited, text, unsigned

CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14

DOMAIN = "podule.dev"
_TYPES = "type.googleapis.com/google.rpc."


def _any(name: str, body: bytes) -> bytes:
    return delimited(3, text(1, _TYPES + name) + delimited(2, body))


def _error_info(reason: str, metadata: Mapping[str, str]) -> bytes:
    entries = b"".join(delimited(3, text(1, key) + text(2, value)) for key, value in metadata.items())
    return text(1, reason) + text(2, DOMAIN) + entries


def status(
    code: int,
    reason: str,
    message: str,
    *,
    metadata: Optional[Mapping[str, str]] = None,
    debug: str = "",
    violations: Iterable[Tuple[str, str]] = (),
) -> bytes:
    """`violations`: (field path, description) of each bad argument. `debug`: the remote traceback."""
    parts = [unsigned(1, code), text(2, message), _any("ErrorInfo", _error_info(reason, metadata or {}))]
    fields = b"".join(delimited(1, text(1, field) + text(2, description)) for field, description in violations)
    if fields:
        parts.append(_any("BadRequest", fields))
    if debug:
        parts.append(_any("DebugInfo", text(2, debug)))
    return b"".join(parts)
