"""Expressions of remote calls that are sent as one message."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable

from . import _requests as requests, _settings as settings
from ._proxy import RemoteObjectProxy
from ._remote import Lease, Remote
from ._requests import Request, sends
from ._session import Outgoing
from ._sync import Call, SyncSession
from ._values import References, decode_response

if TYPE_CHECKING:
    from ._runtime import Runtime

_current = threading.local()


class Promise(Lease):
    """The result of a call that is gathered, sent, or answered."""

    __slots__ = ("call", "limit", "options", "outcome", "request", "runtime", "used")

    def __init__(self, runtime: Runtime, request: Request) -> None:
        super().__init__(None, 0, kept=False)
        self.runtime, self.request = runtime, request
        self.options, self.limit = settings.options(), settings.seconds()
        self.used = False
        self.call: Call | None = None
        self.outcome: list[Any] = []

    def result(self) -> Any:
        """Waits for it; raises the call's error."""
        if not self.outcome:
            call, session = self.call, self.session
            assert call is not None and isinstance(session, SyncSession)
            body = session.wait(call, self.limit)
            result = decode_response(body, References(session, self))
            self.outcome.append(result)
            if not self.kept:
                self.value = result
        return self.outcome[0]


class Gathered:
    """The calls made inside one `evaluate`: nothing is sent until a result is needed, then all of them together."""

    def __init__(self) -> None:
        self._promises: list[Promise] = []
        self._sent: list[Promise] = []
        self._batches: dict[SyncSession, tuple[list[Outgoing], list[Call]]] = {}

    def add(self, runtime: Runtime, request: Request) -> RemoteObjectProxy:
        for lease in (request.target, *(remote.lease for remote in request.remotes())):
            if isinstance(lease, Promise):
                lease.used = True
        promise = Promise(runtime, request)
        self._promises.append(promise)
        return RemoteObjectProxy(Remote(runtime, promise))

    def send(self, wanted: frozenset[int] = frozenset()) -> None:
        """`wanted`: ids (Python's) of the promises whose values come back; all others stay in the worker, to be used further."""
        promises, self._promises = self._promises, []
        for promise in promises:
            by_value = id(promise) in wanted and not promise.used
            self._encode(promise, settings.value_mode() if by_value else requests.OBJECT)
        self.submit()

    def _encode(self, promise: Promise, mode: int) -> None:
        request = promise.request
        session = promise.runtime.session_of(request)
        request.mode = request.mode or mode
        references = References(session)
        promise.session, promise.id = session, session.next_id()
        calls = sends(promise.id, request, references, **promise.options)
        promise.call = Call(promise.id, (request, references))
        promise.kept = request.mode == requests.OBJECT
        outgoing, waiters = self._batches.setdefault(session, ([], []))
        outgoing.extend(calls)
        waiters.append(promise.call)
        self._sent.append(promise)

    def submit(self) -> None:
        """Hands over what has been encoded."""
        batches, self._batches = self._batches, {}
        for session, (outgoing, waiters) in batches.items():
            session.start(outgoing, waiters)

    def finish(self, result: Any) -> Any:
        """Sends the rest and returns `result` with its promises replaced by their values."""
        values: dict[int, Promise] = {}

        def ask(proxy: RemoteObjectProxy) -> None:
            remote = proxy._podule
            lease = remote.lease
            if not isinstance(lease, Promise) and not remote.path:
                return
            if isinstance(lease, Promise) and not remote.path and not lease.used and lease.call is None:
                values[id(proxy)] = lease
                return
            got = self.add(remote.runtime, Request(requests.GET, lease, remote.path))
            assert isinstance(got._podule.lease, Promise)
            values[id(proxy)] = got._podule.lease

        _map(result, ask)
        self.send(frozenset(map(id, values.values())))
        for promise in self._sent:
            if not promise.used:
                promise.result()

        def settle(proxy: RemoteObjectProxy) -> Any:
            promise = values.get(id(proxy))
            return proxy if promise is None else promise.result()

        return _map(result, settle)


def _map(value: Any, change: Callable[[RemoteObjectProxy], Any]) -> Any:
    """A copy of lists, tuples and dicts with their proxies changed."""
    if isinstance(value, RemoteObjectProxy):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)([_map(item, change) for item in value])
    if type(value) is dict:
        return {key: _map(item, change) for key, item in value.items()}
    return value


def gathering() -> Gathered | None:
    """Those of the `evaluate` that this thread is in."""
    return getattr(_current, "gathered", None)


def flush() -> None:
    """Sends what `evaluate` has gathered so far on this thread."""
    gathered = gathering()
    if gathered is not None:
        gathered.send()


def evaluate(function: Callable[[], Any]) -> Any:
    """Runs `function` with its remote calls sent as one message, and returns its result.

    >>> podule.evaluate(lambda: np.linalg.svd(np.array(x)).S.sum())

    Inside, each call, attribute and operator gives a proxy at once; something that needs an answer (`len`, `bool`, `str`, a loop) sends
    what there is so far. An error of one call is the error of all that depend on it.
    """
    outer = gathering()
    current = _current.gathered = Gathered()
    try:
        return current.finish(function())
    finally:
        _current.gathered = outer
