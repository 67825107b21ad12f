"""Import statements that give remote modules, in one block or one namespace only."""

from __future__ import annotations

import builtins
import sys
import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Mapping

from ._client import module as remote_module

_scopes = threading.local()


def importer(modules: Mapping[str, Mapping[str, Any]], original: Callable[..., Any]) -> Callable[..., Any]:
    """An `__import__` for which the top-level names in `modules` are remote (with those options); the rest is as before."""

    def __import__(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        top = name.partition(".")[0]
        if level or top not in modules:
            return original(name, globals, locals, fromlist, level)
        root: Any = remote_module(top, **modules[top])
        if not fromlist:
            return root
        for part in name.split(".")[1:]:
            root = getattr(root, part)
        return root

    return __import__


@contextmanager
def remote_imports(*names: str, **options: Any) -> Iterator[None]:
    """Inside the block, on this thread, `import NAME` gives the remote module for each of `names`.

    >>> with podule.remote_imports("numpy"):
    ...     import numpy

    Imports made by other modules' code that runs inside the block are left alone. Options as for `podule.module`.
    """
    stack: list[tuple[Any, dict[str, Any]]] = getattr(_scopes, "stack", [])
    _scopes.stack = stack
    frame = sys._getframe(2)
    stack.append((frame.f_globals, {name: options for name in names}))
    _install()
    try:
        yield
    finally:
        stack.pop()
        _uninstall()


_install_lock = threading.Lock()
_installed = 0
_original: Callable[..., Any] = builtins.__import__


def _scoped_import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    for namespace, modules in reversed(getattr(_scopes, "stack", ())):
        if globals is namespace:
            return importer(modules, _original)(name, globals, locals, fromlist, level)
    return _original(name, globals, locals, fromlist, level)


def _install() -> None:
    global _installed, _original
    with _install_lock:
        if _installed == 0:
            _original = builtins.__import__
            builtins.__import__ = _scoped_import
        _installed += 1


def _uninstall() -> None:
    global _installed
    with _install_lock:
        _installed -= 1
        if _installed == 0 and builtins.__import__ is _scoped_import:
            builtins.__import__ = _original


__all__ = ["importer", "remote_imports"]
