import pytest
from driver import CALL, ERROR, RECALL, RECALLED, RESULT, eventually
from protos import CallRequest, CallResponse, Failure

INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION = 3, 5, 9


def test_calls_with_args_and_kwargs(client):
    assert client.call("add", 1, 2) == 3
    assert client.call("add", 1, right=2, scale=10) == 30
    assert client.call("echo", "a", [1, {"b": (None, 2.5)}], flag=True) == (
        ["a", [1, {"b": (None, 2.5)}]],
        {"flag": True},
    )
    assert client.call("echo") == []
    assert client.call("Box.twice", 4) == 8


def test_answers_come_in_the_order_of_the_calls(client):
    request = client.request("add", 1, 2)
    client.worker.send_all([(CALL, number, request) for number in range(1, 5001)])
    for number in range(1, 5001):
        kind, named, payload = client.worker.next()
        assert (kind, named) == (RESULT, number)
        assert CallResponse.FromString(payload).result.int == 3
    assert client.worker.started() == 5000


def test_large_values_pass(client):
    blob = bytes(range(256)) * (1 << 16)
    assert client.call("echo", blob) == blob
    numbers = list(range(200_000))
    assert client.call("echo", numbers) == numbers


def test_frames_may_come_in_pieces(client):
    import time

    from driver import frame

    data = frame(CALL, 1, client.request("add", 1, 2)) + frame(CALL, 2, client.request("add", 3, 4))
    for at in range(0, len(data), 7):
        client.worker.socket.sendall(data[at : at + 7])
        time.sleep(0.001)
    assert [client.worker.next()[:2] for _ in range(2)] == [(RESULT, 1), (RESULT, 2)]


def test_a_constant_answers_its_value(client):
    assert client.call("answer") == 42
    client.call("set_answer", 43)
    assert client.call("answer") == 43
    failure = client.call("answer", 1)
    assert (failure.code, failure.reason) == (INVALID_ARGUMENT, "NOT_CALLABLE")


def test_a_function_that_the_module_replaces_is_the_new_one(client):
    assert client.call("add", 5, 3) == 8
    client.call("replace_add")
    assert client.call("add", 5, 3) == 5


def test_an_unknown_function_comes_with_the_close_ones(client):
    failure = client.call("ecko")
    assert (failure.code, failure.reason) == (NOT_FOUND, "FUNCTION_NOT_FOUND")
    assert "'ecko'" in failure.message and "echo" in failure.message
    assert client.call("Box.twicf").code == NOT_FOUND
    assert client.call("echo.more").code == NOT_FOUND


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", "echo.", ".echo", "a/b", "../x", "a b", "1a", "add()", "é..", "x" * 600]
)
def test_names_that_are_no_path(client, name):
    failure = client.call(name)
    assert (failure.code, failure.reason, failure.fields) == (INVALID_ARGUMENT, "BAD_FUNCTION_NAME", ["function"])


def test_names_of_pythons_machinery_are_refused(client):
    for name in ("__dict__", "echo.__globals__", "Box.__init__", "__builtins__.eval"):
        failure = client.call(name)
        assert (failure.code, failure.reason) == (INVALID_ARGUMENT, "BAD_FUNCTION_NAME")


def test_submodules_are_imported_on_the_way(client_of):
    client = client_of("package")
    assert client.call("inner.shout", "a") == "A"
    assert client.call("value") == "package"
    assert client.call("nothing.here").code == NOT_FOUND
    # A submodule that is there but fails says so itself.
    failure = client.call("lacking.anything")
    assert (failure.code, failure.python_type) == (FAILED_PRECONDITION, "ModuleNotFoundError")
    assert "nowhere_to_be_found" in failure.message


def test_a_submodule_as_the_module(client_of):
    assert client_of("package.inner").call("shout", "b") == "B"


def test_a_module_of_the_standard_library(client_of):
    client = client_of("math", path=None)
    assert client.call("sqrt", 9) == 3.0
    assert client.call("pi") == pytest.approx(3.14159265)


def test_arguments_that_are_no_value(client):
    request = CallRequest(function="echo")
    request.args.add().list.items.add()
    failure = client.raw(request.SerializeToString())
    assert (failure.code, failure.reason) == (INVALID_ARGUMENT, "INVALID_VALUE")
    assert failure.fields == ["args[0].list.items[0]"]
    assert client.raw(b"\xff\xff\xff").code == INVALID_ARGUMENT
    assert client.call("add", 1, 2) == 3


def test_results_that_are_no_value(client):
    failure = client.call("Box", 1)
    assert (failure.code, failure.reason, failure.python_type) == (
        FAILED_PRECONDITION,
        "RESULT_NOT_A_VALUE",
        "subject.Box",
    )
    assert failure.info.metadata["path"] == "result"
    assert client.call("count_to", 3).python_type == "generator"
    assert client.call("thing").reason == "RESULT_NOT_A_VALUE"


def test_named_types_keep_their_names(client):
    from protos import Value

    for function, kind, name in (
        ("make_color", "enum", "subject:Color"),
        ("make_point", "namedtuple", "subject:Point"),
        ("make_job", "dataclass", "subject:Job"),
        ("make_power", "enum", "subject:Power"),
    ):
        client.worker.send(CALL, 99, client.request(function))
        value = CallResponse.FromString(client.worker.next()[2]).result
        assert getattr(value, kind).type == name
        request = CallRequest(function="kind", args=[value])
        assert client.raw(request.SerializeToString()) == name.replace(":", ".")
    job = Value()
    job.dataclass.type = "subject:Job"
    job.dataclass.names.extend(["name", "size"])
    job.dataclass.values.add().str = "x"
    job.dataclass.values.add().int = -1
    failure = client.raw(CallRequest(function="kind", args=[job]).SerializeToString())
    assert (failure.code, failure.fields) == (INVALID_ARGUMENT, ["args[0].dataclass"])
    assert "size is negative" in failure.message


def test_recall_gives_back_what_was_not_started(client):
    client.worker.send(CALL, 1, client.request("wait", 0.5))
    assert eventually(lambda: client.worker.started() == 1)
    client.worker.send_all([*((CALL, n, client.request("pid")) for n in range(2, 50)), (RECALL, 0)])
    client.worker.attention()
    frames = [client.worker.next() for _ in range(49)]
    # They come back while the first still runs.
    assert [number for _, number, _ in frames] == [*range(2, 50), 1]
    assert {kind for kind, _, _ in frames[:-1]} == {RECALLED}
    assert frames[-1][0] == RESULT
    assert client.worker.started() == 1


def test_async_functions_are_awaited_on_one_loop(client):
    assert client.call("later", "x", 0.01) == "x"
    assert client.call("loop_name") == client.call("loop_name")
    assert client.call("run_own_loop") == 5
    assert client.call("later", 1) == 1


def test_the_module_sees_nothing_of_the_worker(client):
    assert client.call("arguments") == ["subject"]
    assert not any("module-server/worker" in path and not path.endswith("modules") for path in client.call("paths"))


def test_unknown_frames_are_ignored(client):
    client.worker.send(77, 5, b"what")
    assert client.call("add", 1, 2) == 3


def test_the_first_failure_of_many_does_not_hold_the_others(client):
    client.worker.send_all([(CALL, 1, b"\xff"), (CALL, 2, client.request("add", 1, 1))])
    kind, number, payload = client.worker.next()
    assert (kind, number, Failure(payload).code) == (ERROR, 1, INVALID_ARGUMENT)
    assert client.worker.next()[:2] == (RESULT, 2)
