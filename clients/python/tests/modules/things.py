"""What the tests of the client call."""

import asyncio
import enum
import gc
import time
from collections import namedtuple
from dataclasses import dataclass

LIMIT = 7
Point = namedtuple("Point", "x y")


class Color(enum.Enum):
    RED = 1


@dataclass
class Pair:
    left: int
    right: int


class Trouble(ValueError):
    """Of the module's own."""


class Number:
    """A number with every operator."""

    live = 0

    def __init__(self, value):
        self.value = value
        type(self).live += 1

    def __del__(self):
        type(self).live -= 1

    def __repr__(self):
        return f"Number({self.value})"

    def __hash__(self):
        return 99

    def __int__(self):
        return self.value

    __index__ = __int__

    def __float__(self):
        return float(self.value)

    def __complex__(self):
        return complex(self.value)

    def __bool__(self):
        return self.value != 0

    def __bytes__(self):
        return bytes([self.value])

    def __format__(self, spec):
        return f"<{self.value}:{spec}>"

    def __round__(self, digits=None):
        return round(self.value, digits)

    def __neg__(self):
        return Number(-self.value)

    def __abs__(self):
        return Number(abs(self.value))

    def __divmod__(self, other):
        return divmod(self.value, _plain(other))

    def __rdivmod__(self, other):
        return divmod(_plain(other), self.value)

    def __eq__(self, other):
        return self.value == _plain(other)

    def __lt__(self, other):
        return self.value < _plain(other)

    def __ge__(self, other):
        return not self < other

    def __iadd__(self, other):
        self.value += _plain(other)
        return self

    def add(self, amount=1):
        self.value += amount
        return self

    async def later(self):
        await asyncio.sleep(0.001)
        return self.value


def _plain(other):
    return other.value if isinstance(other, Number) else other


def _operator(name):
    def method(self, other):
        return Number(getattr(self.value, f"__{name}__")(_plain(other)))

    def reflected(self, other):
        return Number(getattr(_plain(other), f"__{name}__")(self.value))

    setattr(Number, f"__{name}__", method)
    setattr(Number, f"__r{name}__", reflected)


for _name in "add sub mul truediv floordiv mod pow lshift rshift and or xor".split():
    _operator(_name)


class Shelf:
    """A container that is no value."""

    def __init__(self, *items):
        self.items = list(items)
        self.log = []

    def __len__(self):
        return len(self.items)

    def __getitem__(self, key):
        return self.items[key]

    def __setitem__(self, key, value):
        self.items[key] = value

    def __delitem__(self, key):
        del self.items[key]

    def __contains__(self, item):
        return item in self.items

    def __iter__(self):
        return iter(self.items)

    def __enter__(self):
        self.log.append("enter")
        return self

    def __exit__(self, kind, error, traceback):
        self.log.append(f"exit {kind.__name__ if kind else None} {error}")
        return kind is KeyError


def live():
    gc.collect()
    return Number.live


def count(limit):
    yield from range(limit)


async def acount(limit):
    for number in range(limit):
        yield number


def numbers(limit):
    return [Number(n) for n in range(limit)]


def total(numbers):
    return sum(_plain(number) for number in numbers)


def apply(function, *args, **kwargs):
    return function(*args, **kwargs)


def apply_each(function, items):
    return [function(item) for item in items]


def fail(message="no"):
    raise Trouble(message)


def fail_key():
    return {}["missing"]


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def describe(value):
    return f"{type(value).__name__} {value!r}"


def same(value):
    return value


def point():
    return Point(1, 2)


def pair():
    return Pair(1, 2)


def color():
    return Color.RED


def catch(function):
    try:
        function()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
