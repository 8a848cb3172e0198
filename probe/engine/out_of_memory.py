"""Out of memory, distinguished from every other failure of a forward pass."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from probe.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NoMemoryError", "telling_out_of_memory"]

_SIGNS = re.compile(r"out of memory|can't allocate memory|not enough memory|ALLOC_FAILED", re.IGNORECASE)


class NoMemoryError(EnvironmentFault):
    """A pack needs more memory than there is; a smaller budget may fit."""


@contextmanager
def telling_out_of_memory(name: str, budget: int) -> Iterator[None]:
    """Raise `NoMemoryError` where the block runs out of memory, on a GPU or on the CPU.

    Raises:
        NoMemoryError: The block asked for more memory than there is.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        known = isinstance(error, torch.OutOfMemoryError | MemoryError)
        if not known and not _SIGNS.search(str(error)):
            raise
        failed = NoMemoryError(
            f"{name}: no memory for a forward pass of {budget} tokens. Use --pack-tokens with a smaller number, a "
            "smaller model, or a device with more memory."
        )
    else:
        return
    # Raised outside of the handler: the traceback of the failure would keep its tensors alive.
    raise failed
