"""The published table (docs/errors.md): which gRPC code a Python exception becomes.

A class stands for its subclasses too.
"""

from __future__ import annotations

import errno
import sys
from typing import Dict, List, Tuple

from . import status as codes

BUILTIN: Dict[type, int] = {
    MemoryError: codes.RESOURCE_EXHAUSTED,
    RecursionError: codes.RESOURCE_EXHAUSTED,
    NotImplementedError: codes.UNIMPLEMENTED,
    PermissionError: codes.PERMISSION_DENIED,
    FileNotFoundError: codes.NOT_FOUND,
    ProcessLookupError: codes.NOT_FOUND,
    FileExistsError: codes.ALREADY_EXISTS,
    IsADirectoryError: codes.FAILED_PRECONDITION,
    NotADirectoryError: codes.FAILED_PRECONDITION,
    TimeoutError: codes.DEADLINE_EXCEEDED,
    ConnectionError: codes.UNAVAILABLE,
    BlockingIOError: codes.UNAVAILABLE,
    ImportError: codes.FAILED_PRECONDITION,
    IndexError: codes.OUT_OF_RANGE,
    StopIteration: codes.OUT_OF_RANGE,
    StopAsyncIteration: codes.OUT_OF_RANGE,
    EOFError: codes.OUT_OF_RANGE,
    OverflowError: codes.OUT_OF_RANGE,
    LookupError: codes.NOT_FOUND,
    AttributeError: codes.NOT_FOUND,
    ArithmeticError: codes.INVALID_ARGUMENT,
    ValueError: codes.INVALID_ARGUMENT,
    TypeError: codes.INVALID_ARGUMENT,
    KeyboardInterrupt: codes.CANCELLED,
}

# Classes that are looked for only where their module is loaded.
NAMED: List[Tuple[str, str, int]] = [
    ("asyncio", "CancelledError", codes.CANCELLED),
    ("asyncio", "TimeoutError", codes.DEADLINE_EXCEEDED),
    ("concurrent.futures", "TimeoutError", codes.DEADLINE_EXCEEDED),
    ("concurrent.futures", "CancelledError", codes.CANCELLED),
]

ERRNO: Dict[int, int] = {
    number: codes.RESOURCE_EXHAUSTED
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
}


def code_of(error: BaseException) -> int:
    if isinstance(error, OSError) and error.errno in ERRNO:
        return ERRNO[error.errno]
    table = dict(BUILTIN)
    for module, name, code in NAMED:
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type):
            table[found] = code
    for cls in type(error).__mro__:
        if cls in table:
            return table[cls]
    return codes.UNKNOWN


def builtin_bases(cls: type) -> List[str]:
    """The builtin classes that it inherits from, nearest first; its own name is not among them."""
    return [base.__name__ for base in cls.__mro__[1:] if base.__module__ == "builtins" and issubclass(base, Exception)]
