"""A worker that runs several calls at once: in threads, or as tasks of an event loop."""

from __future__ import annotations

import traceback
from typing import Union

from . import kinds
from .concurrent_calls import ConcurrentCalls
from .link import Closed, Link
from .options import Options
from .progress import Progress
from .resolve import Resolver
from .task_calls import TaskCalls
from .thread_calls import ThreadCalls
from .worker import Worker


class ConcurrentWorker(Worker):
    """Its main thread reads and writes messages; the module's functions run beside it, or between."""

    def __init__(self, link: Link, resolver: Resolver, progress: Progress, options: Options) -> None:
        super().__init__(link, resolver, progress)
        self._runner: Union[ThreadCalls, TaskCalls] = ThreadCalls() if options.threads else TaskCalls(self._gate)
        self._concurrent = ConcurrentCalls(
            options.threads or options.asyncio or 1,
            self._runner,
            self._inbox,
            self._incoming,
            self._outgoing,
            self._answers,
            resolver,
            progress,
            self._user_code,
            self._sessions,
            self._session_calls,
        )

    def _turn(self) -> None:
        inbox, outgoing, concurrent = self._inbox, self._outgoing, self._concurrent
        concurrent.collect()
        if inbox.ready or outgoing.turns or (inbox.order and concurrent.room):
            frames = self._link.read(False)
            if frames:
                inbox.take(frames)
        elif not self._runner.done:
            self._report.send(self._sessions.objects)
            self._link.flush()
            self._wait()
        if inbox.order and concurrent.room:
            number, kind, payload = inbox.pop()
            if kind in (kinds.CALL, kinds.STREAM, kinds.SESSION_CALL):
                concurrent.begin(number, kind, payload)
            elif kind:
                self._session_calls.control(kind, payload)
        if inbox.ready:
            concurrent.step(inbox.ready.popleft())
        self._pump()

    def _attend(self) -> None:
        super()._attend()
        self._runner.attended()

    def _wait(self) -> None:
        self._gate.install()
        try:
            self._runner.wait(self._link.fileno())
            frames = self._link.read(False)
        except (Closed, MemoryError):
            raise
        except Exception:
            # A signal handler of the user's module has raised in our wait. Nothing had been read.
            traceback.print_exc()
            return
        if frames:
            self._inbox.take(frames)
