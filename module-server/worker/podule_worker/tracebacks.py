"""The traceback of an exception as text, without our own frames, bounded."""

from __future__ import annotations

import importlib
import os
import traceback
from types import TracebackType
from typing import Optional

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_IMPORTLIB = importlib.__file__


def own_frames_off(trace: Optional[TracebackType]) -> Optional[TracebackType]:
    """From the first frame that is not ours."""
    while trace is not None and _is_plumbing(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def _is_plumbing(file: str) -> bool:
    return file.startswith((_OURS, "<frozen importlib")) or file == _IMPORTLIB


def safe_str(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        return "<str() of the exception failed>"


def format_traceback(error: BaseException, limit: int) -> str:
    """As Python prints it, at most `limit` bytes: the middle is left out of a longer one."""
    try:
        report = traceback.TracebackException(type(error), error, error.__traceback__)
        _strip(report, 0)
        text = "".join(report.format())
    except BaseException:
        text = f"{type(error).__name__}: {safe_str(error)}\n<its traceback cannot be printed>"
    return clip(text, limit)


_CHAIN = 64


def _strip(report: traceback.TracebackException, depth: int) -> None:
    """Takes out our frames and those of the import system, in the causes too."""
    report.stack[:] = [frame for frame in report.stack if not _is_plumbing(frame.filename)]
    for other in (report.__cause__, report.__context__, *(getattr(report, "exceptions", None) or ())):
        if other is not None and depth < _CHAIN:
            _strip(other, depth + 1)


_CUT = "\n... (cut) ...\n"


def clip(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8: a third of them from the beginning, the others from the end."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return text
    room = limit - len(_CUT)
    head = raw[: room // 3].decode("utf-8", "ignore")
    tail = raw[len(raw) - (room - room // 3) :].decode("utf-8", "ignore")
    return head + _CUT + tail
