"""A Ray actor on this machine. Usage: ray-peer.py SECONDS IN_FLIGHT..."""

import operator
import sys
import time

import measuring
import numpy
import ray


@ray.remote
class Module:
    def add(self, a, b):
        return operator.add(a, b)

    def sum(self, array):
        return float(numpy.sum(array))

    def array(self, items):
        return numpy.array(items)

    def add_to(self, array, value):
        return numpy.add(array, value)


def main():
    seconds = float(sys.argv[1])
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=512 * 2**20)
    actor = Module.remote()
    ray.get(actor.add.remote(1, 2))
    for in_flight in map(int, sys.argv[2:]):
        times = []
        started = {actor.add.remote(1, 2): time.perf_counter() for _ in range(in_flight)}
        start = time.perf_counter()
        while time.perf_counter() - start < seconds:
            done, _ = ray.wait(list(started), num_returns=1)
            for reference in done:
                ray.get(reference)
                times.append(time.perf_counter() - started.pop(reference))
                started[actor.add.remote(1, 2)] = time.perf_counter()
        measuring.report("add", in_flight, times, time.perf_counter() - start)
        ray.get(list(started))
    for megabytes in (8, 64):
        array = numpy.ones(megabytes * 1_000_000 // 8)
        measuring.repeat(f"sum {megabytes} MB", seconds, lambda array=array: ray.get(actor.sum.remote(array)))
    measuring.repeat("held sum", seconds, lambda: ray.get(actor.sum.remote(actor.array.remote([1, 2, 3, 4]))))

    def chain():
        value = actor.array.remote([1, 2, 3])
        for _ in range(10):
            value = actor.add_to.remote(value, 1)
        return ray.get(actor.sum.remote(value))

    measuring.repeat("chain of 10", seconds, chain)
    ray.shutdown()


if __name__ == "__main__":
    main()
