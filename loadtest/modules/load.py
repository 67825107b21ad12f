"""What the scenarios call: work that takes a known time."""

import time


def cpu(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def sleep(seconds):
    time.sleep(seconds)


def slowly(items, seconds):
    for item in range(items):
        time.sleep(seconds)
        yield item


def large(items, size):
    for _ in range(items):
        yield bytes(size)
