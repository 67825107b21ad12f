"""Several calls at once in one worker: in threads, and as tasks of an event loop."""

import random
import time

import pytest
from conftest import Client
from driver import CANCEL, CREDIT, DEADLINE, END, ERROR, ITEM, RECALL, RECALLED, RESULT, eventually
from hypothesis import HealthCheck, given, settings, strategies as st
from protos import Failure
from session_driver import OBJECT, OBJECTS, Callback, Ref, Session

THREADS = ("--threads", "8")
ASYNCIO = ("--asyncio", "8")
# What waits beside others, by how it runs.
MEET = {THREADS: "meet", ASYNCIO: "meet_later"}
VALUE = {THREADS: "value_after", ASYNCIO: "value_later"}
ITEMS = {THREADS: "count_to", ASYNCIO: "ticks"}
BOX = {THREADS: "slow_box", ASYNCIO: "slow_box_later"}
models = pytest.mark.parametrize("model", [THREADS, ASYNCIO], ids=["threads", "asyncio"])


@pytest.fixture
def start(pod):
    def started(model):
        one = pod("beside", options=model)
        one.imported()
        client = Client(one.fork())
        client.pod = one
        return client

    return started


def answers(client, numbers):
    """The answers by their numbers, in the order in which they come."""
    got = {}
    while len(got) < len(numbers):
        frame = client.worker.next()
        kind, number, payload = frame
        assert number in numbers and number not in got
        got[number] = (kind, payload)
    return got


def value_of(client, frame):
    import reference
    from protos import CallResponse

    kind, payload = frame
    if kind == ERROR:
        return Failure(payload)
    assert kind == RESULT
    return reference.from_proto(CallResponse.FromString(payload).result)


@models
def test_calls_run_beside_each_other_up_to_the_limit(start, model):
    client = start(model)
    numbers = [client.send(MEET[model], 8) for _ in range(20)]
    got = answers(client, numbers)
    assert {value_of(client, frame) for frame in got.values()} == {8}


@models
def test_a_quick_call_does_not_wait_for_slow_ones(start, model):
    client = start(model)
    slow = [client.send(VALUE[model], "slow", 1.0) for _ in range(3)]
    quick = client.send("add", 1, 2)
    kind, number, _ = client.worker.next()
    assert (kind, number) == (RESULT, quick)
    assert {value_of(client, frame) for frame in answers(client, slow).values()} == {"slow"}


@models
@pytest.mark.parametrize("cause", [b"\x01", b"\x02"])
def test_one_is_interrupted_and_the_others_go_on(start, model, cause):
    client = start(model)
    victim = client.send("spin" if model is THREADS else "doze", 60.0)
    others = [client.send(VALUE[model], at, 0.5) for at in range(4)]
    assert eventually(lambda: client.worker.started() == others[-1])
    # The id is written before the function begins.
    time.sleep(0.2)
    client.worker.send(CANCEL, victim, cause)
    client.worker.attention()
    got = answers(client, [victim, *others])
    assert value_of(client, got[victim]).code == (4 if cause == DEADLINE else 1)
    assert [value_of(client, got[other]) for other in others] == [0, 1, 2, 3]
    assert client.call("logged") != []
    assert client.call("add", 1, 2) == 3


def test_a_task_that_does_not_wait_is_interrupted_where_it_is(start):
    client = start(ASYNCIO)
    other = client.send("value_later", "other", 0.2)
    victim = client.send("spin_later", 60.0)
    assert eventually(lambda: client.worker.started() == victim)
    client.worker.send(CANCEL, victim, b"\x02")
    client.worker.attention()
    got = answers(client, [victim, other])
    assert value_of(client, got[victim]).code == 1
    assert value_of(client, got[other]) == "other"


def test_a_thread_that_awaits_is_interrupted(start):
    client = start(THREADS)
    victim = client.send("doze", 60.0)
    assert eventually(lambda: client.call("logged") == ["dozes"])
    client.worker.send(CANCEL, victim, b"\x02")
    client.worker.attention()
    assert client.answer(victim).code == 1
    assert client.call("logged") == ["dozes", "CancelledError"]


@models
def test_errors_of_all_kinds_are_answers(start, model):
    client = start(model)
    failed = client.call("fail" if model is THREADS else "fail_later", "no")
    assert (failed.reason, failed.python_type) == ("PYTHON_EXCEPTION", "ValueError")
    assert client.call("leave_politely").python_type == "SystemExit"
    assert client.call("leave_later").python_type == "SystemExit"
    assert client.call("nothing").reason == "FUNCTION_NOT_FOUND"
    assert client.call("add", 1).reason == "BAD_ARGUMENTS"
    assert client.call("fork_and_return") == 0
    assert client.call("add", 1, 2) == 3


@models
def test_streams_run_beside_calls_and_each_other(start, model):
    client = start(model)
    first, second = (client.stream(100, ITEMS[model], 5, 0.01) for _ in range(2))
    items = {first: [], second: []}
    ended = set()
    quick = client.send("add", 1, 2)
    while len(ended) < 2:
        kind, number, payload = client.worker.next()
        if number == quick:
            assert not ended
            quick = None
        elif kind == ITEM:
            items[number].append(client.item(payload))
        else:
            assert kind == END
            ended.add(number)
    assert quick is None
    assert items == {first: [0, 1, 2, 3, 4], second: [0, 1, 2, 3, 4]}


@models
def test_a_stream_waits_for_credit_and_is_closed_when_cancelled(start, model):
    client = start(model)
    number = client.stream(2, ITEMS[model], 1000)
    for expected in (0, 1):
        kind, _, payload = client.worker.next()
        assert (kind, client.item(payload)) == (ITEM, expected)
    assert client.worker.silent(0.1)
    client.worker.send(CREDIT, number, (1).to_bytes(4, "little"))
    assert client.worker.next()[0] == ITEM
    client.worker.send(CANCEL, number, b"\x02")
    kind, named, payload = client.worker.next()
    assert (kind, named, Failure(payload).code) == (ERROR, number, 1)
    assert client.call("logged") == ["closed"]


@models
def test_a_stream_is_interrupted_in_the_middle_of_an_item(start, model):
    client = start(model)
    number = client.stream(2, ITEMS[model] if model is ASYNCIO else "ticks", 5, 60.0)
    assert eventually(lambda: client.worker.started() == number)
    client.worker.send(CANCEL, number, b"\x01")
    client.worker.attention()
    kind, named, payload = client.worker.next()
    assert (kind, named, Failure(payload).code) == (ERROR, number, 4)


@models
def test_calls_that_wait_for_room_are_given_back(start, model):
    client = start(model)
    running = [client.send(VALUE[model], at, 0.5) for at in range(8)]
    waiting = [client.send("add", at, 1) for at in range(3)]
    assert eventually(lambda: client.worker.started() == running[-1])
    client.worker.send(RECALL, 0)
    assert {client.worker.next()[:2] for _ in waiting} == {(RECALLED, number) for number in waiting}
    assert len(answers(client, running)) == 8


@models
def test_a_call_waits_for_the_one_whose_result_it_uses_and_holds_up_no_other(start, model):
    worker = start(model).worker
    session = Session(worker)
    boxed, box = session.send(BOX[model], 7, 0.3, mode=OBJECT)
    unboxed, _ = session.send("unbox", reference_to(box))
    quick, _ = session.send("add", 1, 2)
    order = []
    while len(order) < 3:
        kind, link, _ = worker.next()
        if kind != OBJECTS:
            order.append(link)
    assert order == [quick, boxed, unboxed]


@models
def test_failed_origins_fail_what_depends_on_them(start, model):
    session = Session(start(model).worker)
    failing, number = session.send("fail", "no")
    depending, _ = session.send("unbox", reference_to(number))
    frames = {frame[1]: frame for frame in (session.worker.next(), session.worker.next())}
    assert Failure(frames[failing][2]).python_type == "ValueError"
    assert Failure(frames[depending][2]).python_type == "ValueError"


@models
def test_a_call_that_names_itself_is_told_so(start, model):
    session = Session(start(model).worker)
    failure = session.call("unbox", reference_to(1))
    assert failure.reason == "OBJECT_NOT_FOUND"


@models
def test_callbacks_are_refused_in_words(start, model):
    failure = Session(start(model).worker).call("call_back", Callback(5))
    assert (failure.python_type, failure.reason) == ("RuntimeError", "PYTHON_EXCEPTION")
    assert "cannot call functions of their client" in failure.message


@models
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    plan=st.lists(st.tuples(st.sampled_from(["add", "value", "fail", "items"]), st.booleans()), max_size=40),
    seed=st.integers(0, 99),
)
def test_every_call_has_one_end_whatever_is_cancelled(start, model, plan, seed):
    chosen = random.Random(seed)
    client = start(model)
    expected = {}
    for kind, cancelled in plan:
        if kind == "items":
            number = client.stream(100, ITEMS[model], 3, 0.001)
        elif kind == "value":
            number = client.send(VALUE[model], 1, chosen.choice([0.0, 0.005]))
        else:
            number = client.send(kind, *((1, 2) if kind == "add" else ("no",)))
        expected[number] = kind
        if cancelled:
            client.worker.send(CANCEL, chosen.choice(list(expected)), b"\x02")
            client.worker.attention()
    ended = set()
    while len(ended) < len(expected):
        kind, number, _ = client.worker.next()
        assert number not in ended
        if kind != ITEM:
            ended.add(number)
    assert client.call("add", 1, 2) == 3


def reference_to(number):
    from protos import Value

    return Ref(Value(object={"id": number}).object)
