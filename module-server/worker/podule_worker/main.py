"""Zygote, or the worker that a zygote which cannot fork has become."""

from __future__ import annotations

import io
import os
import sys
import traceback

from .child import separate, work
from .memory_limit import limit_memory
from .module_import import ImportFailed, import_module
from .options import parse
from .zygote import Zygote


def main() -> None:
    options = parse()
    entry = os.path.abspath(sys.argv[0])
    # The user's module must find no command line of ours.
    sys.argv = [options.module]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    if options.path:
        sys.path.insert(0, options.path)
    if options.memory_limit:
        limit_memory(options.memory_limit)
    if not options.worker:
        Zygote(options, entry).run()
    separate(os.getppid())
    try:
        module = import_module(options.module)
    except ImportFailed:
        traceback.print_exc()
        sys.exit(1)
    work(options, module, options.worker)
