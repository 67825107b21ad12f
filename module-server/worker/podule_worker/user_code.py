"""Runs what is not ours, one call at a time: the gate is open meanwhile."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Callable, NoReturn, Optional, Tuple

from .gate import Gate
from .inbox import Inbox
from .link import Link
from .native import one_shot
from .progress import Progress

# An answer that is ready waits at most so long for others to leave with.
_FLUSH_SECONDS = 0.001


class UserCode:
    def __init__(self, link: Link, inbox: Inbox, gate: Gate, progress: Progress) -> None:
        self._link = link
        self._inbox = inbox
        self._gate = gate
        self._progress = progress
        self._timer = one_shot(_FLUSH_SECONDS)
        self.forked = False

    def install(self) -> None:
        os.register_at_fork(after_in_child=self._in_fork)

    def ahead(self, number: int) -> None:
        """Before user code: nothing that is ready may wait for its end."""
        self._inbox.run(number)
        link = self._link
        if link.out and not link.timed:
            if self._timer is None:
                link.flush()
            else:
                link.timed = True
                self._timer.arm()

    def run(self, number: int, work: Callable[[], Optional[bytes]]) -> Tuple[Optional[bytes], Optional[BaseException]]:
        """What `work` returned, or raised. A plain call has this written out: `Calls.call`."""
        self.ahead(number)
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
            # Raised by a signal handler between the call's own exception and the closing of the gate.
            gate.open = False
            error = late
        self._inbox.running = 0
        if self.forked:
            leave_fork(error)
        try:
            return done, error
        finally:
            error = None

    def _in_fork(self) -> None:
        """In a child that user code has forked: the link is not its."""
        self.forked = True
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
