"""Between host and device: what belongs together goes in one copy, since every copy is a wait of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["to_device", "to_host"]

_ALIGNED = 16
"""Bytes to whose multiples the parts of a copy begin, as every dtype can lie there."""


def to_device(arrays: Sequence[NDArray[Any] | Tensor], device: torch.device, *, pinned: bool = False) -> list[Tensor]:
    """Arrays as tensors on a device, by one copy; on a CPU they stay where they are.

    Args:
        arrays: On the host, of any shapes and dtypes.
        device: Where they go.
        pinned: Whether from memory that the device can reach, so that nobody waits for the copy.
    """
    tensors = [torch.from_numpy(one) if isinstance(one, np.ndarray) else one for one in arrays]
    if device.type == "cpu" or not tensors:
        return tensors
    starts = np.cumsum([0, *(-(-one.nbytes // _ALIGNED) * _ALIGNED for one in tensors)]).tolist()
    together = torch.empty(starts[-1], dtype=torch.uint8, pin_memory=pinned)
    for one, part in zip(tensors, _parts(together, tensors, starts), strict=True):
        part.copy_(one)
    return _parts(together.to(device, non_blocking=pinned), tensors, starts)


def to_host(rows: Sequence[Tensor], *, pinned: bool = False) -> Callable[[], list[NDArray[np.float64]]]:
    """Rows of float64 numbers of one device on their way to the host, by one copy; what comes back waits for them.

    Args:
        rows: What is computed, or will be.
        pinned: Whether the copy begins now, and only work before it is waited for, so that other work may follow it.
    """
    together = rows[0] if len(rows) == 1 else torch.cat(tuple(rows))
    ends = np.cumsum([row.numel() for row in rows[:-1]]).tolist()
    if not pinned or together.device.type == "cpu":
        return lambda: np.split(together.cpu().numpy(), ends)
    arrived = torch.empty(together.shape, dtype=together.dtype, pin_memory=True)
    arrived.copy_(together, non_blocking=True)
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record(torch.cuda.current_stream(together.device))

    def wait() -> list[NDArray[np.float64]]:
        event.synchronize()
        return np.split(arrived.numpy(), ends)

    return wait


def _parts(together: Tensor, tensors: Sequence[Tensor], starts: Sequence[int]) -> list[Tensor]:
    return [
        together[start : start + one.nbytes].view(one.dtype).view(one.shape)
        for one, start in zip(tensors, starts, strict=False)
    ]
