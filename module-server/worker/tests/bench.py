"""What a call costs the worker: python module-server/worker/tests/bench.py [CALLS]. Not a test.

CPU time of the worker's process for `operator.add(1, 2)`, by how many calls are sent together.
"""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from driver import CALL, Pod, frame
from smoke import request

ANSWER = len(frame(0, 0)) + 4


def cpu(pid):
    with open(f"/proc/{pid}/stat") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def measure(worker, calls, together):
    batch = b"".join(frame(CALL, number, request("add", 1, 2)) for number in range(1, together + 1))
    begun, used = time.perf_counter(), cpu(worker.pid)
    for _ in range(calls // together):
        worker.socket.sendall(batch)
        missing = together * ANSWER
        while missing:
            missing -= len(worker.socket.recv(1 << 16))
    done = calls // together * together
    return (time.perf_counter() - begun) / done * 1e6, (cpu(worker.pid) - used) / done * 1e6


def main():
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    pod = Pod("operator", path=None)
    try:
        pod.imported()
        worker = pod.fork(1)
        measure(worker, 20_000, 64)
        for together in (1, 4, 16, 64, 256):
            wall, used = measure(worker, max(together, calls // (1 if together > 1 else 4)), together)
            print(f"{together:4} together: {used:5.1f} µs of CPU a call, {wall:6.1f} µs of time")
    finally:
        pod.close()


if __name__ == "__main__":
    main()
