"""The operators that a call may name (docs/operators.md): Python's own, as functions of their operands."""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any, Callable, Dict, Optional


def enter(manager: Any) -> Any:
    """`with manager as result`."""
    cls = type(manager)
    if hasattr(cls, "__enter__"):
        return cls.__enter__(manager)
    if hasattr(cls, "__aenter__"):
        return cls.__aenter__(manager)
    raise TypeError(f"{cls.__name__!r} object is no context manager")


def leave(manager: Any, error_type: Optional[str] = None, message: str = "") -> Any:
    """The end of that block; with the name of a builtin exception's class where one was raised in it."""
    cls = type(manager)
    error = None if error_type is None else exception(error_type, message)
    details = (None, None, None) if error is None else (type(error), error, error.__traceback__)
    if hasattr(cls, "__exit__"):
        return bool(cls.__exit__(manager, *details))
    if hasattr(cls, "__aexit__"):
        return cls.__aexit__(manager, *details)
    raise TypeError(f"{cls.__name__!r} object is no context manager")


def exception(name: str, message: str) -> Exception:
    """An exception of the builtin class of that name; a RuntimeError where there is none."""
    cls = getattr(builtins, name.rpartition(":")[2].rpartition(".")[2], None)
    if isinstance(cls, type) and issubclass(cls, Exception):
        try:
            return cls(message)
        except TypeError:
            pass
    return RuntimeError(f"{name}: {message}")


def help_text(subject: Any) -> str:
    """What `help(subject)` shows."""
    import pydoc

    return pydoc.plain(pydoc.render_doc(subject))


def _await(awaitable: Any) -> Any:
    return awaitable


_FACTORIES = ("attrgetter", "itemgetter", "methodcaller")

OPERATORS: Dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in operator.__all__ if name not in _FACTORIES},
    **{
        function.__name__: function
        for function in (len, bool, repr, str, bytes, int, float, complex, format, hash, dir, iter, next)
    },
    **{function.__name__: function for function in (divmod, pow, round, isinstance, issubclass, abs, sorted)},
    "type": lambda subject: type(subject),
    "list": list,
    "tuple": tuple,
    "dict": dict,
    "set": set,
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "reversed": reversed,
    "await": _await,
    "enter": enter,
    "exit": leave,
    "help": help_text,
}
