"""From a process that has the module to a worker."""

from __future__ import annotations

import faulthandler
import json
import os
import random
import sys
from types import ModuleType
from typing import NoReturn

from . import kinds
from .link import Link
from .native import die_with_parent
from .options import Options
from .progress import Progress
from .resolve import Resolver
from .worker import Worker


def separate(parent: int) -> None:
    """Its own process group; ends with its parent where the system can do that."""
    own_group()
    if die_with_parent() and os.getppid() != parent:
        # The parent had ended before.
        os._exit(0)


def own_group() -> None:
    try:
        os.setpgid(0, 0)
    except OSError:
        # A session's leader has its own already.
        return


def reseed() -> None:
    """Forked workers must not all draw the same numbers."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def hello(link: Link, role: str, number: int) -> None:
    link.put(kinds.HELLO, number, json.dumps({"role": role, "pid": os.getpid()}).encode())
    link.flush()


def work(options: Options, module: ModuleType, number: int) -> NoReturn:
    if sys.__stderr__ is not None and not faulthandler.is_enabled():
        # A crash in C names the Python line in the module's stderr.
        faulthandler.enable(sys.__stderr__)
    progress = Progress(options.progress, number)
    link = Link(options.socket)
    hello(link, "worker", number)
    if options.threads or options.asyncio:
        # Only where it is wanted: asyncio alone costs some megabytes.
        from .concurrent_worker import ConcurrentWorker

        ConcurrentWorker(link, Resolver(module), progress, options).serve()
    Worker(link, Resolver(module), progress).serve()
