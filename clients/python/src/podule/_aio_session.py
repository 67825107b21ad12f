"""A session for asyncio: the same as _sync.py, on one event loop."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import deque
from typing import Any, Callable, Protocol, Sequence, Union

import grpc
import grpc.aio

from . import _ended as ended, _frames as frames
from ._callbacks import Callbacks, response_of
from ._errors import PoduleError, again, error_from_rpc, error_from_status, status_from_exception
from ._frames import Body, Buffer
from ._remote import Lease, Remote
from ._session import Outgoing, Session
from ._sync import ACK_SECONDS, PREFETCH


class Runtime(Protocol):
    """What a session belongs to."""

    module: str

    def proxy(self, lease: Lease, type: str, callable: bool, value: Any) -> Any: ...
    def foreign(self, remote: Remote) -> Any: ...


class AioItems:
    """A streamed call: items as they come, asked for in batches ahead of the reader."""

    def __init__(self, session: AioSession, id: int, holds: Any) -> None:
        self.id, self.holds, self._session = id, holds, session
        self._items: asyncio.Queue[Body | PoduleError | None] = asyncio.Queue()
        self._taken = 0
        self._ended = False

    def on_result(self, body: Body) -> None:
        self._items.put_nowait(body)

    def on_error(self, error: PoduleError | None) -> None:
        self._items.put_nowait(error)

    def __aiter__(self) -> AioItems:
        return self

    async def __anext__(self) -> Body:
        item = await self._items.get()
        if not isinstance(item, tuple):
            self._ended = True
            raise StopAsyncIteration if item is None else again(item)
        self._taken += 1
        if self._taken == PREFETCH // 2:
            self._session.send(frames.credit_frame(self.id, self._taken))
            self._taken = 0
        return item

    def close(self) -> None:
        if not self._ended:
            self._ended = True
            self._session.cancel(self.id)


class AioCall:
    """One call in flight. `holds`: what its arguments refer to; not released before it has ended."""

    __slots__ = ("_answer", "_waiting", "holds", "id")

    def __init__(self, id: int, holds: Any) -> None:
        self.id, self.holds = id, holds
        self._answer: Body | PoduleError | None = None
        self._waiting: list[asyncio.Future[None]] = []

    def on_result(self, body: Body) -> None:
        self._end(body)

    def on_error(self, error: PoduleError | None) -> None:
        self._end(error or ended.end_of_stream())

    def _end(self, answer: Body | PoduleError) -> None:
        self._answer, self.holds = answer, None
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self) -> Body:
        """The CallResponse; raises the call's error."""
        if self._answer is None:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            try:
                await future
            finally:
                if future in self._waiting:
                    self._waiting.remove(future)
        if isinstance(self._answer, tuple):
            return self._answer
        raise again(self._answer or ended.end_of_stream())

    @property
    def unwanted(self) -> bool:
        """Nobody waits for its answer, and it has none yet."""
        return self._answer is None and not self._waiting


_Waiter = Union[AioCall, AioItems]


class AioSession:
    """Calls of one module on one session. Reconnects by itself within the session's grace time."""

    def __init__(self, channel: Any, runtime: Runtime, metadata: Sequence[tuple[str, str]]) -> None:
        self.module, self._runtime = runtime.module, runtime
        self._method = channel.stream_stream("/podule.v1.Calls/Session")
        self._metadata = tuple(metadata)
        self._session = Session(runtime.module, self)
        self._ids = itertools.count(1)
        self._calls: dict[int, _Waiter] = {}
        self._released: deque[int] = deque()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._callbacks = Callbacks()
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost: PoduleError | None = None
        self._task = self._loop.create_task(self._run())

    def next_id(self) -> int:
        return next(self._ids)

    def start(self, calls: Sequence[Outgoing], waiter: _Waiter) -> None:
        """Sends a call, behind those that it needs; raises what has ended the session."""
        if self.lost is not None:
            raise again(self.lost)
        self._calls[waiter.id] = waiter
        for call in calls:
            self._session.call(call)
        self._changed.set()

    def stream(self, calls: Sequence[Outgoing], holds: Any) -> AioItems:
        """As `start`, the last one streamed."""
        items = AioItems(self, calls[-1].id, holds)
        self.start([*calls[:-1], calls[-1]._replace(credit=PREFETCH)], items)
        return items

    def cancel(self, call: int) -> None:
        if call in self._calls and not self._session.cancel(call):
            del self._calls[call]
        self._changed.set()

    def release(self, object_id: int) -> None:
        """Tells the worker, with the next batch, that an object is no longer used. Safe in a finalizer of any thread."""
        self._released.append(object_id)
        if threading.get_ident() == self._thread:
            self._changed.set()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)

    def send(self, frame: frames.Frame) -> None:
        self._session.send(frame)
        self._changed.set()

    @property
    def draining(self) -> bool:
        return self._session.draining

    async def close(self) -> None:
        """Ends the session: its objects are dropped."""
        if self.lost is None and not self._closing.is_set():
            self.send(frames.close_frame())
            self._closing.set()
            await asyncio.wait([self._task], timeout=5)
        self._task.cancel()
        await asyncio.gather(self._task, *self._tasks, return_exceptions=True)

    # --- what values ask for

    def proxy(self, lease: Lease, type: str, callable: bool, value: Any) -> Any:
        return self._runtime.proxy(lease, type, callable, value)

    def callback_id(self, function: Callable[..., Any]) -> int:
        return self._callbacks.number(function)

    def foreign(self, remote: Remote) -> Any:
        return self._runtime.foreign(remote)

    # --- what the session tells

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
        """New calls of the module go to another session."""

    def on_callback(self, callback: int, function: int, request: Body) -> None:
        task = self._loop.create_task(self._run_callback(callback, function, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_callback(self, callback: int, function: int, request: Body) -> None:
        response: Sequence[Buffer] = ()
        status = b""
        try:
            result = self._callbacks.call(self, function, request)
            if hasattr(type(result), "__await__"):
                result = await result
            response = response_of(self, result)
        except Exception as error:  # whatever the function raises is raised in Python there
            status = status_from_exception(error)
        self._session.answer_callback(callback, response, status)
        self._changed.set()

    # --- streams

    async def _run(self) -> None:
        broken_since: float | None = None
        pause = ended.FIRST_PAUSE
        while self.lost is None:
            cause = await self._one_stream()
            now = self._loop.time()
            if self._session.opened:
                broken_since, pause = None, ended.FIRST_PAUSE
            broken_since = now if broken_since is None else broken_since
            if self._closing.is_set():
                self._fail(ended.closed())
            elif not ended.resumable(self._session, cause, now - broken_since):
                self._fail(ended.lost(self._session, cause))
            else:
                await asyncio.wait([self._loop.create_task(self._closing.wait())], timeout=pause)
                pause = min(pause * 2, ended.LONGEST_PAUSE)

    async def _one_stream(self) -> PoduleError:
        """Runs a stream until it ends; returns why."""
        stream = self._method(metadata=self._metadata)
        writer = self._loop.create_task(self._write(stream))
        try:
            while self.lost is None:
                message = await stream.read()
                if message is grpc.aio.EOF:
                    break
                self._session.receive(message)
                if self._session.wants_to_write:
                    self._changed.set()
            if self.lost is not None:
                return self.lost
            if await stream.code() == grpc.StatusCode.OK:
                return ended.end_of_stream()
            return error_from_rpc(
                grpc.aio.AioRpcError(
                    await stream.code(),
                    await stream.initial_metadata(),
                    await stream.trailing_metadata(),
                    await stream.details(),
                )
            )
        except grpc.RpcError as error:
            return error_from_rpc(error)
        except frames.ProtocolError as error:
            return ended.protocol_error(error)
        finally:
            writer.cancel()
            stream.cancel()

    async def _write(self, stream: Any) -> None:
        try:
            await stream.write(self._session.open_message())
            while True:
                self._changed.clear()
                if self._released and self._session.opened:
                    count = len(self._released)
                    self._session.send(frames.release_frame([self._released.popleft() for _ in range(count)]))
                message = self._session.next_message()
                if message is not None:
                    await stream.write(message)
                elif self._closing.is_set():
                    await stream.done_writing()
                    return
                elif self._session.idle:
                    await self._changed.wait()
                else:
                    await self._wait_or_acknowledge(stream)
        except (grpc.RpcError, asyncio.InvalidStateError):
            return  # the reader says why

    async def _wait_or_acknowledge(self, stream: Any) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), ACK_SECONDS)
        except (asyncio.TimeoutError, TimeoutError):
            message = self._session.ack_message()
            if message is not None:
                await stream.write(message)

    def _fail(self, cause: PoduleError) -> None:
        self.lost = self.lost or cause
        calls, self._calls = list(self._calls.values()), {}
        for call in calls:
            call.on_error(self.lost)
