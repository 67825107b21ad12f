"""One worker: a blocking loop on the main thread that starts calls in the order in which they come."""

from __future__ import annotations

import traceback
from typing import NoReturn

from . import kinds
from .answers import Answers
from .calls import Calls
from .event_loop import EventLoop
from .gate import Gate
from .inbox import Inbox
from .link import Closed, Link
from .object_report import ObjectReport
from .progress import Progress
from .resolve import Resolver
from .session_calls import SessionCalls
from .sessions import Sessions
from .stream_calls import StreamCalls
from .transfers import Incoming, Outgoing
from .user_code import UserCode, leave

_CRASHED = 70


class Worker:
    def __init__(self, link: Link, resolver: Resolver, progress: Progress) -> None:
        self._link = link
        self._incoming = incoming = Incoming()
        link.place = incoming.place
        self._outgoing = outgoing = Outgoing(link)
        self._inbox = inbox = Inbox(link, incoming, outgoing)
        loop = EventLoop()
        self._gate = gate = Gate(link, inbox, self._attend, loop.deliver, lambda: leave(0))
        self._sessions = sessions = Sessions(link, inbox, gate, incoming, outgoing)
        sessions.turn = self._turn_of
        sessions.resumed = progress.started
        self._user_code = user_code = UserCode(link, inbox, gate, progress)
        self._answers = answers = Answers(link, outgoing)
        self._session_calls = SessionCalls(inbox, incoming, answers, resolver, progress, loop, user_code, sessions)
        self._calls = Calls(inbox, answers, resolver, progress, loop, gate, user_code, sessions, self._session_calls)
        self._streams = StreamCalls(
            inbox, outgoing, answers, resolver, progress, loop, user_code, self._session_calls.ended
        )
        self._session_calls.streams = self._streams
        self._report = ObjectReport(link)

    def serve(self) -> NoReturn:
        self._gate.install()
        self._user_code.install()
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
        """Starts at most one call, makes at most one item of a stream and sends at most one chunk."""
        inbox, outgoing = self._inbox, self._outgoing
        if inbox.ready or outgoing.turns:
            frames = self._link.read(False)
            if frames:
                inbox.take(frames)
        elif not inbox.order:
            self._report.send(self._sessions.objects)
            self._link.flush()
            self._wait()
        if inbox.order:
            number, kind, payload = inbox.pop()
            if kind == kinds.CALL:
                self._calls.call(number, payload)
            elif kind == kinds.STREAM:
                self._streams.start(number, payload)
            elif kind == kinds.SESSION_CALL:
                self._calls.session_call(number, payload)
            elif kind:
                self._of_session(number, kind, payload)
        if inbox.ready:
            self._streams.step(inbox.ready.popleft())
        if outgoing.turns:
            self._pump()

    def _turn_of(self, session: int) -> None:
        """A turn while a call of that session waits for its client: for this session only."""
        inbox = self._inbox
        frames = self._link.read(False)
        if frames:
            inbox.take(frames)
        entry = inbox.pop_of(session)
        ready = inbox.ready_of(session)
        if entry is not None:
            self._of_session(*entry)
        if ready is not None:
            self._streams.step(ready)
        self._pump()
        if entry is None and ready is None and not self._outgoing.turns and not frames:
            self._link.flush()
            self._wait()

    def _of_session(self, number: int, kind: int, payload: bytes) -> None:
        if kind == kinds.SESSION_CALL:
            self._calls.session_call(number, payload)
        else:
            self._session_calls.control(kind, payload)

    def _pump(self) -> None:
        outgoing = self._outgoing
        if outgoing.turns:
            outgoing.send()
        while outgoing.ended:
            self._inbox.transferred(outgoing.ended.pop())

    def _attend(self) -> None:
        """While user code runs: transfers go on."""
        while self._outgoing.turns:
            self._pump()

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
