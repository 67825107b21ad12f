"""CANCEL and the other frames that find the worker busy."""

import time

import pytest
from driver import CALL, CANCEL, CANCELLED, DEADLINE, ERROR, RECALL, RESULT, eventually
from protos import Failure

CANCELLED_CODE, DEADLINE_EXCEEDED = 1, 4


def running(client, number):
    assert eventually(lambda: client.worker.started() == number)
    # The id is written just before the gate opens; a signal in between is remembered.
    # Time for the function itself to begin.
    time.sleep(0.2)


def cancel(client, number, cause=CANCELLED):
    client.worker.send(CANCEL, number, cause)
    client.worker.attention()


@pytest.mark.parametrize(("cause", "code", "reason"), [(DEADLINE, 4, "DEADLINE_EXCEEDED"), (CANCELLED, 1, "CANCELLED")])
@pytest.mark.parametrize("function", ["sleep", "wait", "later", "busy"])
def test_a_running_call_is_interrupted(client, function, cause, code, reason):
    number = client.send(function, *(("x", 60.0) if function == "later" else (60.0,)))
    running(client, number)
    time.sleep(0.05)
    cancel(client, number, cause)
    failure = client.answer(number)
    assert (failure.code, failure.reason) == (code, reason)
    assert client.call("add", 1, 2) == 3


def test_finally_blocks_run(client):
    for function, mark in (("tidy", "tidied"), ("tidy_later", "tidied later")):
        client.call("forget")
        number = client.send(function, 60.0)
        running(client, number)
        cancel(client, number)
        assert client.answer(number).code == CANCELLED_CODE
        assert client.call("logged") == [mark]


def test_who_swallows_it_answers_as_usual(client):
    number = client.send("stubborn", 60.0)
    running(client, number)
    cancel(client, number, DEADLINE)
    answer = client.answer(number)
    # Interrupted before its `try`, it cannot swallow anything.
    assert answer == "swallowed DeadlineExceeded" or answer.code == DEADLINE_EXCEEDED
    assert client.call("add", 1, 2) == 3


def test_the_traceback_says_where_it_was(client):
    number = client.send("sleep", 60.0)
    running(client, number)
    time.sleep(0.1)
    cancel(client, number)
    failure = client.answer(number)
    assert "time.sleep(seconds)" in failure.traceback
    assert "podule_worker" not in failure.traceback.replace("podule_worker.interrupts.", "")


def test_a_waiting_call_is_answered_at_once(client):
    first = client.send("wait", 1.0)
    running(client, first)
    second, third = client.send("pid"), client.send("add", 1, 2)
    cancel(client, second)
    kind, number, payload = client.worker.next()
    assert (kind, number, Failure(payload).code) == (ERROR, second, CANCELLED_CODE)
    assert client.answer(first) == "done"
    assert client.answer(third) == 3


def test_late_and_unknown_cancels_change_nothing(client):
    number = client.send("add", 1, 2)
    assert client.answer(number) == 3
    for _ in range(50):
        cancel(client, number)
        cancel(client, 4_000_000_000)
    assert client.call("sleep", 0.05) == "slept"


def test_a_cancel_never_reaches_the_next_call(client):
    """Cancels fly while calls end: each call is either interrupted itself or answers its own value."""
    interrupted = 0
    for round_ in range(300):
        number, after = client.send("wait", 0.0005 * (round_ % 5)), None
        after = client.send("add", number, 1)
        cancel(client, number)
        answers = {}
        for _ in range(2):
            kind, named, payload = client.worker.next()
            answers[named] = (kind, payload)
        assert answers[after][0] == RESULT
        if answers[number][0] == ERROR:
            interrupted += 1
            assert Failure(answers[number][1]).code == CANCELLED_CODE
    assert interrupted > 0


def test_signals_alone_do_no_harm(client):
    request = client.request("add", 1, 2)
    for start in range(1, 2000, 100):
        client.worker.send_all([(CALL, start + n, request) for n in range(100)])
        for n in range(100):
            if n % 3 == 0:
                client.worker.attention()
            assert client.worker.next()[:2] == (RESULT, start + n)


def test_an_answer_does_not_wait_for_the_call_after_it(client):
    client.worker.send_all([(CALL, 1, client.request("add", 1, 2)), (CALL, 2, client.request("sleep", 30.0))])
    begun = time.monotonic()
    assert client.worker.next()[:2] == (RESULT, 1)
    assert time.monotonic() - begun < 10
    cancel(client, 2)
    assert client.worker.next()[:2] == (ERROR, 2)


def test_cancel_and_recall_in_one_go(client):
    first = client.send("sleep", 60.0)
    running(client, first)
    others = [client.send("pid") for _ in range(10)]
    client.worker.send(RECALL, 0)
    cancel(client, first)
    seen = {client.worker.next()[1] for _ in range(11)}
    assert seen == {first, *others}
    assert client.call("add", 1, 2) == 3
