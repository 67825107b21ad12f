"""Runs on every Python from 3.9 on, with nothing installed: python module-server/worker/tests/smoke.py [PYTHON]

Starts the worker with that Python (by default this one) and calls the standard library.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from driver import CALL, CANCEL, END, ERROR, EXITED, ITEM, RESULT, STREAM, Pod, eventually

from podule_worker.values import read_value, write_value
from podule_worker.wire import delimited


def request(function, *args):
    return delimited(2, function.encode()) + b"".join(delimited(3, write_value(arg)) for arg in args)


def value(payload):
    start = 1
    while payload[start] & 128:
        start += 1
    return read_value(payload, start + 1, len(payload), 0)


def run(python):
    pod = Pod("operator", path=None, python=python)
    try:
        report = pod.imported()
        worker = pod.fork(1)
        worker.send(CALL, 1, request("add", 1, 2))
        kind, number, payload = worker.next()
        assert (kind, number, value(payload)) == (RESULT, 1, 3), (kind, payload)
        worker.send(CALL, 2, request("concat", [1, 2.5, None], ["x", b"y", {"k": (True, 1 << 80)}]))
        kind, number, payload = worker.next()
        assert (kind, value(payload)) == (RESULT, [1, 2.5, None, "x", b"y", {"k": (True, 1 << 80)}])
        worker.send(CALL, 3, request("truediv", 1, 0))
        assert worker.next()[0] == ERROR
        worker.send(STREAM, 4, (9).to_bytes(4, "little") + request("concat", "ab", "c"))
        assert [value(worker.next()[2]) for _ in range(3)] == ["a", "b", "c"]
        assert worker.next()[0] == END
        worker.close()
        assert pod.zygote.next()[0] == EXITED
    finally:
        pod.close()
    pod = Pod("time", path=None, python=python)
    try:
        pod.imported()
        worker = pod.fork(1)
        worker.send(CALL, 1, request("sleep", 60))
        assert eventually(lambda: worker.started() == 1)
        worker.send(CANCEL, 1, b"\x02")
        worker.attention()
        assert worker.next()[:2] == (ERROR, 1)
    finally:
        pod.close()
    return report["python_version"]


if __name__ == "__main__":
    assert ITEM != END
    print(f"the worker runs on Python {run(sys.argv[1] if len(sys.argv) > 1 else sys.executable)}")
