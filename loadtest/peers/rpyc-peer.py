"""RPyC's threaded server in a process of its own, and its client. Usage: rpyc-peer.py SECONDS IN_FLIGHT..."""

import multiprocessing
import sys
import time

import measuring
import numpy
import rpyc
from rpyc.core.stream import SocketStream
from rpyc.utils.server import ThreadedServer

CONFIG = {"allow_public_attrs": True, "allow_pickle": True, "sync_request_timeout": 60}


def serve(pipe):
    server = ThreadedServer(rpyc.SlaveService, hostname="127.0.0.1", port=0, protocol_config=CONFIG)
    pipe.send(server.port)
    server.start()


def main():
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    port = ours.recv()
    seconds = float(sys.argv[1])

    def connect():
        for _ in range(200):
            try:
                stream = SocketStream.connect("127.0.0.1", port, nodelay=True)
                return rpyc.connect_stream(stream, service=rpyc.ClassicService, config=CONFIG)
            except ConnectionRefusedError:
                # It has its port before it listens.
                time.sleep(0.05)
        raise SystemExit("the server does not listen")

    def add():
        connection = connect()
        remote = connection.modules.operator.add
        return lambda: remote(1, 2)

    for in_flight in map(int, sys.argv[2:]):
        measuring.closed_loop("add", in_flight, seconds, add)
    connection = connect()
    remote = connection.modules.numpy
    for megabytes in (8, 64):
        array = numpy.ones(megabytes * 1_000_000 // 8)
        measuring.repeat(
            f"sum {megabytes} MB", seconds, lambda array=array: remote.sum(rpyc.classic.deliver(connection, array))
        )

    def array(items):
        return remote.array(rpyc.classic.deliver(connection, items))

    measuring.repeat("held sum", seconds, lambda: remote.sum(array([1, 2, 3, 4])))

    def chain():
        value = array([1, 2, 3])
        for _ in range(10):
            value = remote.add(value, 1)
        return int(value.sum())

    measuring.repeat("chain of 10", seconds, chain)
    process.kill()


if __name__ == "__main__":
    main()
