"""What asyncio's proxies do with their session: calls that are sent when they are awaited, after those that they need."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, Callable, Iterator

import grpc

from . import _requests as requests, _settings as settings
from ._aio_session import AioCall, AioSession
from ._codec.values import ABSENT
from ._errors import PoduleError, again, failure
from ._frames import Body
from ._remote import Lease, Remote
from ._requests import Request, sends
from ._sync import LATE_SECONDS
from ._values import References, decode_response


class Promise(Lease):
    """The result of a call that is not yet sent, in flight, or answered."""

    __slots__ = ("call", "error", "foreign", "limit", "options", "outcome", "request", "runtime")

    def __init__(self, runtime: AioRuntime, request: Request) -> None:
        super().__init__(None, 0, kept=False)
        self.runtime, self.request = runtime, request
        self.options, self.limit = settings.options(), settings.seconds()
        self.call: AioCall | None = None
        # Why it could not be sent.
        self.error: Exception | None = None
        # Values of the other modules' objects among its arguments, by their Remote's id().
        self.foreign: dict[int, Any] = {}
        self.outcome: list[Any] = []

    def needs(self) -> Iterator[Promise]:
        """The promises of its own module that it names."""
        leases = [remote.lease for remote in self.request.remotes() if remote.runtime is self.runtime]
        for lease in (self.request.target, *leases):
            if isinstance(lease, Promise):
                yield lease


class AioRuntime:
    """The calls of one module on one session, for the proxies made on it."""

    def __init__(self, open_session: Callable[[AioRuntime], AioSession], proxy_class: type, module: str) -> None:
        self.module = module
        self._open, self._proxy_class = open_session, proxy_class
        self._session: AioSession | None = None
        # The call that is being encoded.
        self._encoding: Promise | None = None

    # --- sessions

    def session(self) -> AioSession:
        """The session for new work: a lost one is replaced, one that drains is left to its objects."""
        current = self._session
        if current is None or current.lost is not None or current.draining:
            current = self._session = self._open(self)
        return current

    def session_of(self, request: Request) -> AioSession:
        """That of the objects that it names; raises SessionLost where it is gone."""
        leases = [remote.lease for remote in request.remotes() if remote.runtime is self]
        for lease in (request.target, *leases):
            if lease is None or lease.value is not ABSENT:
                continue
            session = lease.session
            assert isinstance(session, AioSession)
            if session.lost is not None:
                raise again(session.lost)
            return session
        return self.session()

    def proxy(self, lease: Lease, type: str, callable: bool, value: Any) -> Any:
        return self._proxy_class(Remote(self, lease, "", type, callable, value))

    def foreign(self, remote: Remote) -> Any:
        if self._encoding is not None and id(remote) in self._encoding.foreign:
            return self._encoding.foreign[id(remote)]
        raise TypeError(f"{remote} lives in another worker and cannot go on by value to {self.module} from here")

    # --- sending

    async def send(self, promise: Promise, mode: int) -> None:
        """Sends a call, unless it has been, after those whose results it needs, which stay in the worker."""
        for needed in unsent(promise):
            await self._gather_values(needed)
        for needed in unsent(promise):
            self._send(needed, mode if needed is promise else requests.OBJECT)

    async def _gather_values(self, promise: Promise) -> None:
        """What it names that is no object of its session."""
        for remote in promise.request.remotes():
            if remote.runtime is not self and id(remote) not in promise.foreign:
                promise.foreign[id(remote)] = await remote.runtime.fetch(remote, promise.runtime.module)
        for needed in promise.needs():
            if needed.call is not None and needed.request.mode != requests.OBJECT:
                await self.result(needed)

    def _send(self, promise: Promise, mode: int) -> None:
        try:
            for needed in promise.needs():
                if needed.error is not None:
                    raise needed.error
            request = promise.request
            session = self.session_of(request)
            request.mode = request.mode or mode
            references = References(session)
            id = session.next_id()
            self._encoding = promise
            calls = sends(id, request, references, **promise.options)
            call = AioCall(id, (request, references))
            session.start(calls, call)
            promise.session, promise.id, promise.call = session, id, call
            promise.kept = request.mode == requests.OBJECT
        except Exception as error:
            promise.error = error
        finally:
            self._encoding = None

    # --- answers

    async def result(self, promise: Promise) -> Any:
        """Sends it if need be, and waits for what it gives; raises its error."""
        await self.send(promise, settings.value_mode())
        if not promise.outcome:
            body = await self._wait(promise)
            session = promise.session
            assert isinstance(session, AioSession)
            outcome = decode_response(body, References(session, promise))
            if promise.request.mode == requests.OBJECT and isinstance(outcome, self._proxy_class):
                # It stayed because others use it.
                outcome = await self.result(Promise(self, Request(requests.GET, promise, "")))
            if not promise.kept:
                promise.value = outcome
            promise.outcome = promise.outcome or [outcome]
        return promise.outcome[0]

    async def kept(self, promise: Promise) -> Any:
        """As `result`, but always a proxy."""
        await self.send(promise, requests.OBJECT)
        body = await self._wait(promise)
        session = promise.session
        assert isinstance(session, AioSession)
        return decode_response(body, References(session, promise, by_value=False))

    async def _wait(self, promise: Promise) -> Body:
        if promise.error is not None:
            raise again(promise.error) if isinstance(promise.error, PoduleError) else promise.error
        call, session = promise.call, promise.session
        assert call is not None and isinstance(session, AioSession)
        try:
            if promise.limit is None:
                return await call.wait()
            return await asyncio.wait_for(call.wait(), promise.limit + LATE_SECONDS)
        except asyncio.CancelledError:
            if call.unwanted:
                session.cancel(call.id)
            raise
        except asyncio.TimeoutError as error:
            if isinstance(error, PoduleError):
                raise
            session.cancel(call.id)
            late = f"no answer within {promise.limit} s, and none from the server about that"
            raise failure(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", late) from None

    async def fetch(self, remote: Remote, wanted_by: str) -> Any:
        """The object by value, for another module."""
        try:
            return await self.result(Promise(self, Request(requests.GET, remote.lease, remote.path, mode=requests.VALUE)))
        except PoduleError as error:
            if error.reason != "RESULT_NOT_A_VALUE":
                raise
            raise TypeError(f"{remote} lives in another worker and cannot go on by value to {wanted_by}: {error}") from error

    async def iterate(self, proxy: Any) -> AsyncIterator[Any]:
        remote = proxy._podule
        promise = Promise(self, Request(requests.GET, remote.lease, remote.path, mode=settings.value_mode()))
        for needed in promise.needs():
            await self.send(needed, requests.OBJECT)
        await self._gather_values(promise)
        for needed in promise.needs():
            if needed.error is not None:
                raise needed.error
        session = self.session_of(promise.request)
        references = References(session)
        calls = sends(session.next_id(), promise.request, references, **promise.options)
        items = session.stream(calls, (promise, references))
        try:
            async for item in items:
                yield decode_response(item, References(session))
        finally:
            items.close()


def unsent(promise: Promise) -> list[Promise]:
    """It and the promises that it needs, as far as they have not been sent; each behind what it needs itself."""
    order: dict[int, Promise] = {}
    stack = [(promise, False)]
    while stack:
        current, seen = stack.pop()
        if id(current) in order or current.call is not None or current.error is not None:
            continue
        if seen:
            order[id(current)] = current
            continue
        stack.append((current, True))
        stack.extend((needed, False) for needed in current.needs())
    return list(order.values())
