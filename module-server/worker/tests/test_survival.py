"""What user code may do to its process, and the link lives; or the process dies, and the zygote tells how."""

import os
import signal
import time

import pytest
from driver import CALL, alive, eventually

OUT = "subject is imported"


@pytest.mark.parametrize(
    ("function", "args", "answer"),
    [
        ("break_streams", (), "broken"),
        ("close_stdout", (), "closed"),
        ("exit_in_thread", (), "joined"),
        ("start_thread", (), "started"),
        ("fork_and_return", (), "parent"),
        ("fork_and_raise", (), "parent"),
        ("pool", (), [1, 2, 3]),
        ("spawn_pool", (), [1, 2]),
        ("run_command", (), "hi\n"),
        ("steal_signals", (), "stolen"),
    ],
)
def test_the_link_survives(client, function, args, answer):
    for _ in range(3):
        got = client.call(function, *args) if function != "close_stdout" else "closed"
        assert got == answer
    if function == "close_stdout":
        assert client.call(function) == answer
    assert client.call("add", 1, 2) == 3
    assert client.worker.silent(0.1)


@pytest.mark.parametrize(("function", "args"), [("leave_politely", (3,)), ("interrupt", ())])
def test_exits_are_errors_of_the_call(client, function, args):
    assert client.call(function, *args).reason == "PYTHON_EXCEPTION"
    assert client.call("add", 1, 2) == 3


def test_stolen_signals_are_taken_back(client):
    client.call("steal_signals")
    number = client.send("sleep", 60.0)
    assert eventually(lambda: client.worker.started() == number)
    client.worker.send(4, number, b"\x02")
    client.worker.attention()
    assert client.answer(number).code == 1


def test_a_signal_handler_that_raises_while_the_worker_waits(client):
    client.call("alarm", 0.2)
    time.sleep(0.5)
    assert client.call("add", 1, 2) == 3
    assert "ring" in client.pod.text()


def test_os_exit_ends_the_worker_with_its_code(client):
    number = client.send("leave", 7)
    assert client.pod.exited() == (1, {"pid": client.worker.pid, "code": 7, "signal": None})
    assert client.worker.next() is None
    assert client.worker.started() == number


def test_a_crash_in_c_ends_the_worker_with_its_signal(client):
    client.send("crash")
    assert client.pod.exited()[1]["signal"] == signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in client.pod.text()
    assert "in crash" in client.pod.text()


def test_a_killed_worker_is_replaced(client):
    os.kill(client.worker.pid, signal.SIGKILL)
    assert client.pod.exited() == (1, {"pid": client.worker.pid, "code": None, "signal": 9})
    client.worker = client.pod.fork(2)
    assert client.call("add", 1, 2) == 3


def test_what_is_printed_comes_out_line_by_line(client):
    client.call("show", "hello there")
    assert eventually(lambda: "hello there" in client.pod.text())
    assert client.pod.text().count(OUT) == 1


def test_the_end_of_the_link_ends_the_worker(client):
    client.worker.socket.close()
    assert client.pod.exited()[1]["code"] == 0


def test_the_end_of_the_link_ends_a_busy_worker_at_its_signal(client):
    number = client.send("sleep", 60.0)
    assert eventually(lambda: client.worker.started() == number)
    client.worker.socket.close()
    os.kill(client.worker.pid, signal.SIGURG)
    assert client.pod.exited()[1]["code"] == 0


def test_no_worker_outlives_its_zygote(client):
    number = client.send("sleep", 60.0)
    assert eventually(lambda: client.worker.started() == number)
    os.kill(client.pod.process.pid, signal.SIGKILL)
    assert eventually(lambda: not alive(client.worker.pid))


def test_the_end_of_the_zygotes_link_ends_all(client):
    number = client.send("stubborn", 60.0)
    assert eventually(lambda: client.worker.started() == number)
    client.pod.zygote.socket.close()
    assert eventually(lambda: not alive(client.worker.pid))
    assert client.pod.process.wait(10) == 0


def test_a_frame_that_is_none_ends_the_worker(client):
    client.worker.socket.sendall(b"\x00\x00\x00\x00" * 4)
    assert client.pod.exited()[1]["code"] == 0


def test_a_forked_child_does_not_hold_the_link(client):
    files = client.call("open_files")
    assert len([name for name in files if name.startswith("socket:")]) == 1


def test_ten_thousand_at_once(client):
    request = client.request("add", 1, 2)
    client.worker.socket.setblocking(True)
    client.worker.send_all([(CALL, number, request) for number in range(1, 10_001)])
    assert [client.worker.next()[1] for _ in range(10_000)] == list(range(1, 10_001))
