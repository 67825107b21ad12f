"""What the faults are counted by: a call that ran twice is told from one that ran once."""

import collections
import time

_seen = collections.Counter()


def once(key, seconds=0.0):
    """How often it has been called with the key by now: 1 where nothing ran twice."""
    _seen[key] += 1
    if seconds:
        time.sleep(seconds)
    return _seen[key]
