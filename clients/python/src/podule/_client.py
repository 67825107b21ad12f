"""`podule.module("numpy")`: remote modules for programs with threads."""

from __future__ import annotations

import atexit
import threading
from contextlib import contextmanager
from typing import Any, Iterator

from . import _channel
from ._codec.values import ABSENT
from ._modules import Modules
from ._proxy import RemoteObjectProxy
from ._remote import Proxy, Remote
from ._runtime import Runtime
from ._sync import SyncSession


class Client:
    """A connection to Podule. Modules of one client share the connection; each has a session of its own.

    Arguments as `podule.module`'s. A context manager: its end drops all remote objects.
    """

    def __init__(self, url: str | None = None, **tls: Any) -> None:
        self.endpoint = _channel.endpoint(url, **tls)
        self._channel = self.endpoint.channel()
        self._runtimes: dict[str, Runtime] = {}
        self._lock = threading.Lock()
        self.closed = False
        self.modules = Modules(self._channel, self.endpoint.metadata)

    def module(self, name: str, **options: Any) -> RemoteObjectProxy:
        """A proxy of a remote module. With options (`dependency=["numpy==2.3.*"]`) the module is made first."""
        if options:
            self.modules.create(name, **options)
        with self._lock:
            runtime = self._runtimes.get(name)
            if runtime is None:
                runtime = self._runtimes[name] = Runtime(self._open, name)
        return RemoteObjectProxy(Remote(runtime))

    def _open(self, runtime: Runtime) -> SyncSession:
        return SyncSession(self._channel, runtime, self.endpoint.metadata)

    def forget(self, name: str) -> None:
        """Ends the session of a module."""
        with self._lock:
            runtime = self._runtimes.pop(name, None)
        if runtime is not None:
            runtime.close()

    def close(self) -> None:
        self.closed = True
        for name in list(self._runtimes):
            self.forget(name)
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


_clients: dict[Any, Client] = {}
_clients_lock = threading.Lock()


def client(url: str | None = None, **tls: Any) -> Client:
    """The program's client of that endpoint; made at first use, closed at exit."""
    key = _channel.endpoint(url, **tls)
    with _clients_lock:
        known = _clients.get(key)
        if known is None or known.closed:
            known = _clients[key] = Client(url, **tls)
            atexit.register(known.close)
        return known


def module(name: str, **options: Any) -> RemoteObjectProxy:
    """A proxy of the remote module `name`.

    url: "host:port"; default POD_MANAGER_URL, else 127.0.0.1:50051. token: bearer token; default PODULE_TOKEN. ca, cert, key: PEM
    bytes for TLS. Every other option is a field of podule.v1.ModuleSpec: dependency (list of PyPI requirements), python, lib_cpu_req
    ("500m"), lib_mem_size_req ("512Mi"), workers...; with any of them the module is made, and a module of that name with another
    spec is an error that shows the difference.
    """
    where = {name_: options.pop(name_) for name_ in _channel.OPTIONS if name_ in options}
    return client(**where).module(name, **options)


def value(proxy: Any) -> Any:
    """The object of a proxy by value; what is no proxy is returned as it is. TypeError where it cannot travel."""
    if not isinstance(proxy, RemoteObjectProxy):
        return proxy
    remote = proxy._podule
    known = remote.value
    return remote.runtime.value(remote) if known is ABSENT else known


@contextmanager
def using(proxy: Any) -> Iterator[Any]:
    """Releases a remote object at the end of the block instead of when its last proxy is collected."""
    try:
        yield proxy
    finally:
        if isinstance(proxy, RemoteObjectProxy) and proxy._podule.lease is not None:
            proxy._podule.lease.release()


def help(subject: Any) -> None:
    """As Python's `help`, for remote objects too."""
    import pydoc

    if isinstance(subject, Proxy):
        pydoc.pager(subject._podule.runtime.operate("help", (subject,)))
    else:
        pydoc.help(subject)
