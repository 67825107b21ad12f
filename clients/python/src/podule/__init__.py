"""Podule: any Python module as a gRPC service, used from here as if it were local.

>>> import podule
>>> np = podule.module("numpy", dependency=["numpy==2.3.*"])
>>> np.sum(np.array([1, 2, 3, 4]))
10

`podule.aio` is the same for asyncio.
"""

from ._client import Client, client, help, module, using, value
from ._errors import DeadlineExceeded, PoduleError, RemoteError, RemoteTraceback, SessionLost
from ._evaluate import evaluate
from ._importing import importer, remote_imports
from ._proxy import RemoteObjectProxy
from ._settings import keep, timeout, trace
from ._splice import ModuleProxy, PodManagerProxy

__version__ = "0.1.0"

__all__ = [
    "Client",
    "DeadlineExceeded",
    "ModuleProxy",
    "PodManagerProxy",
    "PoduleError",
    "RemoteError",
    "RemoteObjectProxy",
    "RemoteTraceback",
    "SessionLost",
    "client",
    "evaluate",
    "help",
    "importer",
    "keep",
    "module",
    "remote_imports",
    "timeout",
    "trace",
    "using",
    "value",
]
