"""FlexAttention over a token trie: one compiled kernel for a whole trie, on GPUs. No GPU has run it yet."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from probe.engine.copies import to_device

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch.nn.attention.flex_attention import BlockMask

    from probe.prompts.trie import Trie

__all__ = ["attend_in_one_call", "trie_mask"]


def trie_mask(trie: Trie, window: int | None, device: torch.device) -> BlockMask:
    """Which blocks of nodes see each other: a key is the query or above it, and inside the window.

    Args:
        trie: What is read.
        window: How far back a layer sees, if it does not see everything.
        device: Where the layer computes.
    """
    from torch.nn.attention.flex_attention import create_block_mask  # noqa: PLC0415  costs seconds

    last, depths = to_device([trie.last, trie.depths], device)

    reach = trie.size if window is None else window
    return create_block_mask(
        lambda _batch, _head, query, key: (key <= query) & (query < last[key]) & (depths[query] - depths[key] < reach),
        *(None, None, trie.size, trie.size),
        device=str(device),
    )


def attend_in_one_call(
    query: Float[Tensor, "1 heads nodes width"],
    key: Float[Tensor, "1 groups nodes width"],
    value: Float[Tensor, "1 groups nodes depth"],
    mask: BlockMask,
    scaling: float | None,
) -> Float[Tensor, "1 heads nodes depth"]:
    """Attention of all nodes, with a mask from `trie_mask`."""
    grouped = query.shape[1] != key.shape[1]
    return _kernel()(query, key, value, block_mask=mask, scale=scaling, enable_gqa=grouped)


@cache
def _kernel() -> Callable[..., Tensor]:
    from torch.nn.attention.flex_attention import flex_attention  # noqa: PLC0415

    # Lengths are a variable of the kernel: a new one else compiles anew, which takes seconds.
    return torch.compile(flex_attention, dynamic=True)
