"""The frames between the module server and this process.

u32 length of the rest | u8 kind | u32 id | payload, little-endian.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Callable, List, Optional, Tuple

from . import kinds

Frame = Tuple[int, int, bytes]

HEADER = struct.Struct("<IBI")
_pack_header = HEADER.pack
_unpack_header = HEADER.unpack_from
_SIZE = HEADER.size
# The length counts kind and id.
_REST = 5

# Below malloc's threshold for a mapping of its own: one recv costs no page faults.
_READ = 1 << 16
# Behind a chunk that was read to its end comes the head of the next, of which most is better read to its place.
_HEAD = 1 << 12
# A chunk's total, in front of its bytes.
_TOTAL = 8
FLUSH_BYTES = 1 << 16
MAX_FRAME = (1 << 31) - 1


class Closed(Exception):
    """The module server has gone, or speaks something else."""


class Link:
    """One socket. Reads whole frames; collects what is to be sent until `flush`."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, 1 << 20)
        self._recv = self._socket.recv
        self._recv_into = self._socket.recv_into
        self._read_size = _READ
        # Where the rest of a chunk goes that has come in part.
        self._room: Optional[memoryview] = None
        # Says where the bytes of a chunk belong, by its id, its total and how many they are; None: nowhere yet.
        self.place: Callable[[int, bytes, int], Optional[memoryview]] = lambda _number, _total, _size: None
        # An incomplete frame: its pieces, their bytes, and how many make it whole (0: its length is not known yet).
        self._pieces: List[bytes] = []
        self._have = 0
        self._need = 0
        self.out: List[bytes] = []
        self.out_bytes = 0
        # Somebody sees to it that `flush` is called soon.
        self.timed = False

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self, wait: bool) -> Optional[List[Frame]]:
        """The frames that have come whole; None when, without `wait`, nothing has come. Raises Closed at the end."""
        flags = 0 if wait else socket.MSG_DONTWAIT
        try:
            if self._room is not None:
                return self._fill(self._room, flags)
            data = self._recv(self._read_size, flags)
        except BlockingIOError:
            return None
        except OSError as error:
            raise Closed(str(error)) from None
        if not data:
            raise Closed("end of the link")
        self._read_size = _READ
        if self._pieces:
            self._pieces.append(data)
            self._have += len(data)
            if self._have < max(self._need, _SIZE):
                return []
            data = b"".join(self._pieces)
            self._pieces.clear()
        return self._split(data)

    def _fill(self, room: memoryview, flags: int) -> List[Frame]:
        """More of a chunk, to where it belongs."""
        count = self._recv_into(room, 0, flags)
        if not count:
            raise Closed("end of the link")
        if count < len(room):
            self._room = room[count:]
        else:
            self._room = None
            self._read_size = _HEAD
        return []

    def _split(self, data: bytes) -> List[Frame]:
        frames: List[Frame] = []
        at = 0
        size = len(data)
        self._need = 0
        while size - at >= _SIZE:
            length, kind, number = _unpack_header(data, at)
            stop = at + 4 + length
            if length < _REST or length > MAX_FRAME:
                raise Closed(f"a frame of {length} bytes")
            if stop > size:
                start = at + _SIZE + _TOTAL
                # Not while chunks that came before it have yet to be taken.
                if kind == kinds.CHUNK and start <= size and not frames:
                    room = self.place(number, data[at + _SIZE : start], stop - start)
                    if room is not None:
                        room[: size - start] = memoryview(data)[start:]
                        self._room = room[size - start :]
                        return frames
                self._need = 4 + length
                break
            frames.append((kind, number, data[at + _SIZE : stop]))
            at = stop
        if at < size:
            rest = data[at:] if at else data
            self._pieces.append(rest)
            self._have = len(rest)
        return frames

    def put(self, kind: int, number: int, payload: bytes = b"") -> None:
        """Queues a frame; a large one leaves at once, uncopied."""
        size = len(payload)
        header = _pack_header(size + _REST, kind, number)
        if size < FLUSH_BYTES:
            self.out.append(header + payload)
            self.out_bytes += size + _SIZE
            if self.out_bytes >= FLUSH_BYTES:
                self.flush()
        else:
            self.out.append(header)
            self.flush()
            self._send(payload)

    def flush(self) -> None:
        out = self.out
        if out:
            data = out[0] if len(out) == 1 else b"".join(out)
            out.clear()
            self.out_bytes = 0
            self.timed = False
            self._send(data)

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Closed(str(error)) from None

    def close(self) -> None:
        os.close(self._socket.detach())
