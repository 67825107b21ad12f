"""What proxies stand for: objects of a session, and paths of attributes from there or from the module."""

from __future__ import annotations

from typing import Any, Iterator, Protocol

from ._codec.values import ABSENT
from ._codec.values.decode import MAX_DEPTH

# Of these no part is a proxy.
SIMPLE = frozenset((int, float, str, bool, bytes, type(None), complex))


class Holder(Protocol):
    """A session, as the leases of its objects see it."""

    def release(self, object_id: int) -> None: ...


class Lease:
    """One object of a session; released when nothing here refers to it any more.

    `id` is 0, and `session` None, while the call that makes it has not been sent. `value`: what its call gave instead of an object.
    """

    __slots__ = ("__weakref__", "id", "kept", "session", "value")

    def __init__(self, session: Holder | None, id: int, kept: bool = True) -> None:
        self.session, self.id = session, id
        # Whether there is something to release: the result of a call may have come by value.
        self.kept = kept
        self.value: Any = ABSENT

    def release(self) -> None:
        if self.kept and self.session is not None:
            self.kept = False
            self.session.release(self.id)

    def __del__(self) -> None:
        self.release()


class Remote:
    """An object of a session (without `lease`: the module) and a path of attributes from there.

    `type`: "module:QualName" of its class, "" where it is not known. `value`: the object's own, where it came along.
    """

    __slots__ = ("callable", "lease", "path", "runtime", "type", "value")

    def __init__(
        self,
        runtime: Any,
        lease: Lease | None = None,
        path: str = "",
        type: str = "",
        callable: bool = True,
        value: Any = ABSENT,
    ) -> None:
        self.runtime, self.lease, self.path = runtime, lease, path
        self.type, self.callable, self.value = type, callable, value

    def attribute(self, name: str) -> Remote:
        return Remote(self.runtime, self.lease, f"{self.path}.{name}" if self.path else name)

    def __repr__(self) -> str:
        number = "" if self.lease is None else f" object {self.lease.id or '(not yet sent)'}"
        return f"module {self.runtime.module}{number}{'.' if self.path else ''}{self.path}"


class Proxy:
    """What all proxies are: instances stand for `_podule`."""

    __slots__ = ("__weakref__", "_podule")
    _podule: Remote


def remotes_in(value: Any, depth: int = 0) -> Iterator[Remote]:
    """Those of the proxies in a value that is to be sent."""
    if isinstance(value, Proxy):
        yield value._podule
    elif depth > MAX_DEPTH:
        return  # cannot be sent
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            if item.__class__ not in SIMPLE:
                yield from remotes_in(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from remotes_in(key, depth + 1)
            yield from remotes_in(item, depth + 1)
    elif isinstance(value, slice):
        for part in (value.start, value.stop, value.step):
            yield from remotes_in(part, depth + 1)
