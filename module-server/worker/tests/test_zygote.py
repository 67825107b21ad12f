import os
import sys

import pytest
from conftest import Client
from driver import FORK, IMPORT_FAILED, IMPORTED, alive
from protos import Failure

NOT_FOUND, FAILED_PRECONDITION, RESOURCE_EXHAUSTED = 5, 9, 8


def test_it_tells_of_the_import(pod):
    report = pod("subject").imported()
    assert report["python_version"] == "{}.{}.{}".format(*sys.version_info[:3])
    assert report["forkable"] is True
    assert report["import_ms"] >= 0
    assert report["file"].endswith("subject.py")


@pytest.mark.parametrize(
    ("module", "code", "reason", "python_type", "words"),
    [
        (
            "not_there_at_all",
            NOT_FOUND,
            "MODULE_NOT_FOUND",
            "ModuleNotFoundError",
            "No module named 'not_there_at_all'",
        ),
        ("package.nothing", NOT_FOUND, "MODULE_NOT_FOUND", "ModuleNotFoundError", "package.nothing"),
        ("lacking", FAILED_PRECONDITION, "DEPENDENCY_NOT_FOUND", "ModuleNotFoundError", "nowhere_to_be_found"),
        ("failing", FAILED_PRECONDITION, "IMPORT_FAILED", "ValueError", "not today"),
        ("syntax_bad", FAILED_PRECONDITION, "IMPORT_FAILED", "SyntaxError", "syntax_bad.py, line 1"),
        ("exiting", FAILED_PRECONDITION, "IMPORT_FAILED", "SystemExit", "bye"),
        ("package..inner", FAILED_PRECONDITION, "IMPORT_FAILED", "ModuleNotFoundError", ""),
    ],
)
def test_a_failed_import_in_pythons_own_words(pod, module, code, reason, python_type, words):
    started = pod(module)
    kind, number, payload = started.zygote.next()
    failure = Failure(payload)
    assert (kind, number) == (IMPORT_FAILED, 0)
    assert failure.python_type == python_type
    assert words in failure.message
    if ".." not in module:
        assert (failure.code, failure.reason) == (code, reason)
        assert python_type in failure.traceback
    assert "podule_worker" not in failure.traceback
    assert "importlib" not in failure.traceback
    assert started.zygote.next() is None
    assert started.process.wait(10) == 1


def test_workers_draw_different_numbers_and_live_in_groups_of_their_own(pod):
    started = pod("subject")
    started.imported()
    clients = [Client(started.fork(number)) for number in (1, 2, 3)]
    assert len({client.call("draw") for client in clients}) == 3
    drawn = [client.call("draw_all") for client in clients]
    assert all(len(set(column)) == 3 for column in zip(*drawn))
    for client in clients:
        assert client.call("group") == client.worker.pid == client.call("pid")


def test_numpys_generator_too(pod):
    started = pod("numpy.random")
    started.imported()
    assert len({Client(started.fork(number)).call("random") for number in (1, 2, 3)}) == 3


def test_what_started_threads_is_imported_afresh(pod):
    started = pod("threaded")
    assert started.imported()["forkable"] is False
    worker = started.fork(1)
    imported_by, itself, threads = Client(worker).call("who")
    assert imported_by == itself == worker.pid
    assert threads == 2


def test_many_workers_come_and_go(pod):
    started = pod("subject")
    started.imported()
    for number in range(1, 21):
        worker = started.fork(number)
        assert Client(worker).call("add", number, 1) == number + 1
        worker.socket.close()
        assert started.exited() == (number, {"pid": worker.pid, "code": 0, "signal": None})
        assert not alive(worker.pid)
    handles = os.listdir(f"/proc/{started.process.pid}/fd")
    assert len(handles) < 16


def test_forks_asked_for_during_the_import(pod):
    started = pod("subject")
    started.zygote.send(FORK, 1)
    assert started.zygote.next()[0] == IMPORTED
    assert started.zygote.next()[1] == 1


def test_a_module_that_needs_more_than_the_limit(pod):
    import textwrap

    started = pod("subject", options=["--memory-limit", str(1 << 30)])
    started.imported()
    folder = started.folder / "big"
    folder.mkdir()
    (folder / "big.py").write_text(textwrap.dedent("blob = bytearray(1 << 31)\n"))
    failing = pod("big", path=folder, options=["--memory-limit", str(1 << 30)])
    failure = Failure(failing.zygote.next()[2])
    assert (failure.code, failure.reason) == (RESOURCE_EXHAUSTED, "OUT_OF_MEMORY")
