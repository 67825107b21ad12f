"""Starts a thread as it is imported, and holds a lock in it."""

import os
import threading
import time

imported_by = os.getpid()
_held = threading.Lock()


def _hold():
    with _held:
        time.sleep(1000)


threading.Thread(target=_hold, daemon=True).start()


def who():
    return [imported_by, os.getpid(), threading.active_count()]
