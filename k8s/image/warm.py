"""Starts each program once, so that the image has Node's compiled code: a pod then starts in less than half of the time."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path("/opt/podule")
CACHE = HOME / "compiled"
# The cache's folder is named after the user.
USER = 65532
STARTUP_SECONDS = 60


def main() -> None:
    CACHE.mkdir()
    os.chown(CACHE, USER, USER)
    with tempfile.TemporaryDirectory() as run:
        os.chown(run, USER, USER)
        listen = Path(run, "s")
        start("module-server", listen, MODULE_NAME="math", PODULE_HEALTH_LISTEN=f"unix:{run}/h")
        start("pod-manager", listen, PODULE_STATE_DIR=f"{run}/state", PODULE_CACHE_DIR=f"{run}/cache")
    if not any(CACHE.rglob("*")):
        sys.exit("Node has compiled nothing")
    for path in [CACHE, *CACHE.rglob("*")]:
        os.chown(path, 0, 0)
        path.chmod(0o755 if path.is_dir() else 0o644)


def start(program: str, listen: Path, **variables: str) -> None:
    """Until it serves, then to its end by SIGTERM, when Node writes its cache."""
    environment = {
        **{"PATH": f"{HOME}/bin:{os.environ['PATH']}", "HOME": str(listen.parent), "TMPDIR": str(listen.parent)},
        **{"NODE_COMPILE_CACHE": str(CACHE), "PODULE_LISTEN": f"unix:{listen}", "PODULE_UV": f"{HOME}/bin/uv"},
        **variables,
    }
    process = subprocess.Popen([HOME / "bin" / program], env=environment, user=USER, group=USER, extra_groups=[])
    deadline = time.monotonic() + STARTUP_SECONDS
    while not listen.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            sys.exit(f"{program} did not start")
        time.sleep(0.05)
    # It listens once it serves.
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STARTUP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        sys.exit(f"{program} did not end")
    listen.unlink(missing_ok=True)


main()
