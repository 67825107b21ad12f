"""A module that does what modules should not."""

import ctypes
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
