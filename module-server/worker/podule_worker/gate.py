"""When the signal that asks for attention (SIGURG) may be heard: while user code runs, and only then."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Callable, Optional

from .inbox import Inbox
from .interrupts import Interrupt
from .link import Closed, Link


class Gate:
    """`open` is set by the worker around user code. Closed, a signal is remembered until it opens.

    The worker's own code is thus never unwound half way, and an interrupt raised for one call cannot reach the next:
    a call's interrupt is raised once, while the gate is open for it.
    """

    def __init__(
        self,
        link: Link,
        inbox: Inbox,
        attended: Callable[[], None],
        deliver: Callable[[Interrupt], None],
        closed: Callable[[], None],
    ) -> None:
        self._link = link
        self._inbox = inbox
        # What else goes on while user code runs.
        self._attended = attended
        # Raises the interrupt, or sees to it that the running call is told.
        self._deliver = deliver
        self._closed = closed
        self.open = False
        self.attention = False

    def install(self) -> None:
        """Also puts the handler back where user code has put its own."""
        if signal.getsignal(signal.SIGURG) != self.heard:
            signal.signal(signal.SIGURG, self.heard)

    def heard(self, _signal: int, _frame: Optional[FrameType]) -> None:
        if self.open:
            self.attend()
        else:
            self.attention = True

    def attend(self) -> None:
        """Reads what has come and sends what has waited, then interrupts the running call if that is what came."""
        self.open = False
        self.attention = False
        try:
            while True:
                frames = self._link.read(False)
                if frames is None:
                    break
                self._inbox.take(frames)
            self._attended()
            self._link.flush()
        except Closed:
            self._closed()
        self.open = True
        if self.attention:
            self.attend()
        interrupt = self._inbox.interrupt
        if interrupt is not None:
            self._inbox.interrupt = None
            self._inbox.interrupted = True
            self._deliver(interrupt)
