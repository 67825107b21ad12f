"""The module server's end of the link, in Python: starts run.py as a process and speaks with it.

Standard library only.
"""

import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

RUN = pathlib.Path(__file__).parents[1] / "run.py"
MODULES = pathlib.Path(__file__).parent / "modules"

CALL, STREAM, CREDIT, CANCEL, RECALL, FORK = 1, 2, 3, 4, 5, 6
HELLO, RESULT, ITEM, END, ERROR, RECALLED, IMPORTED, IMPORT_FAILED, FORKED, EXITED = range(16, 26)

DEADLINE, CANCELLED = b"\x01", b"\x02"
PATIENCE = 20.0

_HEADER = struct.Struct("<IBI")


def frame(kind, number, payload=b""):
    return _HEADER.pack(len(payload) + 5, kind, number) + payload


class Peer:
    """One connection: frames in both directions."""

    def __init__(self, connection):
        self.socket = connection
        self._data = b""

    def send(self, kind, number, payload=b""):
        self.socket.sendall(frame(kind, number, payload))

    def send_all(self, frames):
        self.socket.sendall(b"".join(frame(*one) for one in frames))

    def next(self, timeout=PATIENCE):
        """(kind, id, payload); None at the end of the link."""
        until = time.monotonic() + timeout
        while True:
            if len(self._data) >= 4:
                size = 4 + struct.unpack_from("<I", self._data)[0]
                if len(self._data) >= size:
                    whole, self._data = self._data[:size], self._data[size:]
                    _, kind, number = _HEADER.unpack_from(whole)
                    return kind, number, whole[_HEADER.size :]
            if not select.select([self.socket], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError("no frame came")
            data = self.socket.recv(1 << 20)
            if not data:
                return None
            self._data += data

    def silent(self, seconds):
        """True if nothing comes in that time."""
        try:
            return self.next(seconds) is None
        except TimeoutError:
            return True

    def close(self):
        self.socket.close()


class Worker(Peer):
    def __init__(self, connection, number, pid, progress):
        super().__init__(connection)
        self.number = number
        self.pid = pid
        self._progress = progress

    def attention(self):
        os.kill(self.pid, signal.SIGURG)

    def started(self):
        """The progress file."""
        return struct.unpack("<I", self._progress.read_bytes())[0]


class Pod:
    """A zygote and its workers."""

    def __init__(self, module, path=MODULES, options=(), python=sys.executable, env=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="podule-test-"))
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.folder / "link"))
        self._listener.listen(16)
        self._listener.settimeout(PATIENCE)
        self.output = self.folder / "output"
        command = [python, "-I", "-B", str(RUN), "--socket", str(self.folder / "link"), "--module", module]
        command += ["--progress", str(self.folder), *options]
        if path is not None:
            command += ["--path", str(path)]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, env=env
            )
        self.zygote = Peer(self._listener.accept()[0])
        kind, number, payload = self.zygote.next()
        hello = json.loads(payload)
        assert (kind, number, hello["role"], hello["pid"]) == (HELLO, 0, "zygote", self.process.pid)
        self.workers = []

    def imported(self):
        kind, number, payload = self.zygote.next()
        assert (kind, number) == (IMPORTED, 0), (kind, payload)
        return json.loads(payload)

    def fork(self, number=1):
        self.zygote.send(FORK, number)
        kind, named, payload = self.zygote.next()
        assert (kind, named) == (FORKED, number), (kind, payload)
        pid = json.loads(payload)["pid"]
        connection = self._listener.accept()[0]
        worker = Worker(connection, number, pid, self.folder / str(number))
        kind, named, payload = worker.next()
        assert (kind, named, json.loads(payload)) == (HELLO, number, {"role": "worker", "pid": pid})
        self.workers.append(worker)
        return worker

    def exited(self):
        kind, number, payload = self.zygote.next()
        assert kind == EXITED
        return number, json.loads(payload)

    def text(self):
        return self.output.read_text(errors="replace")

    def close(self):
        for peer in [self.zygote, *self.workers]:
            peer.close()
        self._listener.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise
        finally:
            for worker in self.workers:
                with contextlib.suppress(OSError):
                    os.killpg(worker.pid, signal.SIGKILL)
            shutil.rmtree(self.folder, ignore_errors=True)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def eventually(condition, timeout=PATIENCE):
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())
