"""Runs asynchronous calls as tasks of one event loop, so that several of them run at once in one worker."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import Any, Awaitable, Callable, Deque, Dict, Optional

from .event_loop import EventLoop
from .gate import Gate
from .interrupts import Interrupt
from .streams import Stream
from .thread_calls import Done
from .user_code import leave_fork


class TaskCalls:
    """What is not asynchronous runs at once, in `call`, `start` and `step`."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._loop = asyncio.new_event_loop()
        self._pid = os.getpid()
        self._stopping = False
        self._tasks: Dict[int, asyncio.Task[Any]] = {}
        self._interrupts: Dict[int, Interrupt] = {}
        # Set to the interrupt of the very task that a signal has stopped.
        self.raised: Callable[[Interrupt], None] = lambda _interrupt: None
        self.done: Deque[Done] = deque()

    def call(self, number: int, work: Callable[[], Any]) -> None:
        self._finish(number, work(), lambda result: result)

    def start(self, number: int, stream: Stream, work: Callable[[], Any]) -> None:
        # Its loop is not used: its items are awaited here.
        self._finish(number, work(), lambda result: stream.iterate(result, EventLoop()))

    def step(self, number: int, stream: Stream) -> None:
        if stream.anext is None:
            self.done.append((number, stream.next(), None))
        else:
            self._task(number, stream.context.run(stream.anext), lambda item: item)

    def close(self, number: int, stream: Stream) -> None:
        if stream.aclose is None:
            stream.close()
            self.done.append((number, None, None))
        else:
            self._task(number, stream.context.run(stream.aclose), lambda result: result)

    def interrupt(self, number: int, interrupt: Interrupt) -> None:
        task = self._tasks.get(number)
        if task is None:
            return
        if self._loop.is_running() and asyncio.current_task(self._loop) is task:
            self.raised(interrupt)
            return
        self._interrupts[number] = interrupt
        # Raising here would unwind the loop itself, or another task.
        self._loop.call_soon_threadsafe(task.cancel)

    def take(self) -> Optional[Done]:
        return self.done.popleft() if self.done else None

    def wait(self, link: int) -> None:
        """Until the link has something to read, or a call has ended."""
        self._loop.add_reader(link, self._loop.stop)
        gate = self._gate
        gate.open = True
        try:
            if gate.attention:
                gate.attend()
            self._loop.run_forever()
        finally:
            gate.open = False
            self._loop.remove_reader(link)

    def attended(self) -> None:
        """The signal handler has read the link: what it has read is looked at, also where the loop is about to run."""
        if not self._stopping:
            self._stopping = True
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self._stopping = False
        self._loop.stop()

    def _finish(self, number: int, result: Any, then: Callable[[Any], Any]) -> None:
        if hasattr(type(result), "__await__"):
            self._task(number, result, then)
        else:
            self.done.append((number, then(result), None))

    def _task(self, number: int, awaitable: Awaitable[Any], then: Callable[[Any], Any]) -> None:
        task = self._loop.create_task(_await(awaitable, then))
        self._tasks[number] = task
        task.add_done_callback(lambda ended: self._ended(number, ended))

    def _ended(self, number: int, task: asyncio.Task[Any]) -> None:
        del self._tasks[number]
        interrupt = self._interrupts.pop(number, None)
        error: Optional[BaseException]
        if task.cancelled():
            error = interrupt or asyncio.CancelledError()
        else:
            error = task.exception()
        result: Any = None if error is not None else task.result()
        if isinstance(result, _Raised):
            error = result.error
            result = None
        if os.getpid() != self._pid:
            leave_fork(error)
        self.done.append((number, result, error))
        self._loop.stop()


async def _await(awaitable: Awaitable[Any], then: Callable[[Any], Any]) -> Any:
    try:
        return then(await awaitable)
    except (KeyboardInterrupt, SystemExit) as raised:
        # asyncio would end the loop with it.
        return _Raised(raised)


class _Raised:
    """The outcome of a task that has raised."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
