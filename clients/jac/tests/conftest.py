"""The real stack, and a folder with both packages as they are installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NODE = os.environ.get("PODULE_NODE") or str(ROOT / "node_modules/.bin/node")
START_SECONDS = 120


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    for project in ("python", "jac"):
        build = f"B({str(ROOT / 'clients' / project)!r}).build(directory={str(folder)!r})"
        code = f"from hatchling.builders.wheel import WheelBuilder as B; print(*{build})"
        wheel = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Of Envoy."""
    folder = Path(tempfile.mkdtemp(prefix="podule-"))
    log = folder / "log"
    with log.open("wb") as output:
        stack = subprocess.Popen(
            [NODE, str(ROOT / "cli/src/main.ts"), "start"],
            env={**os.environ, "PORT": "0", "PODULE_MODULE": "", "PODULE_STATE_DIR": str(folder / "state"), "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _serving_on(stack, log)
    finally:
        stack.send_signal(signal.SIGTERM)
        stack.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _serving_on(stack: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and stack.poll() is None:
        for line in log.read_text().splitlines():
            if "Serving on " in line:
                return line.partition("Serving on ")[2].split()[0]
        time.sleep(0.1)
    raise AssertionError(log.read_text())
