"""Entry of the zygote.

python -I -B run.py --socket PATH --module NAME [--path DIR] [--memory-limit BYTES] --progress DIR
"""

import os
import sys

if __name__ == "__main__":
    # Isolated mode leaves this folder out of sys.path, and so it stays: what lies beside the package is not importable.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import podule_worker.main

    del sys.path[0]
    podule_worker.main.main()
