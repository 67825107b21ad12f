"""One worker: a blocking loop on the main thread that starts calls in the order in which they come."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any, Callable, NoReturn, Optional, Set, Tuple

from . import kinds
from .call_request import read_request
from .errors import Arguments, status_of
from .event_loop import EventLoop
from .gate import Gate
from .inbox import CREDIT, Inbox
from .link import Closed, Link
from .native import one_shot
from .object_report import ObjectReport
from .objects import AUTO, OBJECT, NotYet, Objects
from .operations import RELEASE, Extra, prepare
from .progress import Progress
from .resolve import Resolver
from .sessions import SESSION_CALL, STREAMED, SessionCall, Sessions, put_back_request, request_of
from .streams import END, Stream
from .transfers import INLINE, Incoming, Outgoing
from .values import write_value
from .values.encode import SCALARS
from .wire import Buffer, varint

# An answer that is ready waits at most so long for others to leave with.
_FLUSH_SECONDS = 0.001
_CRASHED = 70


class Worker:
    def __init__(self, link: Link, resolver: Resolver, progress: Progress) -> None:
        self._link = link
        self._resolver = resolver
        self._progress = progress
        self._incoming = Incoming()
        self._outgoing = Outgoing(link)
        self._inbox = Inbox(link, self._incoming, self._outgoing)
        self._loop = EventLoop()
        self._gate = Gate(link, self._inbox, self._attend, self._loop.deliver, lambda: leave(0))
        self._sessions = Sessions(link, self._inbox, self._gate, self._incoming, self._outgoing)
        self._sessions.turn = self._turn_of
        self._sessions.resumed = progress.started
        self._inbox.refused = self._refused
        # The client's id of each session's call that has not ended.
        self._open_calls: Set[Tuple[int, int]] = set()
        self._report = ObjectReport(link)
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
                self._call(number, payload)
            elif kind == kinds.STREAM:
                self._start(number, payload)
            elif kind == kinds.SESSION_CALL:
                self._session_call(number, payload)
            elif kind:
                self._of_session(number, kind, payload)
        if inbox.ready:
            self._step(inbox.ready.popleft())
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
            self._step(ready)
        self._pump()
        if entry is None and ready is None and not self._outgoing.turns and not frames:
            self._link.flush()
            self._wait()

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

    def _refused(self, header: bytes, status: bytes) -> None:
        """A call of a session was cancelled before it was started."""
        call = SessionCall(*SESSION_CALL.unpack_from(header))
        self._open_calls.discard((call.session, call.call))
        self._sessions.of(call.session).fail(call.call, status)

    def _of_session(self, number: int, kind: int, payload: bytes) -> None:
        if kind == kinds.SESSION_CALL:
            self._session_call(number, payload)
            return
        session = CREDIT.unpack_from(payload)[0]

        def work() -> None:
            # Runs the finalizers of what is dropped.
            if kind == kinds.RELEASE:
                self._sessions.release(session, payload[CREDIT.size :], self._is_open)
            else:
                self._sessions.close(session)

        _, error = self._run(0, work)
        if error is not None:
            traceback.print_exception(type(error), error, error.__traceback__)
            error = None

    def _is_open(self, session: int, call: int) -> bool:
        return (session, call) in self._open_calls

    def _session_call(self, number: int, payload: bytes) -> None:
        session, call, flags, _ = SESSION_CALL.unpack_from(payload)
        if flags:
            self._streamed_or_large_call(number, payload)
        else:
            self._open_calls.add((session, call))
            self._call(number, payload, SESSION_CALL.size, self._sessions.of(session), call)

    def _streamed_or_large_call(self, number: int, payload: bytes) -> None:
        call = SessionCall(*SESSION_CALL.unpack_from(payload))
        objects = self._sessions.of(call.session)
        self._progress.started(number)
        self._open_calls.add((call.session, call.call))
        called: Optional[Arguments] = None
        stream: Optional[Stream] = None
        if call.flags & STREAMED:
            stream = Stream(call.credit, self._loop, call.session)
            stream.origin = call.call

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
            result = target(*args, **kwargs)
            scalar = SCALARS.get(type(result))
            if scalar is not None and mode != OBJECT:
                return scalar(result)
            if hasattr(type(result), "__await__"):
                result = self._loop.run(result)
            return objects.result(call.call, result, mode)

        self._sessions.begin(objects, call.call)
        body, error = self._run(number, work)
        self._sessions.current = None
        if isinstance(error, NotYet):
            put_back_request(call, payload, request, self._incoming)
            self._inbox.defer(number, kinds.SESSION_CALL, payload)
        elif error is not None:
            status = status_of(error, stream.called if stream is not None else called, call.call)
            error = None
            self._open_calls.discard((call.session, call.call))
            objects.fail(call.call, status)
            self._link.put(kinds.ERROR, number, status)
        elif stream is not None:
            self._inbox.streams[number] = stream
            if stream.credit:
                self._inbox.ready.append(number)
        elif body is not None:
            self._open_calls.discard((call.session, call.call))
            self._answer(kinds.RESULT, number, body, True)

    def _answer(self, kind: int, number: int, body: bytes, in_session: bool) -> None:
        payload = b"".join((b"\x0a", varint(len(body)), body))
        if in_session and len(payload) > INLINE:
            self._outgoing.put(kind, number, payload)
        else:
            self._link.put(kind, number, payload)

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
        link = self._link
        if link.out and not link.timed:
            if self._timer is None:
                link.flush()
            else:
                link.timed = True
                self._timer.arm()

    def _call(
        self, number: int, payload: bytes, at: int = 0, objects: Optional[Objects] = None, origin: int = 0
    ) -> None:
        """`at`: where its CallRequest begins. In a session: its objects, and the client's id of the call."""
        self._progress.started(number)
        self._ahead(number)
        if objects is not None:
            self._sessions.begin(objects, origin)
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
                result = target(*args, **kwargs)
                scalar = SCALARS.get(type(result))
                if scalar is None or mode == OBJECT:
                    body = self._other_value(result, objects, origin, mode)
                else:
                    body = scalar(result)
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
        if objects is not None:
            self._sessions.current = None
            if isinstance(error, NotYet):
                self._inbox.defer(number, kinds.SESSION_CALL, payload)
                error = None
                return
            self._open_calls.discard((objects.session, origin))
        if error is None:
            self._answer(kinds.RESULT, number, body, objects is not None)
        else:
            status = status_of(error, called, origin)
            if objects is not None:
                objects.fail(origin, status)
            self._link.put(kinds.ERROR, number, status)
            # Its traceback holds this frame, thereby itself, and all that the call had: until a collection of garbage.
            # So it is let go wherever one is a local variable.
            error = None

    def _other_value(self, result: Any, objects: Optional[Objects], origin: int, mode: int) -> bytes:
        if hasattr(type(result), "__await__"):
            result = self._loop.run(result)
        return write_value(result) if objects is None else objects.result(origin, result, mode)

    def _start(self, number: int, payload: bytes) -> None:
        """Calls the function of a streamed call; its items are made by `_step`."""
        self._progress.started(number)
        stream = Stream(CREDIT.unpack_from(payload)[0], self._loop)

        def start() -> None:
            function, args, kwargs, extra = read_request(payload[CREDIT.size :])
            target, args, kwargs = prepare(self._resolver, function, args, kwargs, extra or Extra())
            stream.start(target, args, kwargs)

        _, error = self._run(number, start)
        if error is not None:
            self._link.put(kinds.ERROR, number, status_of(error, stream.called))
            error = None
            return
        self._inbox.streams[number] = stream
        if stream.credit:
            self._inbox.ready.append(number)

    def _step(self, number: int) -> None:
        """One item, or the end: of itself, by an error, or because the caller has gone."""
        stream = self._inbox.streams[number]

        def step() -> Optional[bytes]:
            item = stream.next()
            return None if item is END else stream.write(item)

        if stream.ended_by is None:
            body, error = self._run(number, step)
            if body is not None:
                self._answer(kinds.ITEM, number, body, bool(stream.session))
                stream.credit -= 1
                if stream.credit and number not in self._outgoing:
                    self._inbox.ready.append(number)
                return
        else:
            error = stream.ended_by
        del self._inbox.streams[number]
        # A generator that has ended is not changed by being closed; one that has not runs its `finally` blocks.
        _, problem = self._run(number, stream.close)
        if problem is not None and error is None:
            error = problem
        self._open_calls.discard((stream.session, stream.origin))
        if error is None:
            self._link.put(kinds.END, number)
        else:
            self._link.put(kinds.ERROR, number, status_of(error, stream.called, stream.origin))
            error = problem = None

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
        try:
            return done, error
        finally:
            error = None

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
