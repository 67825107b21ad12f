"""Code that uses opentelemetry-api by itself, and knows nothing of Podule."""

import asyncio
import time

from opentelemetry import trace


def current():
    context = trace.get_current_span().get_span_context()
    return [format(context.trace_id, "032x"), format(context.span_id, "016x")]


async def current_later():
    await asyncio.sleep(0.01)
    return current()


def items(count):
    for _ in range(count):
        yield current()


def fail():
    raise RuntimeError("It broke")


def reject():
    raise ValueError("Not that")


def rest(seconds):
    time.sleep(seconds)


def size(data):
    return len(data)


def zeros(count):
    return bytes(count)
