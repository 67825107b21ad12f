"""Calls that run beside each other: decoded and encoded on the main thread, one at a time, and run between the two."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Tuple, Union

from . import kinds
from .answers import Answers
from .call_request import read_request
from .errors import Arguments, status_of
from .event_loop import EventLoop
from .inbox import CREDIT, Inbox
from .interrupts import Interrupt
from .objects import NotYet, Objects
from .operations import RELEASE, Extra, prepare
from .progress import Progress
from .resolve import Resolver
from .session_calls import SessionCalls
from .sessions import SESSION_CALL, STREAMED, SessionCall, Sessions, put_back_request, request_of
from .streams import END, Stream
from .task_calls import TaskCalls
from .thread_calls import ThreadCalls
from .transfers import Incoming, Outgoing
from .user_code import UserCode
from .values import write_value
from .wire import Buffer


class _Active:
    """A call, or one step of a stream, that runs."""

    __slots__ = ("called", "error", "interrupted", "mode", "number", "objects", "origin", "phase", "stream")

    def __init__(self, number: int, phase: str, stream: Optional[Stream] = None) -> None:
        self.number = number
        # "call"; of a stream: "start", "step" or "close".
        self.phase = phase
        self.stream = stream
        self.objects: Optional[Objects] = None
        self.origin = 0
        self.mode = 0
        self.called: Optional[Arguments] = None
        self.interrupted = False
        # With which a stream that is being closed ends.
        self.error: Optional[BaseException] = None


class ConcurrentCalls:
    def __init__(
        self,
        limit: int,
        runner: Union[ThreadCalls, TaskCalls],
        inbox: Inbox,
        incoming: Incoming,
        outgoing: Outgoing,
        answers: Answers,
        resolver: Resolver,
        progress: Progress,
        user_code: UserCode,
        sessions: Sessions,
        session_calls: SessionCalls,
    ) -> None:
        self._limit = limit
        self._runner = runner
        self._inbox = inbox
        self._incoming = incoming
        self._outgoing = outgoing
        self._answers = answers
        self._resolver = resolver
        self._progress = progress
        self._user_code = user_code
        self._sessions = sessions
        self._session_calls = session_calls
        self._active: Dict[int, _Active] = {}
        inbox.interrupt_active = self._interrupt
        sessions.running = session_calls.is_open
        if isinstance(runner, TaskCalls):
            runner.raised = self._raise_here

    @property
    def room(self) -> bool:
        """For one more call. Streams go on in any case."""
        return len(self._active) < self._limit

    def begin(self, number: int, kind: int, payload: bytes) -> None:
        self._progress.started(number)
        trace = self._inbox.traces.by_call.get(number)
        if trace is not None:
            trace.begin()
        call = SessionCall(*SESSION_CALL.unpack_from(payload)) if kind == kinds.SESSION_CALL else None
        active = _Active(number, "call")
        if kind == kinds.STREAM:
            active.phase, active.stream = "start", Stream(CREDIT.unpack_from(payload)[0], EventLoop())
        elif call is not None:
            active.objects = self._sessions.of(call.session)
            active.origin = call.call
            self._session_calls.begun(call.session, call.call)
            if call.flags & STREAMED:
                active.phase, active.stream = "start", Stream(call.credit, EventLoop(), call.session)
                active.stream.origin = call.call
        request: Buffer = b""
        released = False

        def work() -> None:
            nonlocal request, released
            if call is not None:
                request = request_of(call, payload, self._incoming)
            else:
                request = payload if active.stream is None else payload[CREDIT.size :]
            released = self._decode(active, request)

        self._active[number] = active
        _, error = self._in_session(active, work)
        if error is None:
            if released:
                self._finish(number, None, None)
            return
        del self._active[number]
        if isinstance(error, NotYet) and call is not None:
            put_back_request(call, payload, request, self._incoming)
            self._inbox.defer(number, kind, payload)
        else:
            self._fail(active, error)
        error = None

    def _decode(self, active: _Active, request: Buffer) -> bool:
        """Has the function called. True: it was a release, and is done."""
        number, stream, objects = active.number, active.stream, active.objects
        function, args, kwargs, some = read_request(request)
        extra = some or Extra()
        active.mode = mode = extra.result_mode
        if extra.operation == RELEASE and objects is not None:
            objects.release_values(args)
            return True
        target, args, kwargs = prepare(self._resolver, function, args, kwargs, extra)
        active.called = (target, args, kwargs)
        if stream is None:
            self._runner.call(number, lambda: target(*args, **kwargs))
            return False
        if objects is not None:
            written = objects.written
            stream.write = lambda item: written(item, mode)
        stream.called = active.called
        context = stream.context
        self._runner.start(number, stream, lambda: context.run(target, *args, **kwargs))
        return False

    def step(self, number: int) -> None:
        """The next item of a stream; its end, where its caller has gone."""
        stream = self._inbox.streams.get(number)
        if stream is None or number in self._active:
            # Looked at when what runs is over.
            return
        if stream.ended_by is not None:
            self._close(number, stream, stream.ended_by)
            return
        self._active[number] = _Active(number, "step", stream)
        _, error = self._user_code.run(number, lambda: self._runner.step(number, stream))
        if error is not None:
            del self._active[number]
            self._close(number, stream, error)
            error = None

    def collect(self) -> None:
        """Answers what has ended."""
        done = self._runner.take()
        if done is None:
            return
        while done is not None:
            self._finish(*done)
            done = self._runner.take()
        self._inbox.retry()

    def _finish(self, number: int, value: Any, error: Optional[BaseException]) -> None:
        active = self._active.pop(number, None)
        if active is None:
            return
        stream = active.stream
        if active.phase == "call":
            self._finish_call(active, value, error)
        elif stream is None:
            return
        elif active.phase == "close":
            self._closed(active, error)
        elif active.phase == "start":
            if error is not None:
                self._fail(active, error)
            else:
                self._inbox.streams[number] = stream
                self._go_on(number, stream)
        elif error is not None or value is END:
            self._close(number, stream, error)
        else:
            self._finish_step(number, stream, value)
        error = None

    def _finish_call(self, active: _Active, value: Any, error: Optional[BaseException]) -> None:
        body: Optional[bytes] = None
        if error is None:
            objects, mode = active.objects, active.mode

            def encode() -> bytes:
                return write_value(value) if objects is None else objects.result(active.origin, value, mode)

            body, error = self._in_session(active, encode)
        if error is not None or body is None:
            self._fail(active, error or RuntimeError("the call has no result"))
            error = None
            return
        self._ended(active)
        self._answers.put(kinds.RESULT, active.number, body, active.objects is not None)

    def _finish_step(self, number: int, stream: Stream, value: Any) -> None:
        body, error = self._user_code.run(number, lambda: stream.write(value))
        if error is not None or body is None:
            self._close(number, stream, error)
            error = None
            return
        self._answers.put(kinds.ITEM, number, body, bool(stream.session))
        stream.credit -= 1
        self._go_on(number, stream)

    def _go_on(self, number: int, stream: Stream) -> None:
        if stream.ended_by is not None or (stream.credit > 0 and number not in self._outgoing):
            self._inbox.ready.append(number)

    def _close(self, number: int, stream: Stream, error: Optional[BaseException]) -> None:
        """Runs the `finally` blocks of a generator."""
        del self._inbox.streams[number]
        active = self._active[number] = _Active(number, "close", stream)
        active.error = error
        _, problem = self._user_code.run(number, lambda: self._runner.close(number, stream))
        if problem is not None:
            del self._active[number]
            self._closed(active, problem)
        error = problem = None

    def _closed(self, active: _Active, problem: Optional[BaseException]) -> None:
        error = active.error or problem
        stream = active.stream
        assert stream is not None
        self._session_calls.ended(stream.session, stream.origin)
        self._inbox.traces.drop(active.number)
        if error is None:
            self._answers.end(active.number)
        else:
            self._answers.error(active.number, status_of(error, stream.called, stream.origin))
        active.error = error = problem = None

    def _fail(self, active: _Active, error: BaseException) -> None:
        status = status_of(error, active.called, active.origin)
        self._ended(active)
        if active.objects is not None:
            active.objects.fail(active.origin, status)
        self._answers.error(active.number, status)

    def _ended(self, active: _Active) -> None:
        traces = self._inbox.traces
        trace = traces.by_call.get(active.number)
        if trace is not None:
            trace.ran()
            traces.end(active.number, trace)
        if active.objects is not None:
            self._session_calls.ended(active.objects.session, active.origin)

    def _in_session(
        self, active: _Active, work: Callable[[], Optional[bytes]]
    ) -> Tuple[Optional[bytes], Optional[BaseException]]:
        if active.objects is not None:
            self._sessions.begin(active.objects, active.origin)
        try:
            return self._user_code.run(active.number, work)
        finally:
            self._sessions.leave()

    def _interrupt(self, number: int, interrupt: Interrupt) -> bool:
        active = self._active.get(number)
        if active is None:
            return False
        if not active.interrupted:
            active.interrupted = True
            if active.stream is not None:
                active.stream.ended_by = interrupt
            self._runner.interrupt(number, interrupt)
        return True

    def _raise_here(self, interrupt: Interrupt) -> None:
        """By the signal handler, as soon as it has read everything: in the task that it has stopped."""
        self._inbox.interrupt = interrupt
