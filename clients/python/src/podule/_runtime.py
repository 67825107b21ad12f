"""What proxies do with their session: calls, attributes, operators, iteration and values."""

from __future__ import annotations

import threading
from typing import Any, Callable, Iterator, Sequence

from . import _evaluate as expressions, _requests as requests, _settings as settings
from ._codec.values import ABSENT
from ._errors import PoduleError, again
from ._proxy import RemoteObjectProxy
from ._remote import Lease, Remote
from ._requests import Request, sends
from ._sync import Call, SyncSession
from ._values import References, decode_plain, decode_response

# Attributes of these classes are named by their path once they are known, instead of being fetched each time.
_METHODS = frozenset(("builtins:method", "builtins:builtin_function_or_method", "builtins:method-wrapper", "builtins:method_descriptor"))
_OF_MODULES = _METHODS | {
    "builtins:function",
    "builtins:module",
    "builtins:type",
    "numpy:ufunc",
    "numpy:_ArrayFunctionDispatcher",
}
_IN_PLACE = frozenset("iadd isub imul imatmul itruediv ifloordiv imod ipow ilshift irshift iand ior ixor iconcat".split())
# Operators whose result Python wants at once, by value.
_CONCRETE = frozenset("repr str format bytes hash dir bool len contains int float complex index exit help next".split())


class Runtime:
    """The calls of one module, for the proxies made on it."""

    def __init__(self, open_session: Callable[[Runtime], SyncSession], module: str) -> None:
        self.module = module
        self._open = open_session
        self._session: SyncSession | None = None
        self._draining: list[SyncSession] = []
        self._lock = threading.Lock()
        # (what has it, attribute) of attributes known to be functions, classes or modules.
        self._paths: set[tuple[str, str]] = set()

    # --- sessions

    def session(self) -> SyncSession:
        """The session for new work: a lost one is replaced, one that drains is left to its objects."""
        with self._lock:
            current = self._session
            if current is not None and current.lost is None and not current.draining:
                return current
            if current is not None and current.lost is None:
                self._draining = [old for old in self._draining if old.lost is None] + [current]
            self._session = self._open(self)
            return self._session

    def session_of(self, request: Request) -> SyncSession:
        """That of the objects that it names; raises SessionLost where it is gone."""
        remotes = request.remotes()
        if request.target is None and not remotes:
            return self.session()
        leases = [remote.lease for remote in remotes if remote.runtime is self]
        for lease in (request.target, *leases):
            if lease is None or lease.value is not ABSENT:
                continue
            session = lease.session
            if not isinstance(session, SyncSession):
                raise RuntimeError("a result of podule.evaluate was used elsewhere before evaluate had ended")
            if session.lost is not None:
                raise again(session.lost)
            return session
        return self.session()

    def close(self) -> None:
        for session in (self._session, *self._draining):
            if session is not None:
                session.close()

    # --- operations

    def call(self, remote: Remote, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        return self.perform(Request(requests.CALL, remote.lease, remote.path, args, kwargs))

    def operate(self, operator: str, operands: Sequence[Any]) -> Any:
        request = Request(requests.OPERATOR, None, operator, operands)
        if operator in _CONCRETE:
            expressions.flush()
            request.mode = settings.value_mode()
            return self.perform_now(request)
        if operator in _IN_PLACE:
            # By value it would no longer be the object that others see.
            request.mode = requests.OBJECT
        return self.perform(request)

    def get_attribute(self, base: Remote, name: str) -> Any:
        remote = base.attribute(name)
        key = (base.type or f"module {base.path}", name)
        if key in self._paths or expressions.gathering() is not None:
            return RemoteObjectProxy(remote)
        result = self.perform(Request(requests.GET, remote.lease, remote.path))
        if isinstance(result, RemoteObjectProxy):
            known = _OF_MODULES if base.lease is None else _METHODS
            if result._podule.type in known and (base.lease is None or base.type):
                self._paths.add(key)
                return RemoteObjectProxy(remote)
        return result

    def set_attribute(self, base: Remote, name: str, value: Any) -> None:
        expressions.flush()
        self.perform_now(Request(requests.SET, base.lease, base.attribute(name).path, (value,)))

    def delete_attribute(self, base: Remote, name: str) -> None:
        expressions.flush()
        self.perform_now(Request(requests.DELETE, base.lease, base.attribute(name).path))

    def value(self, remote: Remote) -> Any:
        """The object by value; TypeError, reason RESULT_NOT_A_VALUE, where it is none."""
        expressions.flush()
        return self.perform_now(Request(requests.GET, remote.lease, remote.path, mode=requests.VALUE))

    def foreign(self, remote: Remote) -> Any:
        """An object of another module or session, which can only go on by value."""
        current = expressions.gathering()
        if current is not None:
            current.submit()
        try:
            request = Request(requests.GET, remote.lease, remote.path, mode=requests.VALUE)
            return remote.runtime.perform_now(request)
        except PoduleError as error:
            if error.reason != "RESULT_NOT_A_VALUE":
                raise
            kind = remote.type or "object"
            raise TypeError(
                f"this {kind} lives in another worker (module {remote.runtime.module}) and cannot go on by value to {self.module}: {error}"
            ) from error

    def iterate(self, proxy: RemoteObjectProxy) -> Iterator[Any]:
        expressions.flush()
        remote = proxy._podule
        request = Request(requests.GET, remote.lease, remote.path, mode=settings.result_mode())
        by_value = not settings.keeps()
        session = self.session_of(request)
        references = References(session)
        calls = sends(session.next_id(), request, references, **settings.options())
        for item in session.stream(calls, (request, references)):
            yield decode_response(item, References(session, by_value=by_value))

    def perform(self, request: Request) -> Any:
        """The request's result; inside `evaluate` a promise of it."""
        current = expressions.gathering()
        return self.perform_now(request) if current is None else current.add(self, request)

    def perform_now(self, request: Request) -> Any:
        session = self.session_of(request)
        request.mode = request.mode or settings.result_mode()
        references = References(session)
        call = Call(session.next_id(), (request, references))
        session.start(sends(call.id, request, references, **settings.options()), [call])
        seconds = settings.seconds()
        if request.mode != requests.OBJECT:
            body = session.wait(call, seconds)
            plain = decode_plain(body)
            if plain is not ABSENT:
                return plain
            return decode_response(body, References(session, Lease(session, call.id, kept=False)))
        lease = Lease(session, call.id)
        body = session.wait(call, seconds)
        return decode_response(body, References(session, lease, by_value=not settings.keeps()))

    def proxy(self, lease: Lease, type: str, callable: bool, value: Any) -> RemoteObjectProxy:
        return RemoteObjectProxy(Remote(self, lease, "", type, callable, value))
