"""The style and the types of the source."""

import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "--no-cache"), ("ruff", "format", "--check", "--no-cache"), ("mypy", "--cache-dir=/dev/null")],
    ids=" ".join,
)
def test_style_and_types(command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=WORKER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
