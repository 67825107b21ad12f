"""Jac's imports of the modules that jac.toml names give remote ones.

Only Jac code sees them: each Jac module gets builtins of its own, with an `__import__` of its own.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from jaclang.jac0core.runtime import hookimpl

__all__ = ["PodulePlugin"]

_SHAPE = 'modules = ["numpy"] or [plugins.podule.modules.numpy] with the options of podule.module'


def remote_modules(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Options of `podule.module` for each remote module; from [plugins.podule] of jac.toml."""
    named = settings.get("modules", {})
    if isinstance(named, list):
        named = {name: {} for name in named}
    if not isinstance(named, Mapping) or not all(isinstance(options, Mapping) for options in named.values()):
        raise TypeError(f"jac.toml, [plugins.podule]: {_SHAPE}")
    where = {"url": settings["url"]} if "url" in settings else {}
    return {name: {**where, **options} for name, options in named.items()}


def _settings() -> Mapping[str, Any]:
    from jaclang.project.config import get_config

    config = get_config()
    settings: Mapping[str, Any] = {} if config is None else config.get_plugin_config("podule")
    return settings


def _importer(modules: dict[str, dict[str, Any]]) -> Callable[..., Any]:
    # grpc is loaded only where something is remote.
    from podule import importer

    made: Callable[..., Any] = importer(modules, builtins.__import__)
    return made


def _hook[Function: Callable[..., Any]](function: Function) -> Function:
    marked: Function = hookimpl(function)
    return marked


class PodulePlugin:
    """The plugin that jac loads by its entry point."""

    @staticmethod
    @_hook
    def load_module(module_name: str, module: ModuleType, force: bool = False) -> None:
        """Called before the module's code runs. The module is registered by jac's own implementation, which comes after this one."""
        modules = remote_modules(_settings())
        if modules:
            module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _importer(modules)}
