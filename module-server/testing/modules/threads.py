"""A module that starts a thread: it cannot be forked. With FLAG, its second import ends the process."""

import os
import threading
import time

flag = os.environ.get("FLAG")
if flag:
    if os.path.exists(flag):
        os._exit(7)
    open(flag, "w").close()

threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()


def add(a, b):
    return a + b
