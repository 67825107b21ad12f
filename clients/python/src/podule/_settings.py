"""What holds for the remote calls in a block of code."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Iterator

from . import _requests as requests
from ._values import has_numpy

_timeout: ContextVar[float | None] = ContextVar("podule_timeout", default=None)
_traceparent: ContextVar[str] = ContextVar("podule_traceparent", default="")
_keep: ContextVar[bool] = ContextVar("podule_keep", default=False)


@contextmanager
def timeout(seconds: float) -> Iterator[None]:
    """Each remote call made inside the block must end within `seconds`, or raises DeadlineExceeded."""
    token = _timeout.set(seconds)
    try:
        yield
    finally:
        _timeout.reset(token)


@contextmanager
def trace(traceparent: str) -> Iterator[None]:
    """Remote calls made inside the block belong to that W3C trace context."""
    token = _traceparent.set(traceparent)
    try:
        yield
    finally:
        _traceparent.reset(token)


@contextmanager
def keep() -> Iterator[None]:
    """Results of remote calls made inside the block stay in their worker, whatever they are: proxies of them come back."""
    token = _keep.set(True)
    try:
        yield
    finally:
        _keep.reset(token)


def keeps() -> bool:
    return _keep.get()


def seconds() -> float | None:
    return _timeout.get()


def result_mode() -> int:
    if _keep.get():
        return requests.OBJECT
    return value_mode()


def value_mode() -> int:
    """Values where they can travel and be read here."""
    return requests.AUTO if has_numpy() else requests.PLAIN


def options() -> dict[str, Any]:
    """Of Outgoing."""
    chosen: dict[str, Any] = {}
    limit = _timeout.get()
    if limit is not None:
        chosen["timeout_ms"] = max(1, int(limit * 1000))
    if _traceparent.get():
        chosen["traceparent"] = _traceparent.get()
    return chosen
