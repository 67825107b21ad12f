import time

from driver import CANCEL, CANCELLED, CREDIT, END, ERROR, ITEM, RESULT, eventually
from protos import Failure


def credit(client, number, items, attention=False):
    client.worker.send(CREDIT, number, items.to_bytes(4, "little"))
    if attention:
        client.worker.attention()


def collect(client, number):
    """Until the final frame."""
    items = []
    while True:
        kind, named, payload = client.worker.next()
        assert named == number
        if kind == ITEM:
            items.append(client.item(payload))
        elif kind == END:
            return items, None
        else:
            assert kind == ERROR
            return items, Failure(payload)


def test_items_and_the_end(client):
    assert collect(client, client.stream(100, "count_to", 5)) == ([0, 1, 2, 3, 4], None)
    assert collect(client, client.stream(100, "count_to", 0)) == ([], None)
    assert collect(client, client.stream(100, "echo", [1, "two"])) == ([1, "two"], None)
    assert collect(client, client.stream(100, "ticks", 3)) == ([0, 1, 2], None)
    assert collect(client, client.stream(100, "later", [7, 8])) == ([7, 8], None)


def test_no_more_items_than_credit(client):
    number = client.stream(3, "counter")
    assert [client.item(client.worker.next()[2]) for _ in range(3)] == [0, 1, 2]
    assert client.worker.silent(0.2)
    # It waits; others run meanwhile.
    assert client.call("logged") == [1, 2]
    credit(client, number, 2)
    assert [client.item(client.worker.next()[2]) for _ in range(2)] == [3, 4]
    assert client.worker.silent(0.1)


def test_items_leave_as_they_are_made(client):
    begun = time.monotonic()
    number = client.stream(100, "slow_count", 2, 20.0)
    assert client.worker.next()[0] == ITEM
    assert time.monotonic() - begun < 15
    client.worker.send(CANCEL, number, CANCELLED)
    client.worker.attention()
    assert client.worker.next()[:2] == (ERROR, number)


def test_a_waiting_stream_is_closed_when_the_caller_goes(client):
    client.call("forget")
    for function, mark in (("counter", "closed"), ("ticks", "ticks closed")):
        number = client.stream(1, function, *([10] if function == "ticks" else []))
        assert client.worker.next()[0] == ITEM
        client.worker.send(CANCEL, number, CANCELLED)
        kind, named, payload = client.worker.next()
        assert (kind, named, Failure(payload).code) == (ERROR, number, 1)
        assert mark in client.call("logged")


def test_a_busy_stream_is_interrupted(client):
    client.call("forget")
    number = client.stream(9, "stuck_after_one")
    assert client.worker.next()[0] == ITEM
    time.sleep(0.05)
    client.worker.send(CANCEL, number, b"\x01")
    client.worker.attention()
    assert collect(client, number)[1].code == 4
    assert client.call("logged") == ["unstuck"]


def test_an_endless_stream_with_much_credit_can_be_stopped(client):
    number = client.stream(1_000_000, "counter")
    for _ in range(100):
        assert client.worker.next()[0] == ITEM
    client.worker.send(CANCEL, number, CANCELLED)
    client.worker.attention()
    assert collect(client, number)[1].code == 1


def test_errors_after_some_items(client):
    items, failure = collect(client, client.stream(100, "breaks_after", 3))
    assert items == [0, 1, 2]
    assert (failure.code, failure.python_type) == (5, "LookupError")


def test_an_item_that_is_no_value_ends_the_stream(client):
    client.call("forget")
    items, failure = collect(client, client.stream(100, "objects"))
    assert items == [1]
    assert (failure.code, failure.reason) == (9, "RESULT_NOT_A_VALUE")
    assert client.call("logged") == ["objects closed"]


def test_what_cannot_be_iterated(client):
    failure = collect(client, client.stream(1, "add", 1, 2))[1]
    assert (failure.code, failure.reason, failure.python_type) == (9, "RESULT_NOT_ITERABLE", "int")
    assert collect(client, client.stream(1, "nothing"))[1].reason == "FUNCTION_NOT_FOUND"
    assert collect(client, client.stream(1, "add"))[1].reason == "BAD_ARGUMENTS"


def test_calls_run_between_the_items(client):
    number = client.stream(1_000_000, "counter")
    call = client.send("add", 1, 2)
    for _ in range(100_000):
        kind, named, _ = client.worker.next()
        if named == call:
            assert kind == RESULT
            break
    else:
        raise AssertionError("the call never ran")
    client.worker.send(CANCEL, number, CANCELLED)
    client.worker.attention()
    assert collect(client, number)[1].code == 1


def test_two_streams_take_turns(client):
    one, two = client.stream(50, "count_to", 50), client.stream(50, "count_to", 50)
    order = []
    while len(order) < 100:
        kind, number, _ = client.worker.next()
        if kind == ITEM:
            order.append(number)
    assert set(order[:60]) == {one, two}


def test_a_streams_context_is_its_own(client):
    number = client.stream(1, "contexts")
    assert client.item(client.worker.next()[2]) == "stream"
    assert client.call("context") == "none"
    credit(client, number, 5)
    assert collect(client, number) == (["stream"], None)


def test_credit_for_a_stream_that_has_not_begun(client):
    busy = client.send("wait", 0.3)
    assert eventually(lambda: client.worker.started() == busy)
    number = client.stream(0, "count_to", 4)
    credit(client, number, 100, attention=True)
    assert client.answer(busy) == "done"
    assert collect(client, number) == ([0, 1, 2, 3], None)
