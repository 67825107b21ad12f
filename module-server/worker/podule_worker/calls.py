"""Plain calls: one answer to each. The hot path."""

from __future__ import annotations

from typing import Any, Optional

from . import kinds
from .answers import Answers
from .call_request import read_request
from .errors import Arguments, status_of
from .event_loop import EventLoop
from .gate import Gate
from .inbox import Inbox
from .objects import AUTO, OBJECT, NotYet, Objects
from .operations import RELEASE, prepare
from .progress import Progress
from .resolve import Resolver
from .session_calls import SessionCalls
from .sessions import SESSION_CALL, Sessions
from .traces import Trace
from .user_code import UserCode, leave_fork
from .values import write_value
from .values.encode import SCALARS


class Calls:
    def __init__(
        self,
        inbox: Inbox,
        answers: Answers,
        resolver: Resolver,
        progress: Progress,
        loop: EventLoop,
        gate: Gate,
        user_code: UserCode,
        sessions: Sessions,
        session_calls: SessionCalls,
    ) -> None:
        self._inbox = inbox
        self._answers = answers
        self._resolver = resolver
        self._progress = progress
        self._loop = loop
        self._gate = gate
        self._user_code = user_code
        self._sessions = sessions
        self._session_calls = session_calls

    def session_call(self, number: int, payload: bytes) -> None:
        session, call, flags, _ = SESSION_CALL.unpack_from(payload)
        if flags:
            self._session_calls.call(number, payload)
        else:
            self._session_calls.begun(session, call)
            self.call(number, payload, SESSION_CALL.size, self._sessions.of(session), call)

    def call(
        self, number: int, payload: bytes, at: int = 0, objects: Optional[Objects] = None, origin: int = 0
    ) -> None:
        """`at`: where its CallRequest begins. In a session: its objects, and the client's id of the call."""
        self._progress.started(number)
        self._user_code.ahead(number)
        if objects is not None:
            self._sessions.begin(objects, origin)
        traces = self._inbox.traces
        trace = traces.by_call.get(number) if traces.by_call else None
        if trace is not None:
            trace.begin()
        gate = self._gate
        called: Optional[Arguments] = None
        error: Optional[BaseException] = None
        try:
            try:
                gate.open = True
                if gate.attention:
                    gate.attend()
                function, args, kwargs, extra = read_request(payload, at)
                mode = AUTO
                if extra is None:
                    target = self._resolver.target(function, not args and not kwargs)
                elif extra.operation == RELEASE and objects is not None:
                    target, args, kwargs = objects.release_values, [args], {}
                else:
                    mode = extra.result_mode
                    target, args, kwargs = prepare(self._resolver, function, args, kwargs, extra)
                called = (target, args, kwargs)
                if trace is not None:
                    trace.decoded()
                result = target(*args, **kwargs)
                if trace is not None:
                    trace.ran()
                scalar = SCALARS.get(type(result))
                if scalar is None or mode == OBJECT:
                    body = self._other_value(result, objects, origin, mode, trace)
                else:
                    body = scalar(result)
                if trace is not None:
                    trace.encoded()
                gate.open = False
            except BaseException as raised:
                gate.open = False
                error = raised
        except BaseException as late:
            # Raised by a signal handler between the call's own exception and the closing of the gate.
            gate.open = False
            error = late
        self._inbox.running = 0
        if self._user_code.forked:
            leave_fork(error)
        if objects is not None:
            self._sessions.current = None
            if isinstance(error, NotYet):
                self._inbox.defer(number, kinds.SESSION_CALL, payload)
                if trace is not None:
                    trace.leave()
                error = None
                return
            self._session_calls.ended(objects.session, origin)
        if trace is not None:
            traces.end(number, trace)
        if error is None:
            self._answers.put(kinds.RESULT, number, body, objects is not None)
        else:
            status = status_of(error, called, origin)
            if objects is not None:
                objects.fail(origin, status)
            self._answers.error(number, status)
            # Its traceback holds this frame, thereby itself, and all that the call had: until a collection of garbage.
            # So it is let go wherever one is a local variable.
            error = None

    def _other_value(
        self, result: Any, objects: Optional[Objects], origin: int, mode: int, trace: Optional[Trace]
    ) -> bytes:
        if hasattr(type(result), "__await__"):
            result = self._loop.run(result)
            if trace is not None:
                trace.ran()
        return write_value(result) if objects is None else objects.result(origin, result, mode)
