"""What belongs to sessions: streamed calls, calls with large bodies, releases and ends.

Their small calls run as others do: calls.py.
"""

from __future__ import annotations

import traceback
from typing import Optional, Set, Tuple

from . import kinds
from .answers import Answers
from .call_request import read_request
from .errors import Arguments, status_of
from .event_loop import EventLoop
from .inbox import CREDIT, Inbox
from .objects import OBJECT, NotYet
from .operations import RELEASE, Extra, prepare
from .progress import Progress
from .resolve import Resolver
from .sessions import SESSION_CALL, STREAMED, SessionCall, Sessions, put_back_request, request_of
from .stream_calls import StreamCalls
from .streams import Stream
from .traces import Trace
from .transfers import Incoming
from .user_code import UserCode
from .values import write_value
from .values.encode import SCALARS
from .wire import Buffer


class SessionCalls:
    def __init__(
        self,
        inbox: Inbox,
        incoming: Incoming,
        answers: Answers,
        resolver: Resolver,
        progress: Progress,
        loop: EventLoop,
        user_code: UserCode,
        sessions: Sessions,
    ) -> None:
        self._inbox = inbox
        self._incoming = incoming
        self._answers = answers
        self._resolver = resolver
        self._progress = progress
        self._loop = loop
        self._user_code = user_code
        self._sessions = sessions
        # The client's id of each session's call that has not ended.
        self._open: Set[Tuple[int, int]] = set()
        # Set by the worker.
        self.streams: Optional[StreamCalls] = None
        inbox.refused = self._refused

    def begun(self, session: int, call: int) -> None:
        self._open.add((session, call))

    def ended(self, session: int, call: int) -> None:
        self._open.discard((session, call))

    def control(self, kind: int, payload: bytes) -> None:
        """A release or the end of a session, in its turn."""
        session = CREDIT.unpack_from(payload)[0]

        def work() -> None:
            # Runs the finalizers of what is dropped.
            if kind == kinds.RELEASE:
                self._sessions.release(session, payload[CREDIT.size :], self.is_open)
            else:
                self._sessions.close(session)

        _, error = self._user_code.run(0, work)
        if error is not None:
            traceback.print_exception(type(error), error, error.__traceback__)
            error = None

    def is_open(self, session: int, call: int) -> bool:
        return (session, call) in self._open

    def _refused(self, header: bytes, status: bytes) -> None:
        """A call was cancelled before it was started."""
        call = SessionCall(*SESSION_CALL.unpack_from(header))
        self.ended(call.session, call.call)
        self._sessions.of(call.session).fail(call.call, status)

    def call(self, number: int, payload: bytes) -> None:
        """One that is streamed, or whose body came in chunks."""
        call = SessionCall(*SESSION_CALL.unpack_from(payload))
        objects = self._sessions.of(call.session)
        self._progress.started(number)
        self.begun(call.session, call.call)
        called: Optional[Arguments] = None
        stream: Optional[Stream] = None
        if call.flags & STREAMED:
            stream = Stream(call.credit, self._loop, call.session)
            stream.origin = call.call
            assert self.streams is not None
            self.streams.trace(number, stream)

        traces = self._inbox.traces
        trace = traces.by_call.get(number) if stream is None else None
        if trace is not None:
            trace.begin()
        request: Buffer = b""

        def work() -> Optional[bytes]:
            nonlocal called, request
            request = request_of(call, payload, self._incoming)
            function, args, kwargs, extra = read_request(request)
            extra = extra or Extra()
            mode = extra.result_mode
            if extra.operation == RELEASE:
                objects.release_values(args)
                return write_value(None)
            target, args, kwargs = prepare(self._resolver, function, args, kwargs, extra)
            if stream is not None:
                stream.write = lambda item: objects.written(item, mode)
                stream.start(target, args, kwargs)
                return None
            called = (target, args, kwargs)
            if trace is not None:
                trace.decoded()
            result = target(*args, **kwargs)
            if trace is not None:
                trace.ran()
            scalar = SCALARS.get(type(result))
            if scalar is not None and mode != OBJECT:
                return scalar(result)
            if hasattr(type(result), "__await__"):
                result = self._loop.run(result)
            return objects.result(call.call, result, mode)

        self._sessions.begin(objects, call.call)
        body, error = self._user_code.run(number, work)
        self._sessions.current = None
        if isinstance(error, NotYet):
            put_back_request(call, payload, request, self._incoming)
            self._inbox.defer(number, kinds.SESSION_CALL, payload)
            if trace is not None:
                trace.leave()
        elif error is not None:
            status = status_of(error, stream.called if stream is not None else called, call.call)
            error = None
            self.ended(call.session, call.call)
            objects.fail(call.call, status)
            self._untrace(number, trace, stream)
            self._answers.error(number, status)
        elif stream is not None:
            assert self.streams is not None
            self.streams.begun(number, stream)
        elif body is not None:
            self.ended(call.session, call.call)
            self._untrace(number, trace, stream)
            self._answers.put(kinds.RESULT, number, body, True)

    def _untrace(self, number: int, trace: Optional[Trace], stream: Optional[Stream]) -> None:
        if trace is not None:
            trace.encoded()
            self._inbox.traces.end(number, trace)
        elif stream is not None and self.streams is not None:
            self.streams.untrace(number, stream)
