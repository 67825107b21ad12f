"""Runs calls in threads, so that several of them run at once in one worker."""

from __future__ import annotations

import ctypes
import os
import queue
import select
import threading
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional, Tuple

from .event_loop import EventLoop
from .interrupts import Interrupt
from .streams import Stream
from .user_code import leave_fork

# The call's number on the link, what it came to, and the exception that it raised.
Done = Tuple[int, Any, Optional[BaseException]]
_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc


class _Thread(threading.Thread):
    def __init__(self, jobs: queue.SimpleQueue[Tuple[int, Callable[[EventLoop], Any]]], done: Callable[[Done], None]):
        super().__init__(name="podule-call", daemon=True)
        self.number = 0
        self._jobs = jobs
        self._done = done
        self._lock = threading.Lock()
        self._loop = EventLoop()
        self._pid = os.getpid()

    def run(self) -> None:
        while True:
            number, work = self._jobs.get()
            result, error = self._run(number, work)
            del work
            if os.getpid() != self._pid:
                leave_fork(error)
            self._done((number, result, error))
            # Not kept until the next call.
            result = error = None

    def _run(self, number: int, work: Callable[[EventLoop], Any]) -> Tuple[Any, Optional[BaseException]]:
        result: Any = None
        error: Optional[BaseException] = None
        try:
            self.number = number
            try:
                result = work(self._loop)
            except BaseException as raised:
                error = raised
            self._settle()
        except Interrupt as late:
            # Raised between the end of the call and `_settle`.
            error = late
            self._settle()
        try:
            return result, error
        finally:
            error = None

    def _settle(self) -> None:
        """No interrupt reaches this thread after it."""
        with self._lock:
            self.number = 0
            _raise_in(ctypes.c_ulong(self.ident or 0), None)

    def interrupt(self, number: int, interrupt: Interrupt) -> None:
        """Where it awaits, the task is cancelled; else it is raised when the thread runs Python code again."""
        with self._lock:
            if self.number != number or self._loop.interrupt(interrupt):
                return
            _raise_in(ctypes.c_ulong(self.ident or 0), ctypes.py_object(type(interrupt)))


class ThreadCalls:
    """Threads are made when they are needed, and stay."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Tuple[int, Callable[[EventLoop], Any]]] = queue.SimpleQueue()
        self._threads: List[_Thread] = []
        self._busy = 0
        self._stream_loops: Dict[int, EventLoop] = {}
        self.done: Deque[Done] = deque()
        self._wake, self._wakened = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._wakened, False)

    def call(self, number: int, work: Callable[[], Any]) -> None:
        def run(loop: EventLoop) -> Any:
            result = work()
            return loop.run(result) if hasattr(type(result), "__await__") else result

        self._submit(number, run)

    def start(self, number: int, stream: Stream, work: Callable[[], Any]) -> None:
        # One stream may run in several threads, but its asynchronous generator on one loop only.
        loop = self._stream_loops[number] = EventLoop()

        def run(_loop: EventLoop) -> None:
            try:
                result = work()
                stream.iterate(loop.run(result) if hasattr(type(result), "__await__") else result, loop)
            except BaseException:
                self._stream_loops.pop(number).close()
                raise

        self._submit(number, run)

    def step(self, number: int, stream: Stream) -> None:
        self._submit(number, lambda _loop: stream.next())

    def close(self, number: int, stream: Stream) -> None:
        def run(_loop: EventLoop) -> None:
            try:
                stream.close()
            finally:
                self._stream_loops.pop(number).close()

        self._submit(number, run)

    def interrupt(self, number: int, interrupt: Interrupt) -> None:
        loop = self._stream_loops.get(number)
        if loop is not None and loop.interrupt(interrupt):
            return
        for thread in self._threads:
            if thread.number == number:
                thread.interrupt(number, interrupt)

    def take(self) -> Optional[Done]:
        if not self.done:
            return None
        self._busy -= 1
        return self.done.popleft()

    def wait(self, link: int) -> None:
        """Until the link has something to read, or a call has ended."""
        poll = select.poll()
        poll.register(link, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        poll.poll()
        try:
            while os.read(self._wake, 4096):
                pass
        except BlockingIOError:
            return

    def attended(self) -> None:
        return

    def _submit(self, number: int, run: Callable[[EventLoop], Any]) -> None:
        self._busy += 1
        if self._busy > len(self._threads):
            self._threads.append(_Thread(self._jobs, self._ended))
            self._threads[-1].start()
        self._jobs.put((number, run))

    def _ended(self, done: Done) -> None:
        self.done.append(done)
        try:
            os.write(self._wakened, b"\0")
        except (BlockingIOError, OSError):
            # It is full: the reader is awake.
            return
