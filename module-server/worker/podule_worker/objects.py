"""The objects of one session: what its calls have left in this worker."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Optional, Set

from .values import ABSENT, NotAValue, References, object_bytes, write_value
from .values.encode import SCALARS

# CallRequest.ResultMode.
AUTO, VALUE, OBJECT, PLAIN = range(4)

# Ids below are those of calls, given by the client.
FIRST_GIVEN = 1 << 40
# What goes along with a reference: an immutable value of at most so many bytes.
_INLINE = 4096
_INLINED = (type(None), bool, int, float, complex, str, bytes, type(...))
# Failed calls that are remembered for the calls that depend on them.
_FAILED = 10_000


class ObjectNotFound(Exception):
    """The session has no such object."""


class NotYet(Exception):
    """The object is that of a call which waits for a callback."""


class DependencyFailed(Exception):
    """A call on whose result this one depends has failed. `status` is its error."""

    def __init__(self, status: bytes) -> None:
        super().__init__()
        self.status = status


class Objects(References):
    """A table of objects by id, and how they travel in the session's messages."""

    def __init__(
        self, session: int, callback: Callable[[int, int], Any], suspended: Callable[[int, int], bool]
    ) -> None:
        self.session = session
        self._callback = callback
        self._suspended = suspended
        self._objects: Dict[int, Any] = {}
        self._failed: Dict[int, bytes] = {}
        # Released before their calls have ended.
        self._unwanted: Set[int] = set()
        self._given = FIRST_GIVEN
        # Ids given while one result is written.
        self._written: List[int] = []

    def __len__(self) -> int:
        return len(self._objects)

    # --- the table

    def keep(self, number: int, value: Any) -> None:
        """The result of the call `number` stays."""
        if number in self._unwanted:
            self._unwanted.discard(number)
        else:
            self._objects[number] = value

    def fail(self, number: int, status: bytes) -> None:
        """The call `number` has failed: so do those that name its result."""
        self._unwanted.discard(number)
        self._failed[number] = status
        if len(self._failed) > _FAILED:
            del self._failed[next(iter(self._failed))]

    def get(self, number: int) -> Any:
        """Raises ObjectNotFound, DependencyFailed or NotYet."""
        try:
            return self._objects[number]
        except KeyError:
            pass
        status = self._failed.get(number)
        if status is not None:
            raise DependencyFailed(status)
        if self._suspended(self.session, number):
            raise NotYet
        raise ObjectNotFound(f"the session has no object {number}: it was released, or there never was one")

    def release(self, numbers: Iterable[int], running: Callable[[int], bool]) -> None:
        """`running`: whether the call of that id has not ended yet: its result is then not kept."""
        for number in numbers:
            if self._objects.pop(number, ABSENT) is ABSENT and self._failed.pop(number, None) is None:
                if running(number):
                    self._unwanted.add(number)

    def release_values(self, values: Iterable[Any]) -> None:
        """Releases the objects themselves; what is not in the table is ignored."""
        wanted = {id(value) for value in values}
        for number in [number for number, value in self._objects.items() if id(value) in wanted]:
            del self._objects[number]

    # --- how they travel

    def read_object(self, number: int, kind: str, value: Any, callable: bool) -> Any:
        return self.get(number)

    def read_callback(self, number: int) -> Any:
        return self._callback(self.session, number)

    def write(self, value: Any) -> Optional[bytes]:
        number = self._given
        self._given += 1
        self._objects[number] = value
        self._written.append(number)
        return object_bytes(number, kind_of(value), callable(value))

    def result(self, number: int, value: Any, mode: int) -> bytes:
        """The Value of a result, which stays in the worker where it has to. Raises NotAValue."""
        if mode == VALUE:
            return write_value(value)
        if mode != OBJECT:
            body = self.item(value, mode)
            if body is not None:
                return body
        self.keep(number, value)
        inline = b""
        if type(value) in _INLINED:
            inline = SCALARS[type(value)](value)
            if len(inline) > _INLINE:
                inline = b""
        return object_bytes(number, kind_of(value), callable(value), inline)

    def item(self, value: Any, mode: int) -> Optional[bytes]:
        """By value, with references inside where needed; None where it must stay as a whole."""
        self._written.clear()
        self.plain = mode == PLAIN
        try:
            body = write_value(value, self)
        except NotAValue:
            for given in self._written:
                del self._objects[given]
            return None
        finally:
            self.plain = False
        if len(self._written) == 1 and self._objects[self._written[0]] is value:
            # As a whole: under the id of its call, where it has one.
            del self._objects[self._written[0]]
            return None
        return body

    def written(self, value: Any, mode: int) -> bytes:
        """The Value of one item of a stream."""
        body = write_value(value) if mode == VALUE else None if mode == OBJECT else self.item(value, mode)
        if body is not None:
            return body
        reference = self.write(value)
        assert reference is not None
        return reference


def kind_of(value: Any) -> str:
    cls = type(value)
    return f"{getattr(cls, '__module__', '')}:{cls.__qualname__}"
