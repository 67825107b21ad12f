"""The limit of a worker's memory: of its address space, which is what the system can refuse to give."""

from __future__ import annotations


def limit_memory(limit: int) -> None:
    """Inherited by forked workers. Python raises MemoryError beyond it."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
