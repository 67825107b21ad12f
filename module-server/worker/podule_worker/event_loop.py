"""The worker's event loop: made at the first async function, kept for all later ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Awaitable, Optional

from .interrupts import Interrupt

if TYPE_CHECKING:
    import asyncio


class EventLoop:
    """Runs one awaitable at a time; tasks left behind go on while a later one runs."""

    def __init__(self) -> None:
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._task: Optional[asyncio.Task[Any]] = None
        self._interrupt: Optional[Interrupt] = None

    def run(self, awaitable: Awaitable[Any]) -> Any:
        import asyncio

        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
        self._interrupt = None
        self._task = self._loop.create_task(_await(awaitable))
        try:
            return self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            if self._interrupt is None:
                raise
            raise self._interrupt from None
        finally:
            self._task = None

    def interrupt(self, interrupt: Interrupt) -> bool:
        """From another thread: cancels the running task, at its next await. False: there is none."""
        loop, task = self._loop, self._task
        if loop is None or task is None or not loop.is_running():
            return False
        self._interrupt = interrupt
        loop.call_soon_threadsafe(task.cancel)
        return True

    def close(self) -> None:
        if self._loop is not None:
            self._loop.close()

    def deliver(self, interrupt: Interrupt) -> None:
        """From the signal handler: raises right there, or cancels the running task where it awaits."""
        loop, task = self._loop, self._task
        if loop is None or task is None or not loop.is_running():
            raise interrupt
        import asyncio

        if asyncio.current_task(loop) is task:
            raise interrupt
        self._interrupt = interrupt
        # Raising here would unwind the loop itself, or another task.
        loop.call_soon_threadsafe(task.cancel)


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
