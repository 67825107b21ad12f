"""`operator.add(1, 2)` from a Python program, so many in flight: with Podule's client, or with grpcio's against a hand-written server.

Usage: python-client.py SUBJECT ADDRESS SECONDS IN_FLIGHT STUBS. Prints JSON: calls, seconds, CPU seconds of this process, p50 in ms.
"""

import asyncio
import json
import resource
import statistics
import sys
import threading
import time

SUBJECT, ADDRESS, SECONDS, IN_FLIGHT, STUBS = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
times = []


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def timed(call):
    began = time.perf_counter()
    assert call() == 3
    times.append(time.perf_counter() - began)


def in_threads(call):
    end = time.perf_counter() + SECONDS

    def lane():
        while time.perf_counter() < end:
            timed(call)

    lanes = [threading.Thread(target=lane) for _ in range(IN_FLIGHT)]
    for one in lanes:
        one.start()
    for one in lanes:
        one.join()


async def in_tasks(call):
    end = time.perf_counter() + SECONDS

    async def lane():
        while time.perf_counter() < end:
            began = time.perf_counter()
            assert await call() == 3
            times.append(time.perf_counter() - began)

    await asyncio.gather(*(lane() for _ in range(IN_FLIGHT)))


def report(run):
    before, began = cpu(), time.perf_counter()
    run()
    tell(time.perf_counter() - began, cpu() - before)


def tell(seconds, cpu_seconds):
    p50 = statistics.median(times) * 1000
    print(json.dumps({"calls": len(times), "seconds": seconds, "cpuSeconds": cpu_seconds, "p50Ms": p50}))


async def report_async(call):
    before, began = cpu(), time.perf_counter()
    await in_tasks(call)
    tell(time.perf_counter() - began, cpu() - before)


def podule_threads():
    import podule

    with podule.Client(ADDRESS) as client:
        operator = client.module("operator")
        operator.add(1, 2)
        report(lambda: in_threads(lambda: operator.add(1, 2)))


def podule_batches():
    import podule

    with podule.Client(ADDRESS) as client:
        operator = client.module("operator")
        operator.add(1, 2)

        def run():
            end = time.perf_counter() + SECONDS
            while time.perf_counter() < end:
                began = time.perf_counter()
                assert podule.evaluate(lambda: [operator.add(1, 2) for _ in range(IN_FLIGHT)]) == [3] * IN_FLIGHT
                times.extend([time.perf_counter() - began] * IN_FLIGHT)

        report(run)


async def podule_asyncio():
    from podule import aio

    async with aio.Client(ADDRESS) as client:
        operator = await client.module("operator")
        await operator.add(1, 2)
        await report_async(lambda: operator.add(1, 2))


def stub(channel):
    sys.path.insert(0, STUBS)
    from podule.v1 import calls_pb2, calls_pb2_grpc, value_pb2

    def request():
        args = [value_pb2.Value(int=1), value_pb2.Value(int=2)]
        return calls_pb2.CallRequest(module="operator", function="add", args=args)

    return calls_pb2_grpc.CallsStub(channel), request


def grpcio_threads():
    import grpc

    calls, request = stub(grpc.insecure_channel(ADDRESS))
    calls.Call(request())
    report(lambda: in_threads(lambda: calls.Call(request()).result.int))


async def grpcio_asyncio():
    import grpc

    calls, request = stub(grpc.aio.insecure_channel(ADDRESS))

    async def call():
        return (await calls.Call(request())).result.int

    await call()
    await report_async(call)


subject = globals()[SUBJECT.replace("-", "_")]
if asyncio.iscoroutinefunction(subject):
    asyncio.run(subject())
else:
    subject()
