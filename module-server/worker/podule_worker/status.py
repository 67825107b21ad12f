"""google.rpc.Status, as bytes."""

from __future__ import annotations

import os
from typing import Iterable, List, Mapping, Optional, Tuple

from .wire import BYTES, VARINT, delimited, read_fields, read_text, text, unsigned

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

# Whose error it is: in the ErrorInfo of each Status. Read before the user's module can change the environment.
_ORIGIN = {
    key: value
    for key, value in (
        ("module", os.environ.get("PODULE_MODULE_ID") or os.environ.get("MODULE_NAME")),
        ("pod", os.environ.get("PODULE_POD_NAME")),
    )
    if value
}
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
    info = _error_info(reason, {**_ORIGIN, **(metadata or {})})
    parts = [unsigned(1, code), text(2, message), _any("ErrorInfo", info)]
    fields = b"".join(delimited(1, text(1, field) + text(2, description)) for field, description in violations)
    if fields:
        parts.append(_any("BadRequest", fields))
    if debug:
        parts.append(_any("DebugInfo", text(2, debug)))
    return b"".join(parts)


def with_metadata(data: bytes, key: str, value: str) -> bytes:
    """A Status made by `status` whose ErrorInfo, the first of its details, has one entry more."""
    head: List[bytes] = []
    rest = b""
    for number, wire, a, b in read_fields(data, 0, len(data)):
        if number == 3:
            parts = list(read_fields(data, a, b))
            info = data[parts[1][2] : parts[1][3]] + delimited(3, text(1, key) + text(2, value))
            head.append(_any("ErrorInfo", info))
            rest = data[b:]
            break
        head.append(unsigned(1, a) if wire == VARINT else delimited(number, data[a:b]))
    return b"".join(head) + rest


def read_error(data: bytes) -> Tuple[str, str]:
    """(python_type, message) of a Status that a client has made; empty where it has none."""
    name = message = ""
    for number, wire, a, b in read_fields(data, 0, len(data)):
        if number == 2 and wire == BYTES:
            message = read_text(data, a, b)
        elif number == 3 and wire == BYTES:
            name = name or _metadata(data, a, b, "python_type")
    return name, message


def _metadata(data: bytes, at: int, end: int, wanted: str) -> str:
    """An entry of the ErrorInfo in this Any; empty where it is another message."""
    fields = {number: (a, b) for number, wire, a, b in read_fields(data, at, end) if wire == BYTES}
    kind, body = fields.get(1, (0, 0)), fields.get(2, (0, 0))
    if data[kind[0] : kind[1]] != (_TYPES + "ErrorInfo").encode():
        return ""
    for number, wire, a, b in read_fields(data, *body):
        if number == 3 and wire == BYTES:
            entry = {
                field: read_text(data, start, stop)
                for field, kind_, start, stop in read_fields(data, a, b)
                if kind_ == BYTES
            }
            if entry.get(1) == wanted:
                return entry.get(2, "")
    return ""
