"""What the C library does with freed memory: by default it goes back to the system and comes again page by page."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["give_freed_memory_back", "keep_freed_memory"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_MOST = 2**31 - 1


def keep_freed_memory() -> None:
    """Let what a forward pass frees be there for the next one; of glibc alone, elsewhere nothing happens.

    A layer's activations are tens of megabytes, which glibc asks the system for and gives back with every operation.
    The system fills each page with zeros again, which is a tenth and more of a pass on one thread.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _MOST)
        mallopt(_TRIM_THRESHOLD, _MOST)


def give_freed_memory_back() -> None:
    """Give the system all memory that is free; of glibc alone."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function of the C library; None where there is none, as on other systems than Linux."""
    try:
        function: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None
    return function
