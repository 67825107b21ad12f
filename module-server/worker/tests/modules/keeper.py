"""What the tests of sessions call."""

import asyncio
import gc
import resource
import time


class Account:
    """Money of one person."""

    alive = 0
    rate = 0.5

    def __init__(self, balance=0):
        self.balance = balance
        self.history = [balance]
        Account.alive += 1

    def __del__(self):
        Account.alive -= 1

    def deposit(self, amount, note=""):
        if amount < 0:
            raise ValueError("an amount is positive")
        self.balance += amount
        self.history.append(amount)
        return self

    def merge(self, others):
        return Account(self.balance + sum(other.balance for other in others))

    async def later(self):
        await asyncio.sleep(0.001)
        return self.balance

    def __add__(self, other):
        return Account(self.balance + (other.balance if isinstance(other, Account) else other))

    def __rsub__(self, other):
        return other - self.balance

    def __len__(self):
        return len(self.history)

    def __bool__(self):
        return self.balance != 0

    def __getitem__(self, index):
        return self.history[index]

    def __setitem__(self, index, value):
        self.history[index] = value

    def __contains__(self, amount):
        return amount in self.history

    def __iter__(self):
        return iter(self.history)

    def __eq__(self, other):
        return isinstance(other, Account) and self.balance == other.balance

    def __hash__(self):
        return hash(self.balance)

    def __enter__(self):
        self.history.append("entered")
        return self

    def __exit__(self, kind, error, trace):
        self.history.append(f"left by {kind.__name__}: {error}" if kind else "left")
        return kind is KeyError


class Lost(LookupError):
    pass


def lose():
    raise Lost("gone")


def alive():
    gc.collect()
    return Account.alive


def pair():
    return (Account(1), {"two": Account(2)}, 3)


def cycle():
    loop = []
    loop.append(loop)
    return loop


def apply(function, *args):
    return function(*args)


def apply_slowly(function, value):
    time.sleep(0.2)
    return function(value)


def map_all(function, values):
    return [function(value) for value in values]


def apply_or(function, default):
    try:
        return function()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def blob(size):
    return b"x" * size


def blobs(size, count):
    for number in range(count):
        yield bytes([number]) * size


def accounts(count):
    for number in range(count):
        yield Account(number)


async def numbers(count):
    for number in range(count):
        await asyncio.sleep(0)
        yield number


def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
