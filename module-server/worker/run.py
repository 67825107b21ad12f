"""Entry of the zygote.

python -I -B run.py --socket PATH --module NAME [--path DIR] [--memory-limit BYTES] --progress DIR
"""

import os
import sys

if __name__ == "__main__":
    # Isolated mode leaves this folder out of sys.path, and so it stays: what lies beside the package is not importable.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    # Compiled once for all pods: most of the time that this package takes to load. The user's module is not concerned.
    sys.pycache_prefix = os.environ.get("PODULE_BYTECODE_DIR") or None
    sys.dont_write_bytecode = sys.pycache_prefix is None
    import podule_worker.main

    sys.pycache_prefix = None
    sys.dont_write_bytecode = True
    del sys.path[0]
    podule_worker.main.main()
