"""Streamed calls: begun once, then made to go on item by item."""

from __future__ import annotations

from typing import Callable, Optional

from . import kinds
from .answers import Answers
from .call_request import read_request
from .errors import status_of
from .event_loop import EventLoop
from .inbox import CREDIT, Inbox
from .operations import Extra, prepare
from .progress import Progress
from .resolve import Resolver
from .streams import END, Stream
from .transfers import Outgoing
from .user_code import UserCode


class StreamCalls:
    def __init__(
        self,
        inbox: Inbox,
        outgoing: Outgoing,
        answers: Answers,
        resolver: Resolver,
        progress: Progress,
        loop: EventLoop,
        user_code: UserCode,
        ended: Callable[[int, int], None],
    ) -> None:
        self._inbox = inbox
        self._outgoing = outgoing
        self._answers = answers
        self._resolver = resolver
        self._progress = progress
        self._loop = loop
        self._user_code = user_code
        # A session's call has ended: its session, and the client's id.
        self._ended = ended

    def start(self, number: int, payload: bytes) -> None:
        """Calls the function of a call without a session; its items are made by `step`."""
        self._progress.started(number)
        stream = Stream(CREDIT.unpack_from(payload)[0], self._loop)
        self.trace(number, stream)

        def start() -> None:
            function, args, kwargs, extra = read_request(payload[CREDIT.size :])
            target, args, kwargs = prepare(self._resolver, function, args, kwargs, extra or Extra())
            stream.start(target, args, kwargs)

        _, error = self._user_code.run(number, start)
        if error is not None:
            self.untrace(number, stream)
            self._answers.error(number, status_of(error, stream.called))
            error = None
            return
        self.begun(number, stream)

    def trace(self, number: int, stream: Stream) -> None:
        stream.trace = self._inbox.traces.by_call.get(number)
        if stream.trace is not None:
            stream.trace.begin()

    def untrace(self, number: int, stream: Stream) -> None:
        trace = stream.trace
        if trace is not None:
            # The last of them was the end, or an error.
            trace.items = max(0, trace.items - 1)
            stream.context.run(self._inbox.traces.end, number, trace)

    def begun(self, number: int, stream: Stream) -> None:
        self._inbox.streams[number] = stream
        if stream.credit:
            self._inbox.ready.append(number)

    def step(self, number: int) -> None:
        """One item, or the end: of itself, by an error, or because the caller has gone."""
        stream = self._inbox.streams[number]

        def step() -> Optional[bytes]:
            item = stream.next()
            if item is END:
                return None
            body = stream.write(item)
            if stream.trace is not None:
                stream.trace.encoded()
            return body

        if stream.ended_by is None:
            body, error = self._user_code.run(number, step)
            if body is not None:
                self._answers.put(kinds.ITEM, number, body, bool(stream.session))
                stream.credit -= 1
                if stream.credit and number not in self._outgoing:
                    self._inbox.ready.append(number)
                return
        else:
            error = stream.ended_by
        del self._inbox.streams[number]
        # A generator that has ended is not changed by being closed; one that has not runs its `finally` blocks.
        _, problem = self._user_code.run(number, stream.close)
        if problem is not None and error is None:
            error = problem
        self._ended(stream.session, stream.origin)
        self.untrace(number, stream)
        if error is None:
            self._answers.end(number)
        else:
            self._answers.error(number, status_of(error, stream.called, stream.origin))
            error = problem = None
