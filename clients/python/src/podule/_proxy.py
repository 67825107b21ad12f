"""Proxies: a remote module, or an object that lives in its worker, used as if it were here.

Attributes that hold values come back as values; everything else is a proxy again. Every operator, item, iteration, `with`,
`len`, `repr`, `dir` and the like happens in the worker. A proxy that is collected releases its object.
"""

from __future__ import annotations

from typing import Any, Iterator

from ._remote import Proxy, Remote


class RemoteObjectProxy(Proxy):
    """A Python object, or module, that lives in its worker.

    Raises the exceptions that the remote code raises, `SessionLost` when its worker is gone, `DeadlineExceeded` beyond a `timeout`.
    """

    __slots__ = ()
    # numpy leaves `array + proxy` to the proxy.
    __array_priority__ = 1000.0

    def __init__(self, remote: Remote) -> None:
        object.__setattr__(self, "_podule", remote)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name not in _REMOTE_DUNDERS:
            raise AttributeError(name)
        return self._podule.runtime.get_attribute(self._podule, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._podule.runtime.set_attribute(self._podule, name, value)

    def __delattr__(self, name: str) -> None:
        self._podule.runtime.delete_attribute(self._podule, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._podule.runtime.call(self._podule, args, kwargs)

    def __iter__(self) -> Iterator[Any]:
        items: Iterator[Any] = self._podule.runtime.iterate(self)
        return items

    def __enter__(self) -> Any:
        return _operate("enter", self)

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        return bool(_operate("exit", self, *(() if error is None else (kind.__name__, str(error)))))

    def __repr__(self) -> str:
        return str(_operate("repr", self))

    def __str__(self) -> str:
        return str(_operate("str", self))

    def __format__(self, spec: str) -> str:
        return str(_operate("format", self, spec))

    def __bytes__(self) -> bytes:
        return bytes(_operate("bytes", self))

    def __hash__(self) -> int:
        return int(_operate("hash", self))

    def __dir__(self) -> list[str]:
        return list(_operate("dir", self))

    def __bool__(self) -> bool:
        return bool(_operate("bool", self))

    def __len__(self) -> int:
        return int(_operate("len", self))

    def __contains__(self, item: Any) -> bool:
        return bool(_operate("contains", self, item))

    def __int__(self) -> int:
        return int(_operate("int", self))

    def __float__(self) -> float:
        return float(_operate("float", self))

    def __complex__(self) -> complex:
        return complex(_operate("complex", self))

    def __index__(self) -> int:
        return int(_operate("index", self))

    def __round__(self, *digits: Any) -> Any:
        return _operate("round", self, *digits)

    def __divmod__(self, other: Any) -> Any:
        return _operate("divmod", self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return _operate("divmod", other, self)

    def __next__(self) -> Any:
        try:
            return _operate("next", self)
        except StopIteration:
            raise StopIteration from None

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        import numpy

        return numpy.asarray(self._podule.runtime.value(self._podule), dtype=dtype)

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return self._podule.runtime.get_attribute(self._podule, "__doc__")

    def __reduce__(self) -> Any:
        raise TypeError("a remote object cannot be pickled: it lives in its worker")


_REMOTE_DUNDERS = frozenset(
    "__name__ __qualname__ __version__ __file__ __path__ __all__ __annotations__ __members__ __text_signature__".split()
)


def _operate(operator: str, *operands: Any) -> Any:
    for operand in operands:
        if isinstance(operand, RemoteObjectProxy):
            return operand._podule.runtime.operate(operator, operands)
    raise TypeError("no remote operand")


def _binary(operator: str) -> Any:
    def method(self: RemoteObjectProxy, other: Any) -> Any:
        return _operate(operator, self, other)

    return method


def _reflected(operator: str) -> Any:
    def method(self: RemoteObjectProxy, other: Any) -> Any:
        return _operate(operator, other, self)

    return method


def _unary(operator: str) -> Any:
    def method(self: RemoteObjectProxy) -> Any:
        return _operate(operator, self)

    return method


def _item(operator: str) -> Any:
    def method(self: RemoteObjectProxy, *operands: Any) -> Any:
        return _operate(operator, self, *operands)

    return method


def _add_operators() -> None:
    arithmetic = "add sub mul matmul truediv floordiv mod pow lshift rshift and or xor".split()
    for name in arithmetic:
        operator = name + "_" if name in ("and", "or") else name
        setattr(RemoteObjectProxy, f"__{name}__", _binary(operator))
        setattr(RemoteObjectProxy, f"__r{name}__", _reflected(operator))
        setattr(RemoteObjectProxy, f"__i{name}__", _binary("i" + name))
    for name in "lt le eq ne gt ge".split():
        setattr(RemoteObjectProxy, f"__{name}__", _binary(name))
    for name in "neg pos invert abs".split():
        setattr(RemoteObjectProxy, f"__{name}__", _unary(name))
    for name in "getitem setitem delitem".split():
        setattr(RemoteObjectProxy, f"__{name}__", _item(name))
    for name in "trunc floor ceil".split():
        setattr(RemoteObjectProxy, f"__{name}__", _unary(name))


_add_operators()
