"""Python -> bytes of a podule.v1.Value. docs/values.md says which types are values."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Set, Tuple, TypeVar

from .decode import MAX_DEPTH

if TYPE_CHECKING:
    from .references import References

Text = TypeVar("Text", bytes, bytearray)

# One answer of the worker; what the hops accept is less, and theirs to say.
MAX_BYTES = 1 << 30


class NotAValue(Exception):
    """A result that cannot travel by value. `path` grows from the inside out while the writers unwind."""

    def __init__(self, problem: str, reason: str = "RESULT_NOT_A_VALUE", python_type: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.reason = reason
        self.python_type = python_type
        self.path = ""

    def within(self, step: str) -> NotAValue:
        self.path = step + self.path
        return self


class Walk:
    """The way through one value: how deep it is, and which mutable containers it has met."""

    __slots__ = ("_depth", "_references", "_seen")

    def __init__(self, references: Optional[References] = None) -> None:
        self._depth = 0
        self._references = references
        # Holds what it met: an id must not be used again by another object while the walk goes on.
        self._seen: Dict[int, Any] = {}

    def enter(self, container: Any, mutable: bool) -> None:
        if mutable:
            if id(container) in self._seen:
                raise NotAValue(
                    f"this {type_name(type(container))} is in the value twice (or contains itself); a value is a tree",
                    "VALUE_NOT_A_TREE",
                    type_name(type(container)),
                )
            self._seen[id(container)] = container
        if self._depth >= MAX_DEPTH:
            raise NotAValue(f"more than {MAX_DEPTH} containers are inside each other", "VALUE_TOO_DEEP")
        self._depth += 1

    def leave(self) -> None:
        self._depth -= 1

    def write(self, value: Any) -> bytes:
        scalar = SCALARS.get(type(value))
        if scalar is not None:
            return scalar(value)
        writer = WRITERS.get(type(value))
        if self._references is not None:
            return self._write_or_refer(value, writer, self._references)
        if writer is None:
            writer = _find_writer(type(value))
        return writer(value, self)

    def _write_or_refer(self, value: Any, writer: Optional[Writer], references: References) -> bytes:
        depth = self._depth
        try:
            if writer is None:
                writer = _find_writer(type(value))
            if references.plain and writer in BULKY:
                body = references.write(value)
                if body is not None:
                    return body
            return writer(value, self)
        except NotAValue as problem:
            if problem.path or problem.reason != "RESULT_NOT_A_VALUE":
                raise
            self._depth = depth
            body = references.write(value)
            if body is None:
                raise
            return body


Scalar = Callable[[Any], bytes]
Writer = Callable[[Any, Walk], bytes]

# By exact type: the fast way for what has no parts.
SCALARS: Dict[type, Scalar] = {}
# By exact type. Learns the subclasses that it meets, up to _LEARNED of them.
WRITERS: Dict[type, Writer] = {}
_LEARNED = 1024
# Those of arrays and tables.
BULKY: Set[Writer] = set()


class _Base(NamedTuple):
    module: str
    name: str
    subclasses: bool
    writer: Writer


# Types that are looked for by name among the loaded modules, so that nothing is imported to write a value.
_BASES: List[_Base] = []
# Types told by what they are rather than by what they inherit. Asked in order.
_SHAPES: List[Callable[[type], Optional[Writer]]] = []


def writes(module: str, name: str, *, subclasses: bool = True) -> Callable[[Writer], Writer]:
    def register(writer: Writer) -> Writer:
        _BASES.append(_Base(module, name, subclasses, writer))
        return writer

    return register


def writes_shape(shape: Callable[[type], Optional[Writer]]) -> Callable[[type], Optional[Writer]]:
    _SHAPES.append(shape)
    return shape


def bulky(writer: Writer) -> Writer:
    BULKY.add(writer)
    return writer


def write_value(value: Any, references: Optional[References] = None) -> bytes:
    """`references`: how what is no value is written; None: it raises NotAValue."""
    scalar = SCALARS.get(type(value))
    if scalar is not None:
        return scalar(value)
    return Walk(references).write(value)


def type_name(cls: type) -> str:
    """As tracebacks print it."""
    module = getattr(cls, "__module__", None)
    name: str = cls.__qualname__
    return name if module in ("builtins", None) else f"{module}.{name}"


def checked(body: Text) -> Text:
    if len(body) > MAX_BYTES:
        raise NotAValue(f"the value is larger than {MAX_BYTES} bytes", "RESULT_TOO_LARGE")
    return body


def _find_writer(cls: type) -> Writer:
    writer = _search(cls)
    if writer is None:
        name = type_name(cls)
        raise NotAValue(f"{name} does not travel by value", python_type=name)
    if len(WRITERS) < _LEARNED:
        WRITERS[cls] = writer
    return writer


def _search(cls: type) -> Optional[Writer]:
    for shape in _SHAPES:
        writer = shape(cls)
        if writer is not None:
            return writer
    loaded: Dict[type, Tuple[bool, Writer]] = {}
    for base in _BASES:
        found = getattr(sys.modules.get(base.module), base.name, None)
        if isinstance(found, type):
            loaded[found] = (base.subclasses, base.writer)
    for ancestor in cls.__mro__:
        entry = loaded.get(ancestor)
        if entry is not None and (ancestor is cls or entry[0]):
            return entry[1]
    return None
