"""Real servers: a pod alone for one module, or the whole of Podule behind Envoy."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import grpc
import pytest
from hypothesis import HealthCheck, settings

import podule

# A busy machine is no error.
settings.register_profile("podule", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("podule")

ROOT = Path(__file__).resolve().parents[3]
NODE = os.environ.get("PODULE_NODE") or str(ROOT / "node_modules/.bin/node")
MODULES = Path(__file__).parent / "modules"
START_SECONDS = 60


class Pod:
    """A module server on its own, with its worker."""

    def __init__(self, module: str, folder: Path, **env: str) -> None:
        self.address = f"unix:{folder / module}.sock"
        self.log = folder / f"{module}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [NODE, str(ROOT / "module-server/src/main.ts")],
                env={
                    **os.environ,
                    "MODULE_NAME": module,
                    "PODULE_MODULE_PATH": str(MODULES),
                    "PODULE_LISTEN": self.address,
                    "PODULE_PYTHON": sys.executable,
                    "PODULE_RUN_DIR": str(folder),
                    "TERMINATION_MESSAGE_PATH": str(folder / "termination"),
                    "PODULE_DRAIN_GRACE_MS": "500",
                    **env,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_serving()

    def _wait_until_serving(self) -> None:
        until = time.monotonic() + START_SECONDS
        with grpc.insecure_channel(self.address) as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            while time.monotonic() < until:
                assert self.process.poll() is None, self.log.read_text()
                try:
                    if check(b"", timeout=1) == b"\x08\x01":
                        return
                except grpc.RpcError:
                    pass
                time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def workers(self) -> list[int]:
        """Process ids of the workers: children of the zygote."""
        return [child for zygote in _children(self.process.pid) for child in _children(zygote)]

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def running_pod(module: str, **env: str) -> Iterator[Pod]:
    folder = Path(tempfile.mkdtemp(prefix="podule-"))
    pod = Pod(module, folder, **env)
    try:
        yield pod
    finally:
        pod.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def things_pod() -> Iterator[Pod]:
    with running_pod("things") as pod:
        yield pod


@pytest.fixture(scope="session")
def numpy_pod() -> Iterator[Pod]:
    with running_pod("numpy") as pod:
        yield pod


@pytest.fixture()
def things(things_pod: Pod) -> Iterator[podule.RemoteObjectProxy]:
    with podule.Client(things_pod.address) as client:
        yield client.module("things")


@pytest.fixture()
def np(numpy_pod: Pod) -> Iterator[podule.RemoteObjectProxy]:
    with podule.Client(numpy_pod.address) as client:
        yield client.module("numpy")


class Stack:
    """Envoy, the pod manager and what they start, as `npm start` starts them."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.log = folder / "log"
        self.folder = folder
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [NODE, str(ROOT / "cli/src/main.ts"), "start"],
                env={
                    **os.environ,
                    "PORT": "0",
                    "PODULE_MODULE": "",
                    "PODULE_STATE_DIR": str(folder / "state"),
                    "TMPDIR": str(folder),
                    **env,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.address = self._serving_on()

    def _serving_on(self) -> str:
        until = time.monotonic() + 2 * START_SECONDS
        while time.monotonic() < until:
            for line in self.log.read_text().splitlines():
                if "Serving on " in line:
                    return line.partition("Serving on ")[2].split()[0]
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="podule-"))
    running = Stack(folder)
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
