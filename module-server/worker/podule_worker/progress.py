"""The id of the call that was started last, in a mapped file: read by the module server when the worker has died."""

from __future__ import annotations

import mmap
import os
import struct

_ID = struct.Struct("<I")


class Progress:
    def __init__(self, folder: str, worker: int) -> None:
        handle = os.open(os.path.join(folder, str(worker)), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(handle, _ID.size)
            self._map = mmap.mmap(handle, _ID.size)
        finally:
            os.close(handle)
        self._write = _ID.pack_into
        self.started(0)

    def started(self, number: int) -> None:
        self._write(self._map, 0, number)

    def close(self) -> None:
        self._map.close()
