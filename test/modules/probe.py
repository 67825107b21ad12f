"""What the tests call: values and where they come from, and every way in which user code goes wrong."""

import collections
import ctypes
import dataclasses
import enum
import itertools
import os
import pathlib
import signal
import sys
import threading
import time


class Colour(enum.Enum):
    RED = 1
    BLUE = "blue"


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2


Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Order:
    item: str
    amount: int = 1
    parts: list = dataclasses.field(default_factory=list)


class Opaque:
    pass


class Witness:
    """Tells by a file when it is gone."""

    def __init__(self, path):
        self.path = path

    def __del__(self):
        pathlib.Path(self.path).write_text("gone")


class Refusal(ValueError):
    def __init__(self, message, code):
        super().__init__(message, code)


def echo(*args, **kwargs):
    return args[0] if len(args) == 1 and not kwargs else (args, kwargs)


def describe(value):
    """The type and repr, by which the far end's view of a value is told."""
    return f"{type(value).__module__}.{type(value).__qualname__}: {value!r}"


def array_facts(array):
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "fortran": bool(array.flags.f_contiguous and not array.flags.c_contiguous),
        "list": array.tolist() if array.dtype.kind in "biuf" else str(array.tolist()),
    }


def colour(name):
    return Colour[name]


def point():
    return Point(1, "two")


def order():
    return Order("tea", 2, [Point(0, 0), None])


def opaque():
    return Opaque()


def cycle():
    items = [1]
    items.append({"again": items})
    return items


def shared():
    inner = [1]
    return {"first": inner, "second": inner}


def deep(levels):
    value = 0
    for _ in range(levels):
        value = [value]
    return value


TALLIES = collections.Counter()


def tally(key):
    """How often it has been called with the key by now: more than once is a call that ran twice."""
    TALLIES[key] += 1
    return TALLIES[key]


def tallies(prefix):
    return sorted(TALLIES[key] for key in TALLIES if key.startswith(prefix))


def pid():
    return os.getpid()


def parent_pid():
    return os.getppid()


def refuse(message="no", code=7):
    raise Refusal(message, code)


def wrapped():
    try:
        {}["missing"]
    except KeyError as error:
        raise RuntimeError("could not look it up") from error


def sleep_and_tell(path, seconds):
    """Writes what ended the sleep."""
    try:
        time.sleep(seconds)
        pathlib.Path(path).write_text("slept")
    except BaseException as error:
        pathlib.Path(path).write_text(type(error).__name__)
        raise


def stubborn(seconds):
    """Swallows every interruption."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            time.sleep(0.05)
        except BaseException:
            pass


def stuck_in_c():
    """Never comes back from C: no Python code runs any more, no signal handler either."""
    collections.deque(itertools.repeat(0), maxlen=0)


def leave(code):
    os._exit(code)


def exit_politely(code):
    sys.exit(code)


def segfault():
    ctypes.string_at(0)


def kill_me(number=signal.SIGKILL):
    os.kill(os.getpid(), number)
    time.sleep(60)


def hog(megabytes):
    return len(bytearray(megabytes << 20))


def recurse():
    return recurse()


def say(out, err):
    print(out, flush=True)
    print(err, file=sys.stderr, flush=True)


def say_bytes(hexadecimal):
    os.write(1, bytes.fromhex(hexadecimal))


def threads():
    return threading.active_count()


def count(stop, pause=0.0):
    for number in range(stop):
        yield number
        if pause:
            time.sleep(pause)


def endless(path, size=0):
    """Items until the reader stops; then writes how many were made."""
    made = 0
    try:
        while True:
            yield made if size == 0 else bytes(size)
            made += 1
    finally:
        pathlib.Path(path).write_text(str(made))


def break_after(number):
    yield from range(number)
    raise RuntimeError("broke")


def hold(started, release):
    """Tells by a file that it runs, and ends once the other file is there."""
    pathlib.Path(started).write_text(str(os.getpid()))
    while not os.path.exists(release):
        time.sleep(0.01)
    return "held"
