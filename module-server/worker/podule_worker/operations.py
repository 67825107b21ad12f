"""What a call is to do, where it is more than the call of a function of the module."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from .operators import OPERATORS
from .resolve import NotCallable, Resolver, close_names
from .values import ABSENT

# CallRequest.Operation.
CALL, GET, SET, DELETE, OPERATOR, RELEASE = range(6)
_NAMES = ("CALL", "GET", "SET", "DELETE", "OPERATOR", "RELEASE")

Prepared = Tuple[Callable[..., Any], List[Any], Dict[str, Any]]


class Extra(NamedTuple):
    """The fields of a CallRequest that few calls have."""

    # ABSENT: the module.
    target: Any = ABSENT
    operation: int = CALL
    result_mode: int = 0


class BadOperation(Exception):
    """The operation does not go with what else is in the request. `field` is what is wrong."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


def prepare(resolver: Resolver, function: str, args: List[Any], kwargs: Dict[str, Any], extra: Extra) -> Prepared:
    """What to call with what, so that its result is the operation's."""
    operation = extra.operation
    if operation == CALL:
        return _callee(resolver, function, not args and not kwargs, extra.target), args, kwargs
    if kwargs:
        raise BadOperation("kwargs", f"{_name(operation)} takes no keyword arguments")
    if operation == OPERATOR:
        if extra.target is not ABSENT:
            raise BadOperation("target", "the operands of an operator are its args")
        known = OPERATORS.get(function)
        if known is None:
            raise BadOperation("function", f"there is no operator {function!r}{close_names(function, OPERATORS)}")
        return known, args, {}
    wanted = 1 if operation == SET else 0
    if len(args) != wanted:
        raise BadOperation("args", f"{_name(operation)} takes {wanted} arguments, not {len(args)}")
    if operation == GET:
        found = resolver.value(function, extra.target)
        return (lambda: found), [], {}
    if operation in (SET, DELETE):
        owner, name = resolver.owner(function, extra.target)
        return (setattr, [owner, name, args[0]], {}) if operation == SET else (delattr, [owner, name], {})
    raise BadOperation("operation", f"there is no operation {operation}")


def _callee(resolver: Resolver, function: str, with_nothing: bool, target: Any) -> Callable[..., Any]:
    if target is ABSENT:
        return resolver.target(function, with_nothing)
    found = resolver.value(function, target)
    if callable(found):
        callee: Callable[..., Any] = found
        return callee
    if function and with_nothing:
        return lambda: found
    raise NotCallable(f"{function or 'the target'} is not callable: a {type(found).__name__}")


def _name(operation: int) -> str:
    return _NAMES[operation] if operation < len(_NAMES) else str(operation)
