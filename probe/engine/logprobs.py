"""From rows of logits to natural log-probabilities in float64, a few rows at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Boundary", "RowLogProbs", "describe_following", "describe_rows"]

_BLOCK = {"cpu": 2**18, "cuda": 2**25}
"""Logits that are held in float64 at a time; on a CPU few enough to stay in its cache."""


@dataclass(frozen=True, eq=False)
class Boundary:
    """Which tokens cannot continue a word, laid out once for each device and width of logits.

    Attributes:
        ends: For each token id, whether it cannot; logits may be wider or narrower than the tokenizer.
    """

    ends: NDArray[np.bool_]
    _laid: dict[tuple[torch.device, int, str], Tensor] = field(default_factory=dict)

    def mask(self, device: torch.device, width: int) -> Float64[Tensor, " vocabulary"]:
        """One for such a token, else zero."""
        key = device, width, "mask"
        if key not in self._laid:
            found = np.zeros(width, dtype=np.float64)
            found[: min(width, self.ends.size)] = self.ends[:width]
            self._laid[key] = torch.from_numpy(found).to(device)
        return self._laid[key]

    def tokens(self, device: torch.device, width: int) -> Int64[Tensor, " tokens"]:
        """Their ids, ascending."""
        key = device, width, "tokens"
        if key not in self._laid:
            self._laid[key] = torch.from_numpy(np.flatnonzero(self.ends[:width])).to(device)
        return self._laid[key]


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


def describe_rows(logits: Float[Tensor, "rows vocabulary"], boundary: Boundary) -> RowLogProbs:
    """Normaliser, boundary mass and most probable token of every row, in float64.

    Args:
        logits: As the model gave them.
        boundary: Which tokens cannot continue a word.
    """
    width = logits.shape[1]
    ends = boundary.mask(logits.device, width)
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


def describe_following(
    logits: Float[Tensor, "rows vocabulary"],
    boundary: Boundary,
    row: Int64[Tensor, " following"],
    token: Int64[Tensor, " following"],
) -> list[Float64[Tensor, " any"]]:
    """What `describe_rows` says of every row, and how probable tokens are behind some of them; all of it in float64.

    Args:
        logits: As the model gave them.
        boundary: Which tokens cannot continue a word.
        row: Behind which row each token stands.
        token: Its id.

    Returns:
        Boundary mass, most probable token and its log-probability of each row; log-probability of each token.
    """
    behind = logits[row, token].double()  # before float64 logits are worked on where they lie
    said = describe_rows(logits, boundary)
    return [said.boundary, said.top.double(), said.top_logprob, behind - said.normaliser[row]]
