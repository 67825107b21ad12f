"""The trace contexts of calls, as they come ahead of them; and what a traced call took here."""

from __future__ import annotations

import struct
import sys
import time
from typing import Any, Dict, Optional

from . import kinds
from .link import Link

# u64 nanoseconds since 1970 at the beginning; u64 nanoseconds of decoding, running, encoding; u32 items.
_TIMES = struct.Struct("<QQQQI")
_LENGTH = 55
_MOST_ITEMS = 0xFFFFFFFF


class Trace:
    """Of one call. The phases follow each other; those of a stream come once more for each item."""

    __slots__ = ("_at", "_sampled", "_start", "_token", "_traceparent", "decode", "encode", "items", "run")

    def __init__(self, traceparent: bytes) -> None:
        self._traceparent = traceparent
        self._sampled = traceparent[-1:] in b"13579bdf"
        self._start = 0
        self._at = 0
        self._token: Any = None
        self.decode = self.run = self.encode = self.items = 0

    def begin(self) -> None:
        if not self._start:
            self._start = time.time_ns()
        self._at = time.perf_counter_ns()

    def decoded(self) -> None:
        """The module's own code runs next: it finds the call's span as the current one, if it uses OpenTelemetry."""
        self.decode += self._lap()
        self._token = _attach(self._traceparent)

    def ran(self) -> None:
        self.run += self._lap()

    def encoded(self) -> None:
        self.encode += self._lap()

    def resume(self) -> None:
        self._at = time.perf_counter_ns()

    def leave(self) -> None:
        """The module's code has ended."""
        token, self._token = self._token, None
        if token is not None:
            _detach(token)

    def times(self) -> Optional[bytes]:
        """None where nobody wants to know."""
        if not self._sampled:
            return None
        return _TIMES.pack(self._start, self.decode, self.run, self.encode, min(self.items, _MOST_ITEMS))

    def _lap(self) -> int:
        now = time.perf_counter_ns()
        before, self._at = self._at, now
        return now - before


class Traces:
    def __init__(self, link: Link) -> None:
        self._link = link
        self.by_call: Dict[int, Trace] = {}

    def take(self, number: int, payload: bytes) -> None:
        if len(payload) == _LENGTH:
            self.by_call[number] = Trace(payload)

    def drop(self, number: int) -> None:
        self.by_call.pop(number, None)

    def end(self, number: int, trace: Trace) -> None:
        """Ahead of the call's final frame."""
        trace.leave()
        self.by_call.pop(number, None)
        times = trace.times()
        if times is not None:
            self._link.put(kinds.TIMES, number, times)


def uses_opentelemetry() -> bool:
    return "opentelemetry.trace" in sys.modules


def _attach(traceparent: bytes) -> Any:
    """Makes the span current for opentelemetry-api, where the module has loaded that; None where it has not."""
    trace = sys.modules.get("opentelemetry.trace")
    context = sys.modules.get("opentelemetry.context")
    if trace is None or context is None:
        return None
    try:
        _, trace_id, span_id, flags = traceparent.decode("ascii").split("-")
        span_context = trace.SpanContext(
            int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=trace.TraceFlags(int(flags, 16))
        )
        return context.attach(trace.set_span_in_context(trace.NonRecordingSpan(span_context)))
    except Exception:
        # Another version of that package than is known here: the call matters more than its trace.
        return None


def _detach(token: Any) -> None:
    try:
        sys.modules["opentelemetry.context"].detach(token)
    except Exception:
        return
