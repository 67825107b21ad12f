"""Functions of this side that were passed as arguments, by the numbers that Python calls them by."""

from __future__ import annotations

import threading
from typing import Any, Callable, Sequence

import grpc

from ._errors import failure
from ._frames import Body, Buffer
from ._requests import decode_arguments
from ._values import Link, References, encode_response


class Callbacks:
    """Those of one session; they stay until its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._functions: list[Callable[..., Any]] = []
        self._numbers: dict[int, int] = {}

    def number(self, function: Callable[..., Any]) -> int:
        with self._lock:
            known = self._numbers.get(id(function))
            if known is None:
                self._functions.append(function)
                known = self._numbers[id(function)] = len(self._functions)
            return known

    def call(self, link: Link, number: int, request: Body) -> Any:
        """Calls the function with the arguments of a CallRequest."""
        if not 0 < number <= len(self._functions):
            raise failure(grpc.StatusCode.NOT_FOUND, "CALLBACK_NOT_FOUND", f"there is no function {number}")
        args, kwargs = decode_arguments(request, References(link))
        return self._functions[number - 1](*args, **kwargs)


def response_of(link: Link, result: Any) -> Sequence[Buffer]:
    """The CallResponse of a callback."""
    references = References(link)
    response = encode_response(result, references)
    if references.before:
        raise TypeError("an attribute of a remote object cannot be a callback's result; call it, or take its value")
    return response
