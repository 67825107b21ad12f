"""Values on the wire: the worker's codec, with proxies for what stays in the worker and numbers for functions of this side."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from typing import Any, Callable, Protocol, Sequence

from . import _arrays, _frames as frames, _stand_ins as _stand_ins
from ._codec import values as codec
from ._codec.values import ABSENT, NotAValue
from ._codec.wire import InvalidValue
from ._frames import Body, Buffer, varint
from ._remote import Lease, Proxy, Remote


class Link(Protocol):
    """One session of one module, as values see it."""

    @property
    def module(self) -> str: ...
    def next_id(self) -> int: ...
    def release(self, object_id: int) -> None: ...
    def proxy(self, lease: Lease, type: str, callable: bool, value: Any) -> Any: ...
    def callback_id(self, function: Callable[..., Any]) -> int: ...
    def foreign(self, remote: Remote) -> Any: ...


class References(codec.References):
    """Writes and reads what a message refers to.

    `objects`: ids that were written. `before`: calls to be sent ahead, for their results are written. `own`: the lease of the call whose
    answer is read.
    """

    def __init__(self, link: Link, own: Lease | None = None, by_value: bool = True) -> None:
        self.link, self._own, self._by_value = link, own, by_value
        self.objects: list[int] = []
        self.before: list[tuple[Lease, Named]] = []

    def write(self, value: Any) -> bytes | None:
        if isinstance(value, Proxy):
            return self._write_remote(value._podule)
        named = _named(value)
        if named is not None:
            return self._write_named(named)
        return codec.callback_bytes(self.link.callback_id(value)) if callable(value) else None

    def _write_remote(self, remote: Remote) -> bytes:
        lease = remote.lease
        if lease is not None and lease.value is not ABSENT:
            if not remote.path:
                return codec.write_value(lease.value, self)
            return self._write_named(Named(None, remote.path, lease.value))
        if (lease is None and remote.runtime.module != self.link.module) or (lease is not None and lease.session is not self.link):
            return codec.write_value(self.link.foreign(remote), self)
        if remote.path or lease is None:
            return self._write_named(Named(lease, remote.path))
        self.objects.append(lease.id)
        return codec.object_bytes(lease.id, "", False)

    def _write_named(self, named: Named) -> bytes:
        lease = Lease(self.link, self.link.next_id())
        self.before.append((lease, named))
        self.objects.append(lease.id)
        return codec.object_bytes(lease.id, "", False)

    def read_object(self, number: int, kind: str, value: Any, callable: bool) -> Any:
        lease = self._own
        if lease is None or lease.id != number:
            lease = Lease(self.link, number)
        lease.kept = True
        if self._by_value and value is not ABSENT:
            return value
        return self.link.proxy(lease, kind, callable, value)

    def read_callback(self, number: int) -> Any:
        raise InvalidValue("a function of this side", "NO_SESSION")


class Named:
    """An object that a call of its own has to fetch: an attribute, of an object, the module or a value, or the class of a value."""

    __slots__ = ("exemplar", "lease", "path")

    def __init__(self, lease: Lease | None, path: str, exemplar: Any = ABSENT) -> None:
        self.lease, self.path, self.exemplar = lease, path, exemplar


_EXEMPLARS: dict[type, Any] = {cls: cls() for cls in (bool, int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict)}


def _named(value: Any) -> Named | None:
    """Builtin classes and numpy's types, which the worker has as well."""
    if isinstance(value, type):
        if value in _EXEMPLARS:
            return Named(None, "", _EXEMPLARS[value])
        numpy = sys.modules.get("numpy")
        if numpy is not None and issubclass(value, numpy.generic) and value.__module__ == "numpy":
            try:
                return Named(None, "", value(0))
            except (TypeError, ValueError):
                return None
        return None
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.dtype):
        return Named(None, "dtype", numpy.empty(0, value))
    return None


@cache
def has_numpy() -> bool:
    """Whether arrays can be read here."""
    return importlib.util.find_spec("numpy") is not None


def encode_value(value: Any, references: References) -> list[Buffer]:
    """A Value in pieces; raises TypeError or ValueError."""
    whole = _arrays.pieces(value)
    if whole is not None:
        return whole
    try:
        return [codec.write_value(value, references)]
    except NotAValue as problem:
        where = f"{problem.path.lstrip('.')}: " if problem.path else ""
        kind = TypeError if problem.reason == "RESULT_NOT_A_VALUE" else ValueError
        raise kind(f"{where}{problem.problem}") from None


def decode_value(body: Body, references: References) -> Any:
    """The value; raises InvalidValue."""
    data, start, end = body
    codec.use_references(references)
    try:
        return codec.read_value(data, start, end, 0)
    finally:
        codec.use_references(None)


# Kinds without references inside: null, bool, int, float, str, bytes.
_PLAIN_KINDS = frozenset((0x08, 0x10, 0x18, 0x21, 0x2A, 0x32))


def decode_plain(body: Body) -> Any:
    """The result of a CallResponse where it is of the simplest kinds and all that there is; else ABSENT."""
    data, at, end = body
    if end - at < 4 or data[at] != 0x0A:
        return ABSENT
    length, at = frames.read_varint(data, at + 1, end)
    if at + length != end or length == 0 or data[at] not in _PLAIN_KINDS:
        return ABSENT
    return codec.read_value(data, at, end, 0)


def decode_response(body: Body, references: References) -> Any:
    """The result of a CallResponse, or the item of a StreamResponse."""
    plain = decode_plain(body)
    if plain is not ABSENT:
        return plain
    for field, _, piece in frames.read_fields(body):
        if field == 1:
            return decode_value(piece, references)
    return None


def encode_response(value: Any, references: References) -> Sequence[Buffer]:
    """A CallResponse in pieces."""
    encoded = encode_value(value, references)
    return [b"\x0a" + varint(sum(map(len, encoded))), *encoded]
