"""A module for the tests of the TypeScript client."""

import asyncio
import contextlib
import enum
import time


class Color(enum.Enum):
    RED = 1


class Counter:
    """Counts."""

    def __init__(self, start=0):
        self.value = start
        self.items = {}

    def up(self, by=1):
        self.value += by
        return self

    def __iter__(self):
        return iter(range(self.value))

    def __len__(self):
        return self.value

    def __add__(self, other):
        return Counter(self.value + (other.value if isinstance(other, Counter) else other))

    __radd__ = __add__

    def __getitem__(self, key):
        return self.items[key] if isinstance(key, str) else list(range(self.value))[key]

    def __setitem__(self, key, value):
        self.items[key] = value

    def __delitem__(self, key):
        del self.items[key]


answer = 42
entered = []


def echo(value=None, **kwargs):
    return [value, kwargs] if kwargs else value


def type_name(value):
    return type(value).__name__


def add(a, b):
    return a + b


def fail(message="no"):
    raise ValueError(message)


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def numbers(count):
    yield from range(count)


async def later(value):
    await asyncio.sleep(0.01)
    return value


async def async_numbers(count):
    for number in range(count):
        await asyncio.sleep(0)
        yield number


def apply(function, *args, **kwargs):
    return function(*args, **kwargs)


def apply_caught(function):
    try:
        return function()
    except ValueError as error:
        return f"caught {error}"


@contextlib.contextmanager
def manager(name):
    entered.append(name)
    try:
        yield name.upper()
    except ValueError as error:
        entered.append(f"{name} {error}")
    finally:
        entered.append(f"{name} left")


def blob(size):
    return b"\x07" * size


def size(value):
    return len(value)


def exit_now():
    import os

    os._exit(3)
