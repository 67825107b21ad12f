"""The zygote: imports the module once, forks workers that have it, and tells how they end."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import time
import warnings
from types import ModuleType
from typing import Dict, List, NoReturn, Optional

from . import kinds
from .child import hello, own_group, reseed, separate, work
from .link import Closed, Link
from .module_import import ImportFailed, forkable, import_module, import_report
from .native import die_with_parent
from .options import Options


class Zygote:
    def __init__(self, options: Options, entry: str) -> None:
        self._options = options
        self._entry = entry
        # By pid: the worker's number. Only these are waited for: other children are the module's.
        self._workers: Dict[int, int] = {}

    def run(self) -> NoReturn:
        own_group()
        link = Link(self._options.socket)
        hello(link, "zygote", 0)
        started = time.monotonic()
        # While it imports nobody reads the link; afterwards its end is told there, and the workers are ended too.
        die_with_parent()
        try:
            module = import_module(self._options.module)
        except ImportFailed as failed:
            link.put(kinds.IMPORT_FAILED, 0, failed.status)
            _send(link)
            _leave(1)
        die_with_parent(False)
        link.put(kinds.IMPORTED, 0, import_report(module, started))
        gc.collect()
        # What is there now stays shared with the workers: no collection writes to it.
        gc.freeze()
        self._serve(link, module)

    def _serve(self, link: Link, module: ModuleType) -> NoReturn:
        wake, wakened = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wakened, False)
        before_child = signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        before_wakeup = signal.set_wakeup_fd(wakened, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(link.fileno(), select.POLLIN)
        poll.register(wake, select.POLLIN)
        try:
            while True:
                self._reap(link)
                link.flush()
                readable = [handle for handle, _ in poll.poll()]
                if wake in readable:
                    _drain(wake)
                if link.fileno() not in readable:
                    continue
                for kind, number, _payload in link.read(True) or ():
                    if kind == kinds.FORK and not self._fork(link, number):
                        signal.set_wakeup_fd(before_wakeup)
                        signal.signal(signal.SIGCHLD, before_child or signal.SIG_DFL)
                        os.close(wake)
                        os.close(wakened)
                        self._become_worker(link, module, number)
        except Closed:
            self._end_workers()
            _leave(0)

    def _fork(self, link: Link, number: int) -> bool:
        """True in the zygote."""
        _flush_streams()
        parent = os.getpid()
        with warnings.catch_warnings():
            # Python warns of threads that C libraries have started; those handle forks themselves.
            warnings.simplefilter("ignore")
            pid = os.fork()
        if pid == 0:
            separate(parent)
            return False
        try:
            # Also here: whoever comes first. After this line the group exists.
            os.setpgid(pid, pid)
        except OSError:
            pass
        self._workers[pid] = number
        link.put(kinds.FORKED, number, json.dumps({"pid": pid}).encode())
        return True

    def _become_worker(self, link: Link, module: ModuleType, number: int) -> NoReturn:
        link.close()
        if not forkable():
            self._exec(number)
        reseed()
        work(self._options, module, number)

    def _exec(self, number: int) -> NoReturn:
        _flush_streams()
        options = self._options
        command = [sys.executable, "-I", "-B", self._entry, "--socket", options.socket, "--module", options.module]
        command += ["--progress", options.progress, "--worker", str(number)]
        if options.path:
            command += ["--path", options.path]
        if options.memory_limit:
            command += ["--memory-limit", str(options.memory_limit)]
        for name, limit in (("--threads", options.threads), ("--asyncio", options.asyncio)):
            if limit:
                command += [name, str(limit)]
        os.execv(sys.executable, command)

    def _reap(self, link: Link) -> None:
        for pid, number in list(self._workers.items()):
            try:
                ended, result = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended, result = pid, 0
            if ended:
                del self._workers[pid]
                link.put(kinds.EXITED, number, _exited(pid, result))

    def _end_workers(self) -> None:
        for pid in self._workers:
            try:
                os.killpg(pid, signal.SIGKILL)
            except OSError:
                continue


def _exited(pid: int, result: int) -> bytes:
    code: Optional[int] = None
    by: Optional[int] = None
    if os.WIFSIGNALED(result):
        by = os.WTERMSIG(result)
    else:
        code = os.WEXITSTATUS(result)
    return json.dumps({"pid": pid, "code": code, "signal": by}).encode()


def _drain(handle: int) -> None:
    try:
        while os.read(handle, 4096):
            pass
    except BlockingIOError:
        return


def _send(link: Link) -> None:
    try:
        link.flush()
    except Closed:
        return


def _flush_streams() -> None:
    """A forked child must not print again what its parent had buffered."""
    streams: List[object] = [sys.stdout, sys.stderr]
    for stream in streams:
        try:
            stream.flush()  # type: ignore[attr-defined]
        except Exception:
            continue


def _leave(code: int) -> NoReturn:
    _flush_streams()
    os._exit(code)
