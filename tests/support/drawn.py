"""Packs of drawn tokens, and how far two readings of one are from each other."""

from __future__ import annotations

import numpy as np

from probe.prompts.pack import Pack, Prompt

__all__ = ["BOUNDARY", "PACK", "VOCABULARY", "apart", "drawn"]

VOCABULARY = 211
BOUNDARY = np.arange(VOCABULARY) % 3 == 0


def drawn(count=4, stem=20):
    """`count` prompts of two lengths that begin alike."""
    rng = np.random.default_rng(5)
    first = tuple(rng.integers(0, VOCABULARY, stem).tolist())
    return Pack(
        tuple(Prompt((*first[: stem - row % 2], row, 7, 8 + row // 2), ((1,), (2, 3))) for row in range(count)), 4096
    )


PACK = drawn()


def apart(one, other, *, tops=True):
    """Largest difference in any number; `tops`: and the same tokens on top."""
    pairs = [
        (x, y)
        for a, b in zip(one, other, strict=True)
        for x, y in zip(
            (*a.logprobs, *a.boundaries, a.top_logprob), (*b.logprobs, *b.boundaries, b.top_logprob), strict=True
        )
    ]
    assert not tops or [a.top_token_id for a in one] == [b.top_token_id for b in other]
    return max(abs(x - y) for x, y in pairs)
