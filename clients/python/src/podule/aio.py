"""Remote modules for asyncio.

>>> np = await podule.aio.module("numpy", dependency=["numpy==2.3.*"])
>>> await np.linalg.svd(np.array(x)).S.sum()

A call, an attribute, an item or an operator gives a `Pending` at once: it can be used further, or awaited. Nothing is sent before that: an
awaited `Pending` is sent together with those that it needs, in one message, and only its own result comes back. That is a
value or, for what is none, a `RemoteObject`, which is not awaitable itself.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Any, AsyncIterator, Generator

from . import _channel, _messages as pb, _requests as requests
from ._aio_runtime import AioRuntime, Promise
from ._aio_session import AioSession
from ._errors import error_from_rpc
from ._modules import create_request
from ._remote import Proxy, Remote
from ._requests import Request

__all__ = ["Client", "Pending", "RemoteObject", "delete_attribute", "keep", "module", "operate", "set_attribute"]


class RemoteObject(Proxy):
    """A Python object, or module, that lives in its worker. Not awaitable; its attributes, items and calls are."""

    __slots__ = ()

    def __init__(self, remote: Remote) -> None:
        self._podule = remote

    def __getattr__(self, name: str) -> Pending:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Pending(self._podule.attribute(name))

    def __call__(self, *args: Any, **kwargs: Any) -> Pending:
        remote = self._podule
        return _pending(remote.runtime, Request(requests.CALL, remote.lease, remote.path, args, kwargs))

    def __aiter__(self) -> AsyncIterator[Any]:
        items: AsyncIterator[Any] = self._podule.runtime.iterate(self)
        return items

    async def __aenter__(self) -> Any:
        return await operate("enter", self)

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        detail = () if error is None else (kind.__name__, str(error))
        return bool(await operate("exit", self, *detail))

    def __bool__(self) -> bool:
        raise TypeError("the truth of a remote object needs an answer: await podule.aio.operate('bool', x)")

    def __iter__(self) -> Any:
        raise TypeError("a remote object is iterated by `async for`")

    def __contains__(self, item: Any) -> bool:
        raise TypeError("membership needs an answer: await podule.aio.operate('contains', x, item)")

    def __rdivmod__(self, other: Any) -> Pending:
        return operate("divmod", other, self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._podule!r}>"


class Pending(RemoteObject):
    """What a call or an attribute will be. Await it for its value, or use it further without waiting."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, Any]:
        promise = _promise(self)
        result: Generator[Any, None, Any] = promise.runtime.result(promise).__await__()
        return result


def _pending(runtime: AioRuntime, request: Request) -> Pending:
    return Pending(Remote(runtime, Promise(runtime, request)))


def _promise(proxy: RemoteObject) -> Promise:
    remote = proxy._podule
    if isinstance(remote.lease, Promise) and not remote.path:
        return remote.lease
    return Promise(remote.runtime, Request(requests.GET, remote.lease, remote.path))


async def keep(pending: RemoteObject) -> RemoteObject:
    """Awaits it with its result left in the worker, whatever it is."""
    promise = _promise(pending)
    kept: RemoteObject = await promise.runtime.kept(promise)
    return kept


def operate(operator: str, *operands: Any) -> Pending:
    """An operator of docs/operators.md ("len", "bool", "repr", "dir", "eq", "setitem") on operands of which one is remote."""
    for operand in operands:
        if isinstance(operand, RemoteObject):
            return _pending(operand._podule.runtime, Request(requests.OPERATOR, None, operator, operands))
    raise TypeError("none of the operands is remote")


def set_attribute(proxy: RemoteObject, name: str, value: Any) -> Pending:
    """`proxy.name = value`, when awaited."""
    remote = proxy._podule.attribute(name)
    return _pending(remote.runtime, Request(requests.SET, remote.lease, remote.path, (value,)))


def delete_attribute(proxy: RemoteObject, name: str) -> Pending:
    """`del proxy.name`, when awaited."""
    remote = proxy._podule.attribute(name)
    return _pending(remote.runtime, Request(requests.DELETE, remote.lease, remote.path))


def _operator(operator: str, reflected: bool = False) -> Any:
    def method(self: RemoteObject, *others: Any) -> Pending:
        return operate(operator, *others, self) if reflected else operate(operator, self, *others)

    return method


def _add_operators() -> None:
    """All but `==` and `!=`, which compare the proxies themselves, and those in place."""
    for name in "add sub mul matmul truediv floordiv mod pow lshift rshift and or xor".split():
        operator = name + "_" if name in ("and", "or") else name
        setattr(RemoteObject, f"__{name}__", _operator(operator))
        setattr(RemoteObject, f"__r{name}__", _operator(operator, reflected=True))
    for name in "lt le gt ge getitem neg pos invert abs divmod round trunc floor ceil".split():
        setattr(RemoteObject, f"__{name}__", _operator(name))


_add_operators()


class Client:
    """A connection to Podule for one event loop; an async context manager. Arguments as `podule.module`'s."""

    def __init__(self, url: str | None = None, **tls: Any) -> None:
        self._endpoint = _channel.endpoint(url, **tls)
        self._channel = self._endpoint.aio_channel()
        self._runtimes: dict[str, AioRuntime] = {}
        self._sessions: list[AioSession] = []

    async def module(self, name: str, **options: Any) -> RemoteObject:
        """A proxy of a remote module. With options (`dependency=["numpy==2.3.*"]`) the module is made first."""
        if options:
            create = self._channel.unary_unary(
                "/podule.v1.Modules/CreateModule",
                request_serializer=pb.CreateModuleRequest.SerializeToString,
                response_deserializer=pb.Module.FromString,
            )
            try:
                await create(create_request(name, options), metadata=self._endpoint.metadata)
            except _channel.RpcError as error:
                raise error_from_rpc(error) from None
        runtime = self._runtimes.get(name)
        if runtime is None:
            runtime = self._runtimes[name] = AioRuntime(self._open, RemoteObject, name)
        return RemoteObject(Remote(runtime))

    def _open(self, runtime: AioRuntime) -> AioSession:
        session = AioSession(self._channel, runtime, self._endpoint.metadata)
        self._sessions = [other for other in self._sessions if other.lost is None] + [session]
        return session

    async def close(self) -> None:
        """Ends the sessions: their objects are dropped."""
        for session in self._sessions:
            await session.close()
        await self._channel.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()


_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Any, Client]] = weakref.WeakKeyDictionary()


async def module(name: str, **options: Any) -> RemoteObject:
    """As `podule.module`, for the running event loop."""
    where = {key: options.pop(key) for key in _channel.OPTIONS if key in options}
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    key = _channel.endpoint(**where)
    client = clients.get(key)
    if client is None:
        client = clients[key] = Client(**where)
    return await client.module(name, **options)
