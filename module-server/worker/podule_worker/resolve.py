"""A dotted path inside the module -> what it names."""

from __future__ import annotations

import difflib
import importlib
from types import ModuleType
from typing import Any, Callable, Dict, Iterable, List, Tuple

from .values import ABSENT

MAX_NAME = 512
_CACHED = 4096


class BadName(Exception):
    """Not a dotted path that may be called."""


class NotFound(Exception):
    """Nothing in the module has this name."""


class NotCallable(Exception):
    """Arguments were given to what takes none."""


class Resolver:
    """Finds functions; imports submodules on the way."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        # The last step is taken anew by each call: a module may rebind its names.
        self._owners: Dict[str, Tuple[Any, str]] = {}

    def target(self, function: str, called_with_nothing: bool) -> Callable[..., Any]:
        """What to call. A constant answers its value, when it is given no arguments."""
        owner = self._owners.get(function)
        if owner is None:
            owner = self._find(function)
        try:
            found = getattr(owner[0], owner[1])
        except AttributeError:
            found = self._step(owner[0], owner[1], function)
        if callable(found):
            target: Callable[..., Any] = found
            return target
        if called_with_nothing:
            return lambda: found
        raise NotCallable(
            f"{function} is not callable: a {type(found).__name__}; without arguments it answers its value"
        )

    def value(self, path: str, target: Any = ABSENT) -> Any:
        """What the path names, from the module or from `target`; without a path that itself."""
        owner = self._module if target is ABSENT else target
        if path:
            for part in _parts(path, READABLE):
                owner = self._step(owner, part, path)
        return owner

    def owner(self, path: str, target: Any = ABSENT) -> Tuple[Any, str]:
        """What holds the last attribute of the path, and that attribute's name."""
        parts = _parts(path)
        owner = self._module if target is ABSENT else target
        for part in parts[:-1]:
            owner = self._step(owner, part, path)
        return owner, parts[-1]

    def _find(self, function: str) -> Tuple[Any, str]:
        parts = _parts(function)
        owner: Any = self._module
        for part in parts[:-1]:
            owner = self._step(owner, part, function)
        self._step(owner, parts[-1], function)
        if len(self._owners) >= _CACHED:
            self._owners.clear()
        self._owners[function] = (owner, parts[-1])
        return owner, parts[-1]

    def _step(self, owner: Any, part: str, function: str) -> Any:
        try:
            return getattr(owner, part)
        except AttributeError:
            pass
        if isinstance(owner, ModuleType) and hasattr(owner, "__path__"):
            name = f"{owner.__name__}.{part}"
            try:
                return importlib.import_module(name)
            except ModuleNotFoundError as error:
                if error.name != name:
                    raise
        raise NotFound(_not_found(owner, part, function))


# Names of this kind that may be read.
READABLE = frozenset(
    "__all__ __annotations__ __doc__ __file__ __members__ __module__ __name__ __path__ __qualname__ __text_signature__ "
    "__version__ __wrapped__".split()
)


def _parts(function: str, served: Iterable[str] = ()) -> List[str]:
    if not function:
        raise BadName("no function is named")
    if len(function) > MAX_NAME:
        raise BadName(f"the function's name has more than {MAX_NAME} characters")
    parts = function.split(".")
    for part in parts:
        if not part.isidentifier():
            raise BadName(f"{function!r} is no dotted path of Python names")
        if part.startswith("__") and part not in served:
            raise BadName(f"{function!r}: names that begin with two underscores are not served")
    return parts


def _not_found(owner: Any, part: str, function: str) -> str:
    where = getattr(owner, "__name__", None) or type(owner).__name__
    hint = close_names(part, [name for name in dir(owner) if not name.startswith("_")])
    return f"{where} has no {part!r}{'' if part == function else f' (in {function!r})'}{hint}"


def close_names(name: str, names: Iterable[str]) -> str:
    """A hint at what may have been meant; empty where nothing is close."""
    close = difflib.get_close_matches(name, list(names), 3)
    return f"; did you mean {' or '.join(close)}?" if close else ""
