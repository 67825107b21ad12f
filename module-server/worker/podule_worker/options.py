"""The command line."""

from __future__ import annotations

import argparse
from typing import NamedTuple, Optional, Sequence


class Options(NamedTuple):
    socket: str
    module: str
    progress: str
    path: Optional[str]
    memory_limit: Optional[int]
    # Calls that run at once: in threads, or on an event loop. None: one.
    threads: Optional[int]
    asyncio: Optional[int]
    # Given by a zygote that cannot fork to the process that it becomes instead.
    worker: int


def parse(argv: Optional[Sequence[str]] = None) -> Options:
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--module", required=True)
    parser.add_argument("--progress", required=True)
    parser.add_argument("--path")
    parser.add_argument("--memory-limit", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--asyncio", type=int)
    parser.add_argument("--worker", type=int, default=0, help=argparse.SUPPRESS)
    return Options(**vars(parser.parse_args(argv)))
