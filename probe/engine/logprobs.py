"""From rows of logits to natural log-probabilities in float64, a few rows at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["RowLogProbs", "describe_rows"]

_BLOCK = {"cpu": 2**18, "cuda": 2**25}
"""Logits that are held in float64 at a time; on a CPU few enough to stay in its cache."""


@dataclass(frozen=True)
class RowLogProbs:
    """What is wanted of rows of logits, each over its whole vocabulary.

    Attributes:
        normaliser: Log of the sum of the exponentials: what a logit minus it is a log-probability.
        boundary: Probability of the tokens that cannot continue a word.
        top: The most probable token.
        top_logprob: Its log-probability.
    """

    normaliser: Float64[Tensor, " rows"]
    boundary: Float64[Tensor, " rows"]
    top: Int64[Tensor, " rows"]
    top_logprob: Float64[Tensor, " rows"]


def describe_rows(logits: Float[Tensor, "rows vocabulary"], boundary: NDArray[np.bool_]) -> RowLogProbs:
    """Normaliser, boundary mass and most probable token of every row, in float64.

    Args:
        logits: As the model gave them.
        boundary: For each token id, whether it cannot continue a word; the vocabulary may be of another size.
    """
    width = logits.shape[1]
    mask = np.zeros(width, dtype=np.float64)
    mask[: min(width, boundary.size)] = boundary[:width]
    ends = torch.from_numpy(mask).to(logits.device)
    best = logits.max(dim=1)
    top = best.values.double()
    sums, masses = torch.empty_like(top), torch.empty_like(top)
    # At least two rows, so that a sum's order never depends on how many threads there are.
    size = max(2, _BLOCK.get(logits.device.type, _BLOCK["cuda"]) // width)
    count = max(1, logits.shape[0] // size)
    for rows in torch.arange(logits.shape[0]).tensor_split(count):
        where = slice(int(rows[0]), int(rows[-1]) + 1)
        powers = logits[where].double().sub_(top[where, None]).exp_()
        sums[where] = powers.sum(dim=1)
        masses[where] = powers.mul_(ends).sum(dim=1)
    return RowLogProbs(top + sums.log(), masses / sums, best.indices, -sums.log())
