"""One worker: a blocking loop on the main thread that starts calls in the order in which they come."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any, Callable, NoReturn, Optional, Tuple

from . import kinds
from .call_request import read_request
from .errors import Arguments, status_of
from .event_loop import EventLoop
from .gate import Gate
from .inbox import CREDIT, Inbox
from .link import Closed, Link
from .native import one_shot
from .progress import Progress
from .resolve import Resolver
from .streams import END, Stream
from .values import write_value
from .values.encode import SCALARS
from .wire import varint

# An answer that is ready waits at most so long for others to leave with.
_FLUSH_SECONDS = 0.001
_CRASHED = 70


class Worker:
    def __init__(self, link: Link, resolver: Resolver, progress: Progress) -> None:
        self._link = link
        self._resolver = resolver
        self._progress = progress
        self._inbox = Inbox(link)
        self._loop = EventLoop()
        self._gate = Gate(link, self._inbox, self._loop.deliver, lambda: leave(0))
        self._timer = one_shot(_FLUSH_SECONDS)
        self._forked = False

    def serve(self) -> NoReturn:
        self._gate.install()
        os.register_at_fork(after_in_child=self._in_fork)
        code = 0
        try:
            while True:
                self._turn()
        except Closed:
            pass
        except BaseException:
            traceback.print_exc()
            code = _CRASHED
        leave(code)

    def _turn(self) -> None:
        """Starts at most one call and makes at most one item of a stream."""
        inbox = self._inbox
        if inbox.ready:
            frames = self._link.read(False)
            if frames:
                inbox.take(frames)
        elif not inbox.order:
            self._link.flush()
            self._wait()
        if inbox.order:
            number, kind, payload = inbox.pop()
            if kind == kinds.CALL:
                self._call(number, payload)
            elif kind == kinds.STREAM:
                self._start(number, payload)
        if inbox.ready:
            self._step(inbox.ready.popleft())

    def _wait(self) -> None:
        self._gate.install()
        try:
            frames = self._link.read(True)
        except (Closed, MemoryError):
            raise
        except Exception:
            # A signal handler of the user's module has raised in our wait. Nothing had been read.
            traceback.print_exc()
            return
        if frames:
            self._inbox.take(frames)

    def _ahead(self, number: int) -> None:
        """Before user code: nothing that is ready may wait for its end."""
        self._inbox.run(number)
        if self._link.out:
            if self._timer is None:
                self._link.flush()
            else:
                self._timer.arm()

    def _call(self, number: int, payload: bytes) -> None:
        self._progress.started(number)
        self._ahead(number)
        gate = self._gate
        called: Optional[Arguments] = None
        error: Optional[BaseException] = None
        try:
            try:
                gate.open = True
                if gate.attention:
                    gate.attend()
                function, args, kwargs = read_request(payload)
                target = self._resolver.target(function, not args and not kwargs)
                called = (target, args, kwargs)
                result = target(*args, **kwargs)
                scalar = SCALARS.get(type(result))
                body = self._other_value(result) if scalar is None else scalar(result)
                gate.open = False
            except BaseException as raised:
                gate.open = False
                error = raised
        except BaseException as late:
            # Raised by a signal handler between the call's own exception and the closing of the gate.
            gate.open = False
            error = late
        self._inbox.running = 0
        if self._forked:
            leave_fork(error)
        if error is None:
            self._link.put(kinds.RESULT, number, b"".join((b"\x0a", varint(len(body)), body)))
        else:
            self._link.put(kinds.ERROR, number, status_of(error, called))

    def _other_value(self, result: Any) -> bytes:
        if hasattr(type(result), "__await__"):
            result = self._loop.run(result)
        return write_value(result)

    def _start(self, number: int, payload: bytes) -> None:
        """Calls the function of a streamed call; its items are made by `_step`."""
        self._progress.started(number)
        stream = Stream(CREDIT.unpack_from(payload)[0], self._loop)

        def start() -> None:
            function, args, kwargs = read_request(payload[CREDIT.size :])
            target = self._resolver.target(function, not args and not kwargs)
            stream.start(target, args, kwargs)

        _, error = self._run(number, start)
        if error is not None:
            self._link.put(kinds.ERROR, number, status_of(error, stream.called))
            return
        self._inbox.streams[number] = stream
        if stream.credit:
            self._inbox.ready.append(number)

    def _step(self, number: int) -> None:
        """One item, or the end: of itself, by an error, or because the caller has gone."""
        stream = self._inbox.streams[number]

        def step() -> Optional[bytes]:
            item = stream.next()
            return None if item is END else write_value(item)

        if stream.ended_by is None:
            body, error = self._run(number, step)
            if body is not None:
                self._link.put(kinds.ITEM, number, b"".join((b"\x0a", varint(len(body)), body)))
                stream.credit -= 1
                if stream.credit:
                    self._inbox.ready.append(number)
                return
        else:
            error = stream.ended_by
        del self._inbox.streams[number]
        # A generator that has ended is not changed by being closed; one that has not runs its `finally` blocks.
        _, problem = self._run(number, stream.close)
        if problem is not None and error is None:
            error = problem
        if error is None:
            self._link.put(kinds.END, number)
        else:
            self._link.put(kinds.ERROR, number, status_of(error, stream.called))

    def _run(self, number: int, work: Callable[[], Optional[bytes]]) -> Tuple[Optional[bytes], Optional[BaseException]]:
        """User code of a stream, as in `_call`."""
        self._ahead(number)
        gate = self._gate
        done: Optional[bytes] = None
        error: Optional[BaseException] = None
        try:
            try:
                gate.open = True
                if gate.attention:
                    gate.attend()
                done = work()
                gate.open = False
            except BaseException as raised:
                gate.open = False
                error = raised
        except BaseException as late:
            gate.open = False
            error = late
        self._inbox.running = 0
        if self._forked:
            leave_fork(error)
        return done, error

    def _in_fork(self) -> None:
        """In a child that user code has forked: the link is not its."""
        self._forked = True
        self._gate.open = False
        self._link.close()
        self._progress.close()


def leave_fork(error: Optional[BaseException]) -> NoReturn:
    """A child that user code has forked has come back from the call: it ends, as a script would."""
    if error is not None and not isinstance(error, SystemExit):
        traceback.print_exception(type(error), error, error.__traceback__)
    leave(0 if error is None else 1)


def leave(code: int) -> NoReturn:
    """Ends the process without the user code's exit handlers, which may never end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            continue
    os._exit(code)
