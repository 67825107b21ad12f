"""A Pyro5 daemon in a process of its own, and its client. Usage: pyro5-peer.py SECONDS IN_FLIGHT..."""

import itertools
import multiprocessing
import operator
import sys

import measuring
import numpy
import Pyro5
import Pyro5.api
import serpent

Pyro5.config.THREADPOOL_SIZE = 300


@Pyro5.api.expose
class Module:
    def __init__(self):
        self.held = {}
        self.ids = itertools.count()

    def add(self, a, b):
        return operator.add(a, b)

    def sum_bytes(self, data):
        return float(numpy.sum(numpy.frombuffer(serpent.tobytes(data))))

    def array(self, items):
        key = next(self.ids)
        self.held[key] = numpy.array(items)
        self.held.pop(key - 1000, None)
        return key

    def add_to(self, key, value):
        held = next(self.ids)
        self.held[held] = numpy.add(self.held[key], value)
        self.held.pop(held - 1000, None)
        return held

    def sum_of(self, key):
        return int(numpy.sum(self.held[key]))


def serve(pipe):
    daemon = Pyro5.api.Daemon(host="127.0.0.1")
    pipe.send(str(daemon.register(Module())))
    daemon.requestLoop()


def main():
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    uri = ours.recv()
    seconds = float(sys.argv[1])

    def add():
        proxy = Pyro5.api.Proxy(uri)
        proxy._pyroClaimOwnership()
        return lambda: proxy.add(1, 2)

    for in_flight in map(int, sys.argv[2:]):
        measuring.closed_loop("add", in_flight, seconds, add)
    proxy = Pyro5.api.Proxy(uri)
    for megabytes in (8, 64):
        data = numpy.ones(megabytes * 1_000_000 // 8).tobytes()
        measuring.repeat(f"sum {megabytes} MB", seconds, lambda data=data: proxy.sum_bytes(data))
    measuring.repeat("held sum", seconds, lambda: proxy.sum_of(proxy.array([1, 2, 3, 4])))

    def chain():
        key = proxy.array([1, 2, 3])
        for _ in range(10):
            key = proxy.add_to(key, 1)
        return proxy.sum_of(key)

    measuring.repeat("chain of 10", seconds, chain)
    process.kill()


if __name__ == "__main__":
    main()
