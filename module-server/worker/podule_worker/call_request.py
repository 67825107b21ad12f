"""podule.v1.CallRequest -> what to call, with what."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from .objects import PLAIN
from .operations import Extra
from .values import read_value
from .wire import (
    BYTES,
    VARINT,
    Buffer,
    InvalidValue,
    expect,
    read_fields,
    read_span,
    read_text,
    read_varint,
    unpack_double,
)

Request = Tuple[str, List[Any], Dict[str, Any], Optional[Extra]]


def read_request(buffer: Buffer, at: int = 0) -> Request:
    """(function, args, kwargs, the rest where there is any) of the request that begins at `at`.

    `module` and `session` are the hops' affair.
    """
    end = len(buffer)
    function = ""
    args: List[Any] = []
    kwargs: Dict[str, Any] = {}
    extra: Optional[Extra] = None
    while at < end:
        key = buffer[at]
        if key == 0x1A:
            start, at = read_span(buffer, at + 1, end)
            # An int below 64 and a float, the most frequent of arguments, without a call.
            if at - start == 2 and buffer[start] == 0x18 and buffer[start + 1] < 128:
                number = buffer[start + 1]
                args.append((number >> 1) ^ -(number & 1))
            elif at - start == 9 and buffer[start] == 0x21:
                args.append(unpack_double(buffer, start + 1)[0])
            else:
                try:
                    args.append(read_value(buffer, start, at, 0))
                except InvalidValue as problem:
                    raise problem.within(f"args[{len(args)}]") from None
        elif key == 0x12:
            start, at = read_span(buffer, at + 1, end)
            try:
                function = read_text(buffer, start, at)
            except InvalidValue as problem:
                raise problem.within("function") from None
        elif key == 0x22:
            start, at = read_span(buffer, at + 1, end)
            _read_kwarg(buffer, start, at, kwargs)
        elif key == 0x2A or key == 0x30 or key == 0x38:
            extra, at = _read_extra(buffer, at, end, extra or Extra())
        else:
            at = _skip(buffer, at, end)
    return function, args, kwargs, extra


def _read_extra(buffer: Buffer, at: int, end: int, extra: Extra) -> Tuple[Extra, int]:
    """target, operation or result_mode."""
    if buffer[at] == 0x2A:
        start, at = read_span(buffer, at + 1, end)
        try:
            return extra._replace(target=read_value(buffer, start, at, 0)), at
        except InvalidValue as problem:
            raise problem.within("target") from None
    field = "operation" if buffer[at] == 0x30 else "result_mode"
    number, at = read_varint(buffer, at + 1, end)
    if number > PLAIN and field == "result_mode":
        raise InvalidValue(f"there is no result mode {number}").within(field)
    return extra._replace(**{field: number}), at


_NAMES = {1: "module", 2: "function", 3: "args", 4: "kwargs"}


def _skip(buffer: Buffer, at: int, end: int) -> int:
    """The end of the field at `at`: `module`, one that is not known, or a known one with a tag of unusual length."""
    start = at
    key, at = read_varint(buffer, at, end)
    number, wire = key >> 3, key & 7
    if number in _NAMES:
        expect(wire, BYTES, _NAMES[number])
        if number != 1:
            raise InvalidValue(f"the tag of {_NAMES[number]} is not in its shortest form")
    if wire == VARINT:
        return read_varint(buffer, at, end)[1]
    return next(read_fields(buffer, start, end))[3]


def _read_kwarg(buffer: Buffer, at: int, end: int, kwargs: Dict[str, Any]) -> None:
    name = ""
    value: Any = None
    found = False
    for number, wire, a, b in read_fields(buffer, at, end):
        if number == 1:
            expect(wire, BYTES, "key")
            name = read_text(buffer, a, b)
        elif number == 2:
            expect(wire, BYTES, "value")
            found = True
            try:
                value = read_value(buffer, a, b, 0)
            except InvalidValue as problem:
                raise problem.within(f'kwargs["{name}"]') from None
    if not found:
        raise InvalidValue("no value is set").within(f'kwargs["{name}"]')
    kwargs[name] = value
