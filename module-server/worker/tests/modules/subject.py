"""What the tests call. Nothing here knows of the worker."""

import asyncio
import collections
import contextvars
import dataclasses
import enum
import os
import random
import signal
import sys
import threading
import time

print("subject is imported")

answer = 42
thing = object()
log = []
current = contextvars.ContextVar("current", default="none")


class Color(enum.Enum):
    RED = 1
    GREEN = "g"


class Power(enum.Flag):
    A = 1
    B = 2


Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Job:
    name: str
    size: int = 1
    seen: bool = dataclasses.field(default=False, init=False)

    def __post_init__(self):
        if self.size < 0:
            raise ValueError("size is negative")


class Box:
    def __init__(self, content):
        self.content = content

    @staticmethod
    def twice(value):
        return value * 2


def echo(*args, **kwargs):
    if kwargs:
        return (list(args), kwargs)
    return args[0] if len(args) == 1 else list(args)


def kind(value):
    return f"{type(value).__module__}.{type(value).__qualname__}"


def add(left, right=1, *, scale=1):
    return (left + right) * scale


def inner_type_error():
    return add(1, "x")


def deep_type_error(value):
    def need(one):
        return one

    return need()


def fail(name, *args):
    import builtins

    raise getattr(builtins, name)(*args)


def chain():
    try:
        {}["missing"]
    except KeyError as error:
        raise RuntimeError("could not look up") from error


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no words")


class VeryUnprintable(Exception):
    def __str__(self):
        sys.exit(3)


class Nameless(type):
    def __getattribute__(cls, name):
        if name == "__qualname__":
            raise SystemExit("no name")
        return super().__getattribute__(name)


class Untold(Exception, metaclass=Nameless):
    pass


def untold():
    raise Untold("secret")


def unprintable():
    raise Unprintable()


def very_unprintable():
    raise VeryUnprintable()


def long_error(size):
    raise ValueError("x" * size)


def recurse():
    return recurse()


def surrogates():
    return "\ud800"


def surrogate_error():
    raise ValueError("bad \ud800 text")


def wait(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
    return "done"


def sleep(seconds):
    time.sleep(seconds)
    return "slept"


def stubborn(seconds):
    """Swallows what should stop it, once."""
    try:
        time.sleep(seconds)
    except BaseException as error:
        return f"swallowed {type(error).__name__}"


def tidy(seconds):
    try:
        time.sleep(seconds)
    finally:
        log.append("tidied")


def logged():
    return list(log)


def forget():
    log.clear()


def leave(code):
    os._exit(code)


def leave_politely(code):
    sys.exit(code)


def interrupt():
    raise KeyboardInterrupt


def crash():
    import ctypes

    ctypes.string_at(0)


def fork_and_return():
    return "child" if os.fork() == 0 else "parent"


def fork_and_raise():
    if os.fork() == 0:
        raise RuntimeError("in the child")
    return "parent"


def pool():
    import multiprocessing

    with multiprocessing.get_context("fork").Pool(2) as workers:
        return workers.map(abs, [-1, -2, -3])


def spawn_pool():
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(1) as workers:
        return workers.map(abs, [-1, -2])


def run_command():
    import subprocess

    return subprocess.run([sys.executable, "-c", "print('hi')"], capture_output=True, text=True, check=True).stdout


def break_streams():
    sys.stdout = sys.stderr = None
    return "broken"


def close_stdout():
    os.close(1)
    return "closed"


def steal_signals():
    for number in (signal.SIGURG, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    return "stolen"


def alarm(seconds):
    def ring(_signal, _frame):
        raise ValueError("ring")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    return "set"


def exit_in_thread():
    thread = threading.Thread(target=sys.exit, args=(3,))
    thread.start()
    thread.join()
    return "joined"


def start_thread():
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
    return "started"


def allocate(size):
    return len(bytearray(size))


def draw():
    return random.random()


def draw_all():
    """From every source that a fork could double."""
    import ssl
    import uuid

    import numpy

    return [repr(random.random()), uuid.uuid4().hex, ssl.RAND_bytes(8).hex(), repr(float(numpy.random.random()))]


def pid():
    return os.getpid()


def arguments():
    return list(sys.argv)


def paths():
    return list(sys.path)


def group():
    return os.getpgid(0)


def show(text):
    print(text)


def open_files():
    return sorted(
        os.readlink(f"/proc/self/fd/{name}")
        for name in os.listdir("/proc/self/fd")
        if os.path.lexists(f"/proc/self/fd/{name}")
    )


def counter():
    n = 0
    try:
        while True:
            yield n
            n += 1
            log.append(n)
    finally:
        log.append("closed")


def count_to(n):
    yield from range(n)


def slow_count(n, seconds):
    for i in range(n):
        yield i
        time.sleep(seconds)


def stuck_after_one():
    try:
        yield 1
        time.sleep(1000)
    finally:
        log.append("unstuck")


def breaks_after(n):
    yield from range(n)
    raise LookupError("broken")


def objects():
    try:
        yield 1
        yield object()
    finally:
        log.append("objects closed")


def contexts():
    current.set("stream")
    yield current.get()
    yield current.get()


def context():
    return current.get()


async def later(value, seconds=0.0):
    await asyncio.sleep(seconds)
    return value


async def busy(seconds):
    wait(seconds)


async def tidy_later(seconds):
    try:
        await asyncio.sleep(seconds)
    finally:
        log.append("tidied later")


async def ticks(n, seconds=0.0):
    try:
        for i in range(n):
            await asyncio.sleep(seconds)
            yield i
    finally:
        log.append("ticks closed")


async def loop_name():
    return id(asyncio.get_running_loop())


def run_own_loop():
    return asyncio.run(later(5))


def make_color():
    return Color.GREEN


def make_point():
    return Point(1, [2])


def make_job():
    return Job("j", 3)


def make_power():
    return Power.A | Power.B


def set_answer(value):
    global answer
    answer = value


def replace_add():
    global add
    add = max


def hoard(size):
    kept = []
    while True:
        kept.append(bytearray(size))


def zeros(kind, size):
    return {"bytes": bytes, "bytearray": bytearray}[kind](size)
