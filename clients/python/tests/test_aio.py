"""asyncio's proxies against a real pod."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Awaitable, Callable

import numpy
import pytest

import podule
from podule import aio


def run(pod, module: str, work: Callable[[Any], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with aio.Client(pod.address) as client:
            return await work(await client.module(module))

    return asyncio.run(main())


def test_expressions_are_one_message(numpy_pod):
    async def work(np):
        x = [[1.0, 2.0], [3.0, 4.0]]
        assert await np.linalg.svd(np.array(x)).S.sum() == pytest.approx(numpy.linalg.svd(x).S.sum())
        session = np._podule.runtime.session()._session
        written, original = [], session._write
        session._write = lambda batch: written.append(len(batch)) or original(batch)
        assert await ((np.arange(5) + 1) * 2).sum() == 30
        assert sum(1 for frames in written if frames >= 4) == 1
        assert await np.sum(np.array([1, 2, 3, 4])) == 10
        assert await np.pi == numpy.pi
        assert numpy.array_equal(await np.arange(10)[2:4], [2, 3])

    run(numpy_pod, "numpy", work)


def test_a_chain_of_hundreds(numpy_pod):
    async def work(np):
        x = np.array([1])
        for _ in range(1500):
            x = x + 1
        assert (await x)[0] == 1501

    run(numpy_pod, "numpy", work)


def test_pendings_are_used_again_after_they_are_settled(numpy_pod):
    async def work(np):
        array = np.arange(4)
        assert numpy.array_equal(await array, [0, 1, 2, 3])
        assert await array.sum() == 6
        assert await np.sum(array) == 6
        assert numpy.array_equal(await array, [0, 1, 2, 3])
        other = np.arange(4)
        assert await other.sum() == 6
        assert numpy.array_equal(await other, [0, 1, 2, 3])
        kept = await aio.keep(np.arange(3))
        assert isinstance(kept, aio.RemoteObject) and not hasattr(kept, "__await__")
        assert await kept.sum() == 3 and await aio.operate("len", kept) == 3
        await aio.operate("setitem", kept, 0, 9)
        assert await (await aio.keep(kept + 0)).max() == 9

    run(numpy_pod, "numpy", work)


def test_objects(things_pod):
    async def work(things):
        number = await things.Number(3)
        assert isinstance(number, aio.RemoteObject)
        assert await number.value == 3
        await aio.set_attribute(number, "value", 4)
        assert await number.value == 4
        assert await aio.operate("repr", number) == "Number(4)"
        assert await (7 - number).value == 3 and await divmod(9, number) == (2, 1)
        assert await things.total([number, things.Number(1), 2]) == 7
        assert await number.later() == 4
        for wrong in (lambda: bool(number), lambda: list(number), lambda: 1 in number):
            with pytest.raises(TypeError):
                wrong()
        with pytest.raises(AttributeError):
            await number.nothing

    run(things_pod, "things", work)


def test_iteration_and_context_managers(things_pod):
    async def work(things):
        assert [n async for n in things.count(500)] == list(range(500))
        assert [n async for n in things.acount(100)] == list(range(100))
        async for n in things.count(10**9):
            if n == 100:
                break
        shelf = await things.Shelf(1, 2)
        async with shelf as entered:
            assert await aio.operate("len", entered) == 2
        with pytest.raises(ValueError):
            async with shelf:
                raise ValueError("mine")
        assert await shelf.log == ["enter", "exit None None", "enter", "exit ValueError mine"]

    run(things_pod, "things", work)


def test_callbacks(things_pod):
    async def work(things):
        async def double(n):
            await asyncio.sleep(0)
            return n * 2

        async def nested(n):
            return await things.total([n, 1])

        assert await things.apply_each(double, [1, 2]) == [2, 4]
        assert await things.apply(lambda n: n + 1, 1) == 2
        assert await things.apply(nested, 4) == 5

    run(things_pod, "things", work)


def test_errors(things_pod):
    async def work(things):
        with pytest.raises(ValueError, match="no") as caught:
            await things.fail()
        assert "in fail" in caught.value.remote_traceback
        bad = things.fail_key()
        with pytest.raises(KeyError):
            await things.total([bad])
        with pytest.raises(TypeError):
            await things.same(object())
        with pytest.raises(TypeError):
            await things.total([things.same(object())])
        assert await things.total([1]) == 1

    run(things_pod, "things", work)


def test_a_thousand_at_once(things_pod):
    async def work(things):
        assert await asyncio.gather(*(things.same(n) for n in range(1000))) == list(range(1000))

    run(things_pod, "things", work)


def test_timeouts_and_cancelled_tasks(things_pod):
    async def work(things):
        started = time.monotonic()
        with podule.timeout(0.3), pytest.raises(podule.DeadlineExceeded):
            await things.sleep(30)

        async def sleeper() -> None:
            await things.sleep(30)

        task = asyncio.create_task(sleeper())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await things.total([1]) == 1
        assert time.monotonic() - started < 15

    run(things_pod, "things", work)


def test_values_of_another_module(things_pod, numpy_pod):
    async def main():
        async with aio.Client(things_pod.address) as one, aio.Client(numpy_pod.address) as two:
            things, np = await one.module("things"), await two.module("numpy")
            items = await aio.keep(things.same([1, 2, 3]))
            assert await np.sum(items) == 6
            assert await np.sum(things.same([4, 5])) == 9
            with pytest.raises(TypeError, match="another worker"):
                await np.sum(await things.Number(1))

    asyncio.run(main())


def test_the_module_of_a_loop(things_pod):
    async def main():
        things = await aio.module("things", url=things_pod.address)
        assert await things.total([1, 2]) == 3

    asyncio.run(main())
    asyncio.run(main())
