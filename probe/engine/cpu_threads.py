"""CPU threads of a forward pass: one, so that no bit depends on how many there are."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["computes_on_cpu", "one_thread_a_pass", "one_thread_here"]


def computes_on_cpu(device: str) -> bool:
    """Whether passes of a model that was asked for on `device` are the CPU's work."""
    return device == "cpu" or (device in {"auto", "offload"} and not torch.cuda.is_available())


@contextlib.contextmanager
def one_thread_a_pass(device: str) -> Iterator[int]:
    """Let each operation of torch on a CPU use one thread for a while; gives the number there were before.

    How threads share an operation moves last bits: matrix products cut sums by it, and what is computed element by
    element is computed otherwise where a share of it does not fill a vector.
    """
    before = torch.get_num_threads()
    if computes_on_cpu(device):
        torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)


def one_thread_here() -> None:
    """The same for a thread that is new: what OpenMP was told counts for the thread that told it."""
    torch.set_num_threads(1)
