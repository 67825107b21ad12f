"""A module that does what modules should not."""

import asyncio
import ctypes
import gc
import os
import signal
import sys
import time


def add(a, b):
    return a + b


def pid():
    return os.getpid()


def sleep(seconds):
    time.sleep(seconds)
    return seconds


async def later(seconds):
    await asyncio.sleep(seconds)
    return seconds


def note(path, seconds):
    """Leaves in the file what ended its sleep."""
    try:
        time.sleep(seconds)
    except BaseException as error:
        with open(path, "w") as file:
            file.write(type(error).__name__)
        raise


def stuck(path, seconds):
    """Sleeps in C with the interpreter's lock held; no signal gets through."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG])
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    ctypes.PyDLL(None).sleep(seconds)


def leave(code):
    os._exit(code)


def segfault():
    ctypes.string_at(0)


def kill_self():
    os.kill(os.getpid(), 9)


def fail(text):
    raise ValueError(text)


def blob(size):
    return b"x" * size


def say(text):
    print(text)
    print(text + " on stderr", file=sys.stderr)


def count_up(path, size):
    """An endless generator; its end leaves the count in the file."""
    made = 0
    try:
        while True:
            made += 1
            yield b"x" * size
    finally:
        with open(path, "w") as file:
            file.write(str(made))


def count_to(end):
    yield from range(end)


def append(path, line):
    with open(path, "a") as file:
        file.write(line + "\n")
    return line


class Account:
    """An object that is missed when it is not dropped."""

    alive = 0

    def __init__(self, balance):
        self.balance = balance
        self.deposits = []
        Account.alive += 1

    def __del__(self):
        Account.alive -= 1

    def deposit(self, amount):
        self.balance += amount
        self.deposits.append(amount)
        return amount

    def deposits_once(self, count):
        """Whether 0, 1, 2... have come, in that order and each of them once."""
        return 1 if self.deposits == list(range(count)) else repr(self.deposits[:100])


def alive():
    gc.collect()
    return Account.alive


def apply(function, *args):
    return function(*args)


def note_callback(function, path):
    """Leaves in the file how the callback ended."""
    try:
        function()
    except BaseException as error:
        with open(path, "w") as file:
            file.write(type(error).__name__)
        raise


_hoard = []


def hoard(size):
    """Memory that stays."""
    _hoard.append(bytearray(b"x") * size)
    return size


def blobs(size, count):
    for _ in range(count):
        yield b"x" * size
