"""Closed loops for the peers whose client is Python. One line of JSON for each measurement."""

import json
import threading
import time


def report(scenario, in_flight, times, seconds, failed=0):
    times = sorted(times) or [0.0]
    row = {
        "scenario": scenario,
        "inFlight": in_flight,
        "calls": len(times),
        "failed": failed,
        "callsPerSecond": len(times) / seconds,
        "p50Ms": times[len(times) // 2] * 1000,
        "p99Ms": times[min(len(times) - 1, int(len(times) * 0.99))] * 1000,
    }
    print(json.dumps(row), flush=True)


def closed_loop(scenario, in_flight, seconds, make_call):
    """A thread for each call in flight, each with a connection of its own from `make_call`."""
    times = []
    failures = []
    ready = threading.Barrier(in_flight + 1)
    end = [0.0]

    def lane():
        call = make_call()
        mine = []
        ready.wait()
        while time.perf_counter() < end[0]:
            start = time.perf_counter()
            try:
                call()
                mine.append(time.perf_counter() - start)
            except Exception as error:
                failures.append(error)
        times.extend(mine)

    threads = [threading.Thread(target=lane) for _ in range(in_flight)]
    for thread in threads:
        thread.start()
    start = time.perf_counter()
    end[0] = start + seconds + 5
    ready.wait()
    start = time.perf_counter()
    end[0] = start + seconds
    for thread in threads:
        thread.join()
    report(scenario, in_flight, times, time.perf_counter() - start, len(failures))


def repeat(scenario, seconds, call):
    call()
    times = []
    start = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        call()
        times.append(time.perf_counter() - before)
    report(scenario, 1, times, time.perf_counter() - start)
