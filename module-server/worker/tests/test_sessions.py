"""Objects of sessions: kept, named by later calls, released; operations on them; callbacks; bodies in chunks."""

import struct

import pytest
from driver import CALL, ERROR, RESULT, eventually
from hypothesis import HealthCheck, given, settings, strategies as st
from protos import CallRequest, CallResponse, ErrorInfo, Failure, Status
from session_driver import (
    CALLBACK,
    CALLBACK_RESULT,
    CHUNK_IN,
    CHUNK_OUT,
    CHUNKED,
    CHUNKED_BODY,
    DELETE,
    GET,
    HEADER,
    OBJECT,
    PLAIN,
    PULL,
    SESSION_CALL,
    SET,
    VALUE,
    Callback,
    Ref,
    Session,
)

NOT_FOUND, FAILED_PRECONDITION, ABORTED, INVALID_ARGUMENT, RESOURCE_EXHAUSTED = 5, 9, 10, 3, 8


@pytest.fixture
def worker(pod):
    started = pod("keeper")
    started.imported()
    worker = started.fork()
    worker.pod = started
    return worker


@pytest.fixture
def session(worker):
    return Session(worker)


def test_what_is_no_value_stays_and_is_named_by_its_call(session):
    account = session.call("Account", 5)
    assert (account.id, account.type, account.callable) == (1, "keeper:Account", False)
    assert session.call("deposit", 3, target=account).id == 2
    assert session.call("balance", target=account, operation=GET) == 8


def test_a_later_call_may_name_a_result_before_it_is_there(session):
    made, _ = session.send("Account", 5, mode=OBJECT)
    added, _ = session.send("deposit", 4, mode=OBJECT, target=Ref(_Value(1)))
    asked, _ = session.send("balance", target=Ref(_Value(2)), operation=GET)
    assert [session.answer(link) for link in (made, added)][1].id == 2
    assert session.answer(asked) == 9


class _Value:
    def __init__(self, number):
        self.id, self.type, self.callable, self.value = number, "", False, None

    def HasField(self, _name):
        return False


def test_an_error_is_that_of_all_calls_that_depend_on_it(session):
    failed, call = session.send("lose", mode=OBJECT)
    second, _ = session.send("deposit", 1, target=Ref(_Value(call)), mode=OBJECT)
    third, _ = session.send("add", Ref(_Value(call + 1)), 1, operation=4)
    for link in (failed, second, third):
        failure = session.answer(link)
        assert failure.info.metadata["python_type"] == "keeper.Lost"
        assert failure.info.metadata["python_bases"] == "LookupError,Exception"
        assert failure.info.metadata["origin"] == str(call)
        assert "in lose" in failure.debug.detail


def test_result_modes(session):
    by_value = session.call("Account", 1, mode=VALUE)
    assert (by_value.code, by_value.info.reason) == (FAILED_PRECONDITION, "RESULT_NOT_A_VALUE")
    kept = session.call("sleep", 0, mode=OBJECT)
    assert (kept.type, kept.value.int) == ("builtins:int", 0)
    assert session.operate("add", kept, 5) == 5
    nested = session.call("pair")
    assert [type(item) for item in nested[:1]] == [Ref] and nested[0].id >= 1 << 40
    assert session.call("balance", target=nested[0], operation=GET) == 1
    loop = session.call("cycle")
    assert (loop.type, session.operate("len", loop)) == ("builtins:list", 1)


def test_objects_inside_arguments(session):
    one, two = session.call("Account", 1), session.call("Account", 2)
    assert session.call("balance", target=session.call("merge", [two, two], target=one), operation=GET) == 5


def test_attributes(session):
    account = session.call("Account", 1)
    session.call("balance", 7, target=account, operation=SET)
    assert session.call("balance", target=account, operation=GET) == 7
    assert session.call("Account.rate", operation=GET) == 0.5
    assert session.call("Account.__doc__", operation=GET) == "Money of one person."
    session.call("balance", target=account, operation=DELETE)
    missing = session.call("balance", target=account, operation=GET)
    assert missing.code == NOT_FOUND
    hidden = session.call("__class__", target=account, operation=GET)
    assert hidden.code == INVALID_ARGUMENT


def test_operators(session):
    account = session.call("Account", 10)
    assert session.call("balance", target=session.operate("add", account, 5), operation=GET) == 15
    assert session.operate("sub", 30, account) == 20
    assert session.operate("len", account) == 1
    assert session.operate("bool", account) is True
    assert session.operate("getitem", account, 0) == 10
    session.operate("setitem", account, 0, 11)
    assert session.operate("getitem", account, slice(None)) == [11]
    assert session.operate("contains", account, 11) is True
    assert session.operate("eq", account, session.call("Account", 10)) is True
    assert session.operate("list", account) == [11]
    assert "deposit" in session.operate("dir", account)
    assert "Money of one person." in session.operate("help", account)
    assert session.operate("repr", account).startswith("<keeper.Account object")
    assert session.operate("call", account).code == INVALID_ARGUMENT
    unknown = session.operate("addd", 1, 2)
    assert unknown.code == INVALID_ARGUMENT and "add" in unknown.message


def test_context_managers(session):
    account = session.call("Account", 1)
    assert session.operate("enter", account).type == "keeper:Account"
    assert session.operate("exit", account) is False
    assert session.operate("exit", account, "KeyError", "nothing") is True
    assert session.operate("list", account) == [1, "entered", "left", "left by KeyError: 'nothing'"]


def test_async_functions_and_generators_are_awaited(session):
    account = session.call("Account", 4)
    assert session.call("later", target=account) == 4
    link, _ = session.send("numbers", 5, stream=2)
    assert session.items(link, 1) == [0, 1, 2, 3, 4]


def test_an_object_is_iterated_in_batches(session):
    account = session.call("Account", 4)
    session.call("deposit", 5, target=account)
    link, _ = session.send("iter", account, operation=4, stream=16)
    assert session.items(link, 1) == [4, 5]
    link, _ = session.send("accounts", 3, stream=1)
    assert [ref.type for ref in session.items(link, 1)] == ["keeper:Account"] * 3


def test_released_objects_are_gone(session):
    account = session.call("Account", 1)
    assert session.call("alive") == 1
    session.release(account.id, 999)
    assert session.call("alive") == 0
    failure = session.call("deposit", 1, target=account)
    assert (failure.code, failure.info.reason) == (NOT_FOUND, "OBJECT_NOT_FOUND")


def test_the_end_of_a_session_drops_its_objects_and_calls(worker, session):
    other = Session(worker, 2)
    session.call("Account", 1)
    kept = other.call("Account", 2)
    running, _ = session.send("sleep", 0.3)
    waiting, _ = session.send("sleep", 0)
    assert eventually(lambda: worker.started() == running)
    session.close()
    worker.attention()
    assert session.next()[:2] == (ERROR, waiting)
    assert session.answer(running) == 0.3
    assert other.call("alive") == 1
    assert other.call("balance", target=kept, operation=GET) == 2


def test_an_id_means_nothing_in_another_session(worker, session):
    account = session.call("Account", 1)
    failure = Session(worker, 2).call("deposit", 1, target=account)
    assert failure.info.reason == "OBJECT_NOT_FOUND"


def test_a_call_without_a_session_has_no_objects(worker):

    worker.send(CALL, 1, CallRequest(function="alive", args=[{"object": {"id": 1}}]).SerializeToString())
    kind, _, payload = worker.next()
    assert kind == ERROR and Failure(payload).info.reason == "NO_SESSION"


def test_callbacks(session):
    session.on_callback[1] = lambda value: value * 2
    assert session.call("map_all", Callback(1), [1, 2, 3]) == [2, 4, 6]


def test_a_callback_may_call_again(worker, session):
    account = session.call("Account", 10)

    def ask(value):
        link, _ = session.send("deposit", value, target=account)
        assert session.answer(link).type == "keeper:Account"
        return value

    session.on_callback[7] = ask
    assert session.call("map_all", Callback(7), [1, 2]) == [1, 2]
    assert session.call("balance", target=account, operation=GET) == 13


def test_a_call_that_needs_the_result_of_one_in_a_callback_waits_for_it(session):
    later = []

    def ask(value):
        # Sent while `apply` waits: one needs its result, the other does not.
        later.append(session.send("deposit", 1, target=Ref(_Value(outer)))[0])
        free, _ = session.send("sleep", 0)
        assert session.answer(free) == 0
        return value

    session.on_callback[1] = ask
    account = session.call("Account", 5)
    outer = account.id + 1
    assert session.call("apply", Callback(1), account, mode=OBJECT).id == outer
    assert session.answer(later[0]).type == "keeper:Account"
    assert session.call("balance", target=account, operation=GET) == 6


def test_other_sessions_wait_for_a_callback(worker, session):
    other = Session(worker, 2)
    outcome = []

    def ask():
        link, _ = other.send("alive")
        again, _ = session.send("sleep", 0)
        assert session.answer(again) == 0
        outcome.append(link)
        return 1

    session.on_callback[1] = ask
    assert session.call("apply", Callback(1)) == 1
    assert other.answer(outcome[0]) == 0


def test_an_error_of_a_callback_is_raised_in_python(session):
    status = Status(code=2, message="no luck")
    info = ErrorInfo(reason="CALLBACK_RAISED", domain="podule.dev")
    info.metadata["python_type"] = "builtins:KeyError"
    status.details.add().Pack(info)
    session.on_callback[1] = lambda: status.SerializeToString()
    assert session.call("apply_or", Callback(1), None) == "KeyError: 'no luck'"


def test_a_cancelled_call_does_not_wait_for_its_callback(worker, session):
    link, _ = session.send("apply", Callback(3))
    kind, callback, payload = worker.next()
    assert kind == CALLBACK and struct.unpack_from("<IIQ", payload) == (1, link, 3)
    session.cancel(link)
    kind, named, payload = worker.next()
    assert (kind, named, Failure(payload).info.reason) == (ERROR, link, "CANCELLED")
    worker.send(CALLBACK_RESULT, callback, b"")
    assert session.call("sleep", 0) == 0


def test_a_session_that_ends_ends_its_callbacks(worker, session):
    link, _ = session.send("apply_or", Callback(3), None)
    assert worker.next()[0] == CALLBACK
    session.close()
    kind, named, payload = worker.next()
    assert (kind, named) == (RESULT, link)
    assert CallResponse.FromString(payload).result.str.startswith("ConnectionError")


def test_large_arguments_come_in_chunks(session):
    blob = bytes(range(256)) * 20_000
    link, _ = session.send("len", blob, operation=4, chunks=1 << 20)
    assert session.answer(link) == len(blob)


def test_large_results_are_pulled(worker, session):
    link, _ = session.send("blob", 3_000_000)
    kind, named, payload = worker.next()
    assert (kind, named) == (CHUNKED, link)
    total = struct.unpack("<Q", payload)[0]
    small = session.call("sleep", 0)
    assert small == 0
    received = b""
    while len(received) < total:
        worker.send(PULL, link, struct.pack("<I", 700_000))
        kind, named, payload = worker.next()
        assert (kind, named) == (CHUNK_OUT, link) and len(payload) <= 700_000
        received += payload
    assert worker.next()[:2] == (RESULT, link)
    assert CallResponse.FromString(received).result.bytes == b"x" * 3_000_000


def test_a_transfer_goes_on_while_a_call_runs(worker, session):
    link, _ = session.send("blob", 200_000)
    assert worker.next()[0] == CHUNKED
    slow, _ = session.send("sleep", 1.0)
    assert eventually(lambda: worker.started() == slow)
    worker.send(PULL, link, struct.pack("<I", 1 << 20))
    worker.attention()
    assert worker.next()[:2] == (CHUNK_OUT, link)
    assert worker.next()[:2] == (RESULT, link)
    assert session.answer(slow) == 1.0


def test_large_items_keep_their_order(session):
    link, _ = session.send("blobs", 100_000, 5, stream=3)
    assert session.items(link, 1) == [bytes([number]) * 100_000 for number in range(5)]


def test_a_request_without_room_is_refused_and_the_worker_lives(pod):
    started = pod("keeper", options=["--memory-limit", str(1 << 30)])
    started.imported()
    session = Session(started.fork())
    session.worker.send(CHUNK_IN, 77, struct.pack("<Q", 3 << 30) + b"x")
    session.worker.send(SESSION_CALL, 9, HEADER.pack(1, 1, CHUNKED_BODY, 0) + struct.pack("<I", 77))
    link = 9
    failure = session.answer(link)
    assert (failure.code, failure.info.reason) == (RESOURCE_EXHAUSTED, "OUT_OF_MEMORY")
    assert session.call("sleep", 0) == 0


def test_arrays_stay_objects_in_plain_mode(pod):
    pytest.importorskip("numpy")
    started = pod("numpy", path=None)
    started.imported()
    session = Session(started.fork())
    array = session.call("array", [1, 2, 3], mode=PLAIN)
    assert array.type == "numpy:ndarray"
    assert session.call("sum", array, mode=PLAIN) == 6
    assert session.operate("str", array) == "[1 2 3]"
    listed = session.call("tolist", target=array, mode=PLAIN)
    assert listed == [1, 2, 3]


def test_a_call_cut_short_is_refused(worker, session):
    worker.send(SESSION_CALL, 5, b"short")
    assert session.call("sleep", 0) == 0


def test_many_objects_leave_nothing_behind(session):
    size = 2000
    for batch in range(100):
        sent = [session.send("Account", 1) for _ in range(size)]
        for link, _ in sent:
            session.answer(link)
        session.release(*[call for _, call in sent])
        if batch == 10:
            before = session.call("peak_kib")
    assert session.call("alive") == 0
    assert session.call("peak_kib") - before < 8 * 1024


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["make", "use", "release", "fail"]), st.integers(min_value=0, max_value=9)),
        max_size=30,
    )
)
def test_the_table_is_what_a_model_says(session, steps):
    """Objects are there exactly from their call until their release."""
    session.number += 1
    session.calls = 0
    balances = {}
    origins = {}
    for step, number in steps:
        if step == "make":
            link, call = session.send("Account", number)
            assert session.answer(link).id == call
            balances[call] = number
        elif step == "fail":
            link, call = session.send("lose", mode=OBJECT)
            assert session.answer(link).info.metadata["origin"] == str(call)
            origins[call] = call
        elif step == "release":
            session.release(number)
            balances.pop(number, None)
            origins.pop(number, None)
        else:
            link, call = session.send("balance", target=Ref(_Value(number)), operation=GET)
            answer = session.answer(link)
            if number in balances:
                assert answer == balances[number]
            elif number in origins:
                assert answer.info.metadata["origin"] == str(origins[number])
                origins[call] = origins[number]
            else:
                assert answer.info.reason == "OBJECT_NOT_FOUND"
                origins[call] = call
    session.close()
