"""The items of a streamed call, sync or async, one at a time."""

from __future__ import annotations

import contextvars
from typing import Any, Awaitable, Callable, Mapping, Optional, Sequence

from .errors import Arguments
from .event_loop import EventLoop
from .interrupts import Interrupt
from .traces import Trace
from .values import NotAValue, type_name, write_value

END = object()


class Stream:
    """An iteration under way, in a context of its own: what it sets must not show in the calls between its items."""

    def __init__(self, credit: int, loop: EventLoop, session: int = 0) -> None:
        self.credit = credit
        # 0: of a call without one.
        self.session = session
        # The client's id of the call, in a session.
        self.origin = 0
        self.write: Callable[[Any], bytes] = write_value
        # What was called with what, once it is.
        self.called: Optional[Arguments] = None
        self.trace: Optional[Trace] = None
        self.context = contextvars.copy_context()
        # Set when the caller has gone: the iterator is to be closed, not asked for more.
        self.ended_by: Optional[Interrupt] = None
        self._loop = loop
        self._next: Callable[[], Any] = lambda: END
        self._close: Callable[[], Any] = lambda: None
        # Of an asynchronous one: for who has a running loop.
        self.anext: Optional[Callable[[], Awaitable[Any]]] = None
        self.aclose: Optional[Callable[[], Awaitable[Any]]] = None

    def start(self, target: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Calls, and takes the iterator of what came."""
        self.called = (target, args, kwargs)
        if self.trace is not None:
            # In the stream's own context: there it stays until the end.
            self.context.run(self.trace.decoded)
        self.context.run(self._start, target, args, kwargs)

    def _start(self, target: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        loop = self._loop
        result = target(*args, **kwargs)
        if hasattr(type(result), "__await__"):
            result = loop.run(result)
        self.iterate(result, loop)

    def iterate(self, result: Any, loop: EventLoop) -> None:
        """Takes the iterator of what the function has returned."""
        cls = type(result)
        if hasattr(cls, "__aiter__"):
            source = cls.__aiter__(result)
            self.anext = lambda: _next(source)
            self._next = lambda: loop.run(_next(source))
            close = getattr(source, "aclose", None)
            if close is not None:
                self.aclose = close
                self._close = lambda: loop.run(close())
            return
        try:
            items = iter(result)
        except TypeError:
            name = type_name(cls)
            raise NotAValue(f"{name} cannot be iterated", "RESULT_NOT_ITERABLE", name) from None
        self._next = lambda: next(items, END)
        self._close = getattr(items, "close", self._close)

    def next(self) -> Any:
        """The next item, or END."""
        trace = self.trace
        if trace is None:
            return self.context.run(self._next)
        trace.resume()
        try:
            return self.context.run(self._next)
        finally:
            trace.ran()
            trace.items += 1

    def close(self) -> None:
        """Runs the `finally` blocks of a generator."""
        close, self._close = self._close, lambda: None
        self.context.run(close)


async def _next(source: Any) -> Any:
    try:
        return await type(source).__anext__(source)
    except StopAsyncIteration:
        return END
