"""What breaks: connections, workers, servers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import grpc
import pytest
from conftest import Pod, running_pod

import podule
from podule import _messages as pb, aio


class Cuttable:
    """A way to a pod's socket that can be cut, like a network."""

    def __init__(self, pod: Pod) -> None:
        self._path = pod.address.partition(":")[2]
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._pairs: list[socket.socket] = []
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            there = socket.socket(socket.AF_UNIX)
            there.connect(self._path)
            self._pairs += [client, there]
            for source, target in ((client, there), (there, client)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self) -> None:
        pairs, self._pairs = self._pairs, []
        for end in pairs:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def close(self) -> None:
        self._closed = True
        self._server.close()
        self.cut()


@pytest.fixture()
def way(things_pod: Pod) -> Iterator[Cuttable]:
    way = Cuttable(things_pod)
    yield way
    way.close()


def test_calls_and_objects_survive_a_cut_connection(way):
    with podule.Client(way.address) as client:
        things = client.module("things")
        number = things.Number(1)
        results: list[int] = []

        def work() -> None:
            for n in range(60):
                number.add()
                results.append(things.same(n))

        thread = threading.Thread(target=work)
        thread.start()
        for _ in range(4):
            time.sleep(0.15)
            way.cut()
        thread.join(60)
        assert results == list(range(60))
        assert number.value == 61, "each call ran once"
        large = os.urandom(6 << 20)
        got: list[bytes] = []
        thread = threading.Thread(target=lambda: got.append(things.same(large)))
        thread.start()
        time.sleep(0.02)
        way.cut()
        thread.join(60)
        assert got == [large]


def test_asyncio_survives_a_cut_connection(way):
    async def main() -> None:
        async with aio.Client(way.address) as client:
            things = await client.module("things")
            number = await things.Number(1)

            async def work() -> None:
                for _ in range(40):
                    await number.add()

            tasks = [asyncio.create_task(work()) for _ in range(3)]
            for _ in range(3):
                await asyncio.sleep(0.15)
                way.cut()
            await asyncio.gather(*tasks)
            assert await number.value == 121

    asyncio.run(main())


def test_a_lost_worker_is_told_and_the_module_goes_on():
    with running_pod("things") as pod, podule.Client(pod.address) as client:
        things = client.module("things")
        number = things.Number(1)
        caught: list[BaseException] = []

        def work() -> None:
            try:
                things.sleep(60)
            except BaseException as error:
                caught.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(0.3)
        [worker] = pod.workers()
        os.kill(worker, signal.SIGKILL)
        thread.join(20)
        assert isinstance(caught[0], podule.PoduleError), caught
        assert caught[0].code in (grpc.StatusCode.ABORTED, grpc.StatusCode.UNAVAILABLE)
        until = time.monotonic() + 20
        with pytest.raises(podule.SessionLost):
            while time.monotonic() < until:
                number.value
        assert things.total([1, 2]) == 3
        with pytest.raises(podule.SessionLost):
            number.value


def test_a_server_that_goes_away():
    with running_pod("things", PODULE_DRAIN_GRACE_MS="100") as pod:
        client = podule.Client(pod.address)
        things = client.module("things")
        assert things.same(1) == 1
        pod.process.kill()
        pod.process.wait()
    # Nothing is there to resume the session for the whole grace: closing does not wait for it.
    started = time.monotonic()
    client.close()
    assert time.monotonic() - started < 8


def test_a_session_that_a_draining_pod_refuses_is_opened_elsewhere(things_pod):
    refusals = 2
    target = grpc.insecure_channel(things_pod.address)
    pipe = target.stream_stream("/podule.v1.Calls/Session")

    def session(requests, context):
        nonlocal refusals
        if refusals:
            refusals -= 1
            status = pb.Status(code=grpc.StatusCode.UNAVAILABLE.value[0], message="the pod takes no new calls")
            status.details.add().Pack(pb.ErrorInfo(reason="DRAINING", domain="podule.dev"))
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(grpc.StatusCode.UNAVAILABLE, status.message)
        yield from pipe(requests)

    server = grpc.server(ThreadPoolExecutor(4))
    handler = grpc.stream_stream_rpc_method_handler(session)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("podule.v1.Calls", {"Session": handler}),))
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        with podule.Client(address) as client:
            assert client.module("things").total([1, 2]) == 3
        assert refusals == 0
        refusals = 1

        async def main():
            async with aio.Client(address) as client:
                assert await (await client.module("things")).total([1, 2]) == 3

        asyncio.run(main())
        assert refusals == 0
    finally:
        server.stop(None)
        target.close()


def test_nobody_there():
    with podule.Client("127.0.0.1:1") as client, pytest.raises(podule.PoduleError) as caught:
        client.module("things").same(1)
    assert caught.value.code == grpc.StatusCode.UNAVAILABLE and not isinstance(caught.value, podule.SessionLost)


INTERRUPTED = """
import sys, podule
with podule.Client(sys.argv[1]) as client:
    things = client.module("things")
    things.total([1])
    print("ready", flush=True)
    try:
        things.sleep(60)
    except KeyboardInterrupt:
        print(things.total([2, 3]), flush=True)
"""


def test_an_interrupted_call_is_cancelled(things_pod):
    source = str(Path(podule.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, things_pod.address],
        env={**os.environ, "PYTHONPATH": source},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        assert process.communicate(timeout=30)[0] == "5\n"
        assert time.monotonic() - started < 15
