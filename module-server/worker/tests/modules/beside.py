"""Functions that show whether they run beside each other."""

import asyncio
import os
import sys
import threading
import time

_lock = threading.Lock()
_here = 0
_most = 0
_log = []


def _enter():
    global _here, _most
    with _lock:
        _here += 1
        _most = max(_most, _here)


def _leave():
    global _here
    with _lock:
        _here -= 1


def meet(count, patience=20.0):
    """Returns how many were here at once, when `count` were."""
    _enter()
    end = time.monotonic() + patience
    while _most < count and time.monotonic() < end:
        time.sleep(0.005)
    time.sleep(0.02)
    _leave()
    return _most


async def meet_later(count, patience=20.0):
    _enter()
    end = time.monotonic() + patience
    while _most < count and time.monotonic() < end:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)
    _leave()
    return _most


def spin(seconds):
    """Python code that never waits."""
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
    except BaseException as error:
        _log.append(type(error).__name__)
        raise
    return seconds


async def spin_later(seconds):
    return spin(seconds)


async def doze(seconds):
    try:
        _log.append("dozes")
        await asyncio.sleep(seconds)
    except BaseException as error:
        _log.append(type(error).__name__)
        raise
    return seconds


def logged():
    return list(_log)


def value_after(value, seconds):
    time.sleep(seconds)
    return value


async def value_later(value, seconds):
    await asyncio.sleep(seconds)
    return value


def add(left, right):
    return left + right


def fail(text):
    raise ValueError(text)


async def fail_later(text):
    await asyncio.sleep(0)
    raise ValueError(text)


def leave_politely():
    sys.exit(3)


async def leave_later():
    sys.exit(3)


def fork_and_return():
    pid = os.fork()
    return 0 if pid == 0 else os.waitpid(pid, 0)[1]


def count_to(count, seconds=0.0):
    try:
        for number in range(count):
            time.sleep(seconds)
            yield number
    finally:
        _log.append("closed")


async def ticks(count, seconds=0.0):
    try:
        for number in range(count):
            await asyncio.sleep(seconds)
            yield number
    finally:
        await asyncio.sleep(0)
        _log.append("closed")


def call_back(function):
    return function(1)


class Box:
    def __init__(self, value):
        self.value = value

    def get(self):
        return self.value


def slow_box(value, seconds):
    time.sleep(seconds)
    return Box(value)


async def slow_box_later(value, seconds):
    await asyncio.sleep(seconds)
    return Box(value)


def unbox(box):
    return box.value
