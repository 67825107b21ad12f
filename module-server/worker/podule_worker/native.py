"""The two things that only the C library can do for us, where it can."""

from __future__ import annotations

import ctypes
import signal
import sys
from typing import Any, Optional


def die_with_parent(wanted: bool = True) -> bool:
    """On Linux: SIGKILL when the parent ends, or not any more."""
    library = _library()
    pr_set_pdeathsig = 1
    if library is None:
        return False
    done: int = library.prctl(pr_set_pdeathsig, int(signal.SIGKILL) if wanted else 0, 0, 0, 0)
    return done == 0


class _Event(ctypes.Structure):
    """struct sigevent, whose size is 64."""

    _fields_ = [
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_char * 48),
    ]


class _Span(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


class _Setting(ctypes.Structure):
    _fields_ = [("interval", _Span), ("value", _Span)]


class OneShot:
    """A timer of the kernel that sends SIGURG. The process's itimers stay the user code's."""

    def __init__(self, library: Any, timer: ctypes.c_void_p, seconds: float) -> None:
        self._settime = library.timer_settime
        self._timer = timer
        self._setting = ctypes.byref(_Setting(_Span(0, 0), _Span(0, int(seconds * 1e9))))

    def arm(self) -> None:
        self._settime(self._timer, 0, self._setting, None)


def one_shot(seconds: float) -> Optional[OneShot]:
    """None where there is no such timer. A timer is not inherited by a fork."""
    library = _library()
    if library is None or not hasattr(library, "timer_create"):
        return None
    clock_monotonic, sigev_signal = 1, 0
    timer = ctypes.c_void_p()
    event = _Event(None, int(signal.SIGURG), sigev_signal, b"")
    if library.timer_create(clock_monotonic, ctypes.byref(event), ctypes.byref(timer)) != 0:
        return None
    return OneShot(library, timer, seconds)


def _library() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL(None, use_errno=True)
    except OSError:
        return None
