"""Proxies against a real pod: Python's whole data model through them."""

from __future__ import annotations

import contextlib
import gc
import io
import math
import threading
import time

import pytest

import podule


def test_functions_constants_and_arguments(things):
    assert things.LIMIT == 7
    assert things.total([1, 2, 3]) == 6
    assert things.apply(things.total, [1, 2]) == 3
    assert things.describe({"a": (1, None, 2.5)}) == "dict {'a': (1, None, 2.5)}"
    assert things.apply(things.describe, value=b"x") == "bytes b'x'"
    with pytest.raises(AttributeError):
        things.nothing_of_that_name
    assert not hasattr(things, "nothing_of_that_name")


def test_values_keep_their_types(things):
    for value in (None, True, 2**70, -0.0, math.inf, "é\ud800", b"\0", [1, [2]], (1,), {1, 2}, {"k": 1}, slice(1, None), ..., 1j):
        assert repr(things.same(value)) == repr(value)
    assert math.isnan(things.same(math.nan))


def test_classes_that_are_not_loaded_here_have_stand_ins(things):
    point, pair = things.point(), things.pair()
    assert (point, type(point).__name__) == ((1, 2), "Point")
    assert (pair.left, pair.right, type(pair).__name__) == (1, 2, "Pair")
    assert things.describe(point) == "Point Point(x=1, y=2)"
    assert things.describe(pair) == "Pair Pair(left=1, right=2)"
    assert things.color() == 1


def test_objects(things):
    number = things.Number(3)
    assert isinstance(number, podule.RemoteObjectProxy)
    assert number.value == 3
    number.value = 5
    assert number.value == 5
    del number.value
    with pytest.raises(AttributeError):
        number.value
    number.value = 2
    assert number.add(amount=2).value == 4
    assert things.total([number, number, things.Number(1)]) == 9
    assert repr(number) == "Number(4)" and str(number) == "Number(4)"
    assert hash(number) == 99 and f"{number:x}" == "<4:x>" and bytes(number) == b"\x04"
    assert "add" in dir(number)
    assert number.__doc__ == "A number with every operator."
    assert things.Number.__name__ == "Number"


def test_operators(things):
    a, b = things.Number(7), things.Number(2)
    for name, expected in (
        ("+", 9), ("-", 5), ("*", 14), ("/", 3.5), ("//", 3), ("%", 1), ("**", 49), ("<<", 28), (">>", 1), ("&", 2), ("|", 7), ("^", 5)
    ):  # fmt: skip
        assert eval(f"a {name} b").value == expected
        assert eval(f"a {name} 2").value == expected
        assert eval(f"7 {name} b").value == expected
    assert divmod(a, 2) == (3, 1) and divmod(7, b) == (3, 1)
    assert (-a).value == -7 and abs(things.Number(-1)).value == 1
    assert a == 7 and a != 8 and b < a and not a < b and a >= b
    assert int(a) == 7 and float(a) == 7.0 and complex(a) == 7 and [10, 20, 30][b] == 30 and round(a) == 7
    assert bool(a) and not things.Number(0)


def test_in_place_it_stays_the_same_object(things):
    number = things.Number(1)
    other = number
    number += 4
    assert number.value == 5 and other.value == 5


def test_containers(things):
    shelf = things.Shelf(1, 2, 3, 4)
    assert len(shelf) == 4 and 3 in shelf and 9 not in shelf
    assert shelf[0] == 1 and shelf[1:3] == [2, 3] and shelf[-1] == 4
    shelf[0] = "a"
    del shelf[1]
    assert list(shelf) == ["a", 3, 4]
    with pytest.raises(IndexError):
        shelf[10]


def test_iteration_in_batches(things):
    assert list(things.count(1000)) == list(range(1000))
    assert list(things.acount(200)) == list(range(200))
    for number in things.count(10**9):
        if number == 150:
            break
    iterator = things.count(3)
    assert [next(iterator), next(iterator), next(iterator)] == [0, 1, 2]
    with pytest.raises(StopIteration):
        next(iterator)


def test_objects_inside_of_values(things):
    numbers = things.numbers(3)
    assert isinstance(numbers, list) and [number.value for number in numbers] == [0, 1, 2]
    assert things.total(numbers) == 3


def test_context_managers(things):
    shelf = things.Shelf()
    with shelf as entered:
        assert len(entered) == 0
    with pytest.raises(ValueError, match="mine"), shelf:
        raise ValueError("mine")
    with shelf:
        raise KeyError("swallowed")
    assert shelf.log[:3] == ["enter", "exit None None", "enter"]
    assert shelf.log[3] == "exit ValueError mine"


def test_async_functions_are_awaited_there(things):
    assert things.Number(5).later() == 5


def test_callbacks(things):
    assert things.apply_each(lambda n: n * 2, [1, 2, 3]) == [2, 4, 6]
    assert things.apply(lambda a, b=0: a + b, 1, b=2) == 3
    assert things.apply(lambda n: n.value, things.Number(8)) == 8
    assert things.apply(lambda n: things.total([n, 1]), 4) == 5, "a call during a callback"


def test_callbacks_inside_of_callbacks(things):
    def down(depth):
        return 0 if depth == 0 else things.apply(down, depth - 1) + 1

    assert things.apply(down, 5) == 5


def test_errors_of_callbacks(things):
    def wrong():
        raise LookupError("not there")

    assert things.catch(wrong) == "LookupError: not there"
    with pytest.raises(LookupError, match="not there"):
        things.apply(wrong)


def test_exceptions_are_their_builtin_class_with_the_remote_traceback(things):
    with pytest.raises(ValueError, match=r"^no$") as caught:
        things.fail()
    error = caught.value
    assert isinstance(error, podule.RemoteError)
    assert error.python_type == "things.Trouble" and error.reason == "PYTHON_EXCEPTION"
    assert "in fail" in error.remote_traceback
    assert isinstance(error.__cause__, podule.RemoteTraceback) and "Trouble" in str(error.__cause__)
    with pytest.raises(KeyError, match="missing"):
        things.fail_key()
    with pytest.raises(TypeError):
        things.total()


def test_help(things, capsys):
    help(things.total)
    assert "total" in capsys.readouterr().out
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        podule.help(things.Number)
    assert "A number with every operator." in shown.getvalue()


def test_arguments_that_cannot_be_sent(things):
    with pytest.raises(TypeError, match="does not travel"):
        things.same(object())
    with pytest.raises(ValueError):
        inner: list[object] = []
        inner.append(inner)
        things.same(inner)
    assert things.total([1]) == 1


def test_released_when_collected(things):
    kept = things.Number(1)
    for _ in range(300):
        things.Number(2)
    before = time.monotonic()
    while things.live() > 2 and time.monotonic() < before + 5:
        gc.collect()
    assert things.live() <= 2 and kept.value == 1
    with podule.using(things.Number(3)) as used:
        assert used.value == 3
    with pytest.raises(podule.PoduleError, match="no object"):
        used.value


def test_keep_and_value(things):
    with podule.keep():
        items = things.same([1, 2])
        number = things.same(5)
    items.append(3)
    assert isinstance(items, podule.RemoteObjectProxy) and podule.value(items) == [1, 2, 3]
    assert podule.value(number) == 5 and podule.value(4) == 4
    with pytest.raises(TypeError):
        podule.value(things.Number(1))


def test_many_threads(things):
    wrong: list[object] = []

    def work(start: int) -> None:
        for number in range(start, start + 50):
            if things.same(number) != number:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(n * 1000,)) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_timeouts(things):
    started = time.monotonic()
    with podule.timeout(0.3), pytest.raises(TimeoutError) as caught:
        things.sleep(30)
    assert isinstance(caught.value, podule.DeadlineExceeded)
    assert time.monotonic() - started < 10
    assert things.total([1]) == 1


def test_large_values_pass_small_calls(things):
    large = bytes(range(256)) * (40 << 10)
    results: list[bytes] = []
    thread = threading.Thread(target=lambda: results.append(things.same(large)))
    thread.start()
    assert [things.same(n) for n in range(100)] == list(range(100))
    thread.join()
    assert results == [large]


def test_pickling_is_refused(things):
    import pickle

    with pytest.raises(TypeError):
        pickle.dumps(things.Number(1))
