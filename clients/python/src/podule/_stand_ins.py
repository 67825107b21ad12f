"""Enum members, namedtuples and dataclasses whose classes are not loaded here: stand-ins of the same shape and name."""

from __future__ import annotations

import dataclasses
import threading
from collections import namedtuple
from typing import Any, Callable

from ._codec.values import named
from ._codec.values.decode import Reader, reads
from ._codec.wire import Buffer, InvalidValue

_MOST = 1024
_classes: dict[tuple[str, ...], Any] = {}
_lock = threading.Lock()


def _or(original: Reader, stand_in: Reader) -> Reader:
    def read(buffer: Buffer, at: int, end: int, depth: int) -> Any:
        try:
            return original(buffer, at, end, depth)
        except InvalidValue as problem:
            if problem.reason != "TYPE_NOT_FOUND":
                raise
        return stand_in(buffer, at, end, depth)

    return read


def _class(kind: str, name: str, fields: list[str], make: Callable[[str, list[str]], Any]) -> Any:
    """One class for each name and fields, which says that it is that of the remote module."""
    key = (kind, name, *fields)
    with _lock:
        known = _classes.get(key)
        if known is None:
            module, _, qualname = name.partition(":")
            known = make(qualname.rpartition(".")[2], fields)
            known.__module__, known.__qualname__ = module, qualname
            if len(_classes) < _MOST:
                _classes[key] = known
        return known


def _namedtuple(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    name, fields, values = named._record(buffer, at, end, depth)
    return _class("namedtuple", name, fields, lambda short, names: namedtuple(short, names))(*values)


def _dataclass(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    name, fields, values = named._record(buffer, at, end, depth)
    return _class("dataclass", name, fields, dataclasses.make_dataclass)(*values)


def _enum(buffer: Buffer, at: int, end: int, depth: int) -> Any:
    """The member's value: an enum of one known member would lie about the others."""
    return named._record(buffer, at, end, depth)[2][0]


reads(26, "enum")(_or(named._enum, _enum))
reads(27, "namedtuple")(_or(named._namedtuple, _namedtuple))
reads(28, "dataclass")(_or(named._dataclass, _dataclass))
