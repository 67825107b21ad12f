"""A session for programs with threads: calls block, one thread reads, gRPC's own thread writes."""

from __future__ import annotations

import _thread
import itertools
import queue
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterator, Protocol, Sequence

import grpc

from . import _ended as ended, _frames as frames
from ._callbacks import Callbacks, response_of
from ._errors import PoduleError, again, error_from_rpc, error_from_status, failure, status_from_exception
from ._frames import Body, Buffer
from ._remote import Lease, Remote
from ._session import Outgoing, Session, check_size

PREFETCH = 64
# A call's time is up there first; should the way to it hang, then here.
LATE_SECONDS = 1.0
ACK_SECONDS = 0.05
_CALLBACK_THREADS = 256


class Runtime(Protocol):
    """What a session belongs to."""

    module: str

    def proxy(self, lease: Lease, type: str, callable: bool, value: Any) -> Any: ...
    def foreign(self, remote: Remote) -> Any: ...


class Call:
    """One call in flight; a lock that is released when its answer is there costs less than a Condition."""

    __slots__ = ("_body", "_error", "_lock", "holds", "id")

    def __init__(self, id: int, holds: Any = None) -> None:
        # What its arguments refer to: not released before it has ended.
        self.id, self.holds = id, holds
        self._lock = _thread.allocate_lock()
        self._lock.acquire()
        self._body: Body | None = None
        self._error: PoduleError | None = None

    def on_result(self, body: Body) -> None:
        self._body = body
        self._lock.release()

    def on_error(self, error: PoduleError | None) -> None:
        self._error = error
        self._lock.release()

    def wait(self, seconds: float | None = None) -> Body:
        """The CallResponse; raises the call's error, or TimeoutError."""
        if not self._lock.acquire(timeout=-1 if seconds is None else seconds):
            raise TimeoutError
        self._lock.release()
        if self._body is not None:
            return self._body
        raise again(self._error or failure(grpc.StatusCode.INTERNAL, "PROTOCOL_ERROR", "a call without an answer"))


class Items:
    """A streamed call: items as they come, asked for in batches ahead of the reader."""

    def __init__(self, session: SyncSession, id: int, holds: Any) -> None:
        self.id, self.holds, self._session = id, holds, session
        self._items: queue.SimpleQueue[Body | PoduleError | None] = queue.SimpleQueue()

    def on_result(self, body: Body) -> None:
        self._items.put(body)

    def on_error(self, error: PoduleError | None) -> None:
        self._items.put(error)

    def __iter__(self) -> Iterator[Body]:
        taken, over = 0, False
        try:
            while True:
                item = self._items.get()
                if not isinstance(item, tuple):
                    over = True
                    if item is None:
                        return
                    raise again(item)
                taken += 1
                if taken == PREFETCH // 2:
                    self._session.send(frames.credit_frame(self.id, taken))
                    taken = 0
                yield item
        finally:
            if not over:
                self._session.cancel(self.id)


class SyncSession:
    """Calls of one module on one session. Reconnects by itself within the session's grace time."""

    def __init__(self, channel: grpc.Channel, runtime: Runtime, metadata: Sequence[tuple[str, str]] = ()) -> None:
        self.module, self._runtime = runtime.module, runtime
        self._method = channel.stream_stream("/podule.v1.Calls/Session")
        self._metadata = tuple(metadata)
        self._session = Session(runtime.module, self)
        self._ids = itertools.count(1)
        self._calls: dict[int, Call | Items] = {}
        # Calls that the writer has not taken yet. Filled without the lock, which the reader has for a whole message at a time.
        self._starting: deque[Sequence[Outgoing]] = deque()
        self._released: deque[int] = deque()
        self._lock = threading.Lock()
        # A token for the writer. Filled by finalizers too, so without a lock of ours.
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._woken = False
        self._callbacks = Callbacks()
        self._callers: ThreadPoolExecutor | None = None
        self._closing = threading.Event()
        self.lost: PoduleError | None = None
        self._thread = threading.Thread(target=self._run, name=f"podule-{runtime.module}", daemon=True)
        self._thread.start()

    # --- calls

    def next_id(self) -> int:
        return next(self._ids)

    def start(self, calls: Sequence[Outgoing], waiters: Sequence[Call | Items]) -> None:
        """Sends calls, together where they fit into a message; raises what has ended the session, or ValueError where one is too large."""
        for call in calls:
            check_size(call)
        for waiter in waiters:
            self._calls[waiter.id] = waiter
        self._starting.append(calls)
        # Behind that: who ends the session says so first, and then tells all calls that are there.
        if self.lost is not None:
            for waiter in waiters:
                self._calls.pop(waiter.id, None)
            raise again(self.lost)
        self._wake()

    def _take_starting(self) -> None:
        """With the lock held."""
        starting = self._starting
        while starting:
            for call in starting.popleft():
                self._session.call(call)

    def stream(self, calls: Sequence[Outgoing], holds: Any) -> Items:
        """As `start`, the last one streamed."""
        items = Items(self, calls[-1].id, holds)
        self.start([*calls[:-1], calls[-1]._replace(credit=PREFETCH)], [items])
        return items

    def wait(self, call: Call, seconds: float | None) -> Body:
        """Its CallResponse. Cancels it where the waiting is interrupted or too long."""
        try:
            return call.wait(None if seconds is None else seconds + LATE_SECONDS)
        except TimeoutError as error:
            if isinstance(error, PoduleError):
                raise
            self.cancel(call.id)
            late = f"no answer within {seconds} s, and none from the server about that"
            raise failure(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", late) from None
        except KeyboardInterrupt:
            self.cancel(call.id)
            raise

    def cancel(self, call: int) -> None:
        with self._lock:
            self._take_starting()
            if call in self._calls and not self._session.cancel(call):
                self._calls.pop(call, None)
        self._wake()

    def release(self, object_id: int) -> None:
        """Tells the worker, with the next batch, that an object is no longer used. Safe in a finalizer."""
        self._released.append(object_id)
        self._wake()

    def send(self, frame: frames.Frame) -> None:
        with self._lock:
            self._take_starting()
            self._session.send(frame)
        self._wake()

    def _wake(self) -> None:
        if not self._woken:
            self._woken = True
            self._wakes.put(None)

    @property
    def draining(self) -> bool:
        return self._session.draining

    def close(self) -> None:
        """Ends the session: its objects are dropped."""
        with self._lock:
            if self._closing.is_set() or self.lost is not None:
                return
            self._take_starting()
            self._session.send(frames.close_frame())
            self._closing.set()
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    # --- what values ask for

    def proxy(self, lease: Lease, type: str, callable: bool, value: Any) -> Any:
        return self._runtime.proxy(lease, type, callable, value)

    def callback_id(self, function: Callable[..., Any]) -> int:
        return self._callbacks.number(function)

    def foreign(self, remote: Remote) -> Any:
        return self._runtime.foreign(remote)

    # --- what the session tells, with the lock held

    def on_result(self, call: int, body: Body) -> None:
        waiting = self._calls.pop(call, None)
        if waiting is not None:
            waiting.on_result(body)

    def on_item(self, call: int, body: Body) -> None:
        waiting = self._calls.get(call)
        if waiting is not None:
            waiting.on_result(body)

    def on_end(self, call: int) -> None:
        waiting = self._calls.pop(call, None)
        if waiting is not None:
            waiting.on_error(None)

    def on_error(self, call: int, status: Body) -> None:
        waiting = self._calls.pop(call, None)
        if waiting is not None:
            waiting.on_error(error_from_status(frames.bytes_of(status)))

    def on_lost(self, status: Body) -> None:
        self._fail(error_from_status(frames.bytes_of(status)))

    def on_draining(self, grace_ms: int) -> None:
        """New calls of the module go to another session: see Runtime.session."""

    def on_callback(self, callback: int, function: int, request: Body) -> None:
        if self._callers is None:
            self._callers = ThreadPoolExecutor(_CALLBACK_THREADS, thread_name_prefix="podule-callback")
        self._callers.submit(self._run_callback, callback, function, request)

    def _run_callback(self, callback: int, function: int, request: Body) -> None:
        response: Sequence[Buffer] = ()
        status = b""
        try:
            response = response_of(self, self._callbacks.call(self, function, request))
        except BaseException as error:  # whatever the function raises is raised in Python there
            status = status_from_exception(error)
        with self._lock:
            self._session.answer_callback(callback, response, status)
        self._wake()

    # --- streams

    def _run(self) -> None:
        broken_since: float | None = None
        pause = ended.FIRST_PAUSE
        while self.lost is None:
            cause = self._one_stream()
            now = time.monotonic()
            if self._session.opened:
                broken_since, pause = None, ended.FIRST_PAUSE
            broken_since = now if broken_since is None else broken_since
            over = ended.closed() if self._closing.is_set() else None
            if over is None and not ended.resumable(self._session, cause, now - broken_since):
                over = ended.lost(self._session, cause)
            if over is not None:
                with self._lock:
                    self._fail(over)
            else:
                self._closing.wait(pause)
                pause = min(pause * 2, ended.LONGEST_PAUSE)
        if self._callers is not None:
            self._callers.shutdown(wait=False)

    def _one_stream(self) -> PoduleError:
        """Runs a stream until it ends; returns why."""
        over = threading.Event()
        # Of this stream only: the writer of the one before may still wait at its own.
        wakes = self._wakes = queue.SimpleQueue()
        try:
            stream = self._method(self._requests(over, wakes), metadata=self._metadata)
        except RuntimeError as error:  # the interpreter ends: there are no more threads
            self._closing.set()
            return ended.protocol_error(error)
        try:
            for message in stream:
                with self._lock:
                    self._session.receive(message)
                    wake = self._session.wants_to_write
                if wake:
                    self._wake()
                if self.lost is not None:
                    return self.lost
            return ended.end_of_stream()
        except grpc.RpcError as error:
            return error_from_rpc(error)
        except frames.ProtocolError as error:
            return ended.protocol_error(error)
        finally:
            over.set()
            wakes.put(None)
            stream.cancel()

    def _requests(self, over: threading.Event, wakes: queue.SimpleQueue[None]) -> Iterator[bytes]:
        with self._lock:
            opening = self._session.open_message()
        yield opening
        while not over.is_set():
            with self._lock:
                self._woken = False
                # Before the calls: none of those that are there now names what is released here.
                count = len(self._released)
                self._take_starting()
                if count and self._session.opened:
                    self._session.send(frames.release_frame([self._released.popleft() for _ in range(count)]))
                message = self._session.next_message()
                idle = self._session.idle
            if message is not None:
                yield message
                continue
            if self._closing.is_set():
                return
            try:
                wakes.get(timeout=None if idle else ACK_SECONDS)
            except queue.Empty:
                with self._lock:
                    message = self._session.ack_message()
                if message is not None:
                    yield message

    def _fail(self, cause: PoduleError) -> None:
        self.lost = self.lost or cause
        while self._calls:
            try:
                _, call = self._calls.popitem()
            except KeyError:  # `start` has just taken the last one back
                return
            call.on_error(self.lost)
