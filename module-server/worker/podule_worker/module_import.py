"""Imports the user's module; its failure in Python's own words."""

from __future__ import annotations

import _thread
import importlib
import json
import sys
import time
from types import ModuleType

from . import status as codes
from .status import status
from .tracebacks import clip, format_traceback, safe_str
from .traces import uses_opentelemetry
from .values import type_name

_MESSAGE = 4096
_DEBUG = 16384


class ImportFailed(Exception):
    def __init__(self, failure: bytes) -> None:
        super().__init__("the module cannot be imported")
        self.status = failure


def import_module(name: str) -> ModuleType:
    """Raises ImportFailed."""
    try:
        return importlib.import_module(name)
    except BaseException as error:
        raise ImportFailed(_failure(name, error)) from error


def _failure(name: str, error: BaseException) -> bytes:
    code, reason = codes.FAILED_PRECONDITION, "IMPORT_FAILED"
    if isinstance(error, ModuleNotFoundError):
        missing = error.name or ""
        if name == missing or name.startswith(missing + "."):
            code, reason = codes.NOT_FOUND, "MODULE_NOT_FOUND"
        else:
            reason = "DEPENDENCY_NOT_FOUND"
    elif isinstance(error, MemoryError):
        code, reason = codes.RESOURCE_EXHAUSTED, "OUT_OF_MEMORY"
    python_type = type_name(type(error))
    text = safe_str(error)
    metadata = {"python_type": python_type, "module": name}
    if isinstance(error, ModuleNotFoundError) and error.name:
        metadata["missing"] = error.name
    return status(
        code,
        reason,
        clip(f"import {name}: {python_type}: {text}" if text else f"import {name}: {python_type}", _MESSAGE),
        metadata=metadata,
        debug=format_traceback(error, _DEBUG),
    )


def import_report(module: ModuleType, started: float) -> bytes:
    """The payload of IMPORTED."""
    file = getattr(module, "__file__", None)
    report = {
        "python_version": ".".join(map(str, sys.version_info[:3])),
        "import_ms": round((time.monotonic() - started) * 1000, 3),
        "forkable": forkable(),
        "opentelemetry": uses_opentelemetry(),
        "file": file if isinstance(file, str) else None,
    }
    return json.dumps(report).encode()


def forkable() -> bool:
    """Python threads do not survive a fork: what they hold would stay locked for ever."""
    return _thread._count() == 0
