"""Tells the module server how many objects the sessions hold, and how much memory the worker has."""

from __future__ import annotations

import os
import struct
import time

from . import kinds
from .link import Link

_REPORT = struct.Struct("<QQ")
_SECONDS = 1.0


class ObjectReport:
    """On change, at most once a second."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._told = 0
        self._at = 0.0

    def send(self, objects: int) -> None:
        if objects == self._told:
            return
        now = time.monotonic()
        if now - self._at < _SECONDS:
            return
        self._told, self._at = objects, now
        self._link.put(kinds.OBJECTS, 0, _REPORT.pack(objects, resident_bytes()))


def resident_bytes() -> int:
    """0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
