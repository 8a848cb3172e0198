"""The plain reader: equal-length, unpadded batches within one pack, in canonical order."""

from __future__ import annotations

import copy
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int
from torch import Tensor
from transformers.cache_utils import Cache

from probe.errors import ModelError
from probe.prompts.pack import PromptReading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from probe.prompts.pack import Pack, Prompt, TokenIds

__all__ = ["PlainReader", "next_token_logprobs", "read_alone"]


@dataclass(frozen=True)
class PlainReader:
    """Reads the prompts of a pack in batches of equal length, so that no token is ever padding.

    One pass over the prompts, then one short pass per continuation on a copy of the cache. What stands in a batch
    depends on the pack and its budget alone.

    Attributes:
        model: A causal language model in evaluation mode, with its projection in float32.
        boundary: For each token id, whether it cannot continue a word.
        name: How errors call the model.
    """

    model: PreTrainedModel
    boundary: NDArray[np.bool_]
    name: str

    @torch.inference_mode()
    def read(self, pack: Pack) -> tuple[PromptReading, ...]:
        """Read every prompt of `pack`, in its order.

        Raises:
            ModelError: The model returned something that is not a finite log-probability.
        """
        readings: dict[int, PromptReading] = {}
        for rows in _batches(pack):
            prompts = [pack.prompts[row] for row in rows]
            readings.update(zip(rows, self._read_batch(prompts), strict=True))
        return tuple(readings[row] for row in range(len(pack.prompts)))

    def _read_batch(self, prompts: Sequence[Prompt]) -> list[PromptReading]:
        ids = torch.tensor([prompt.input_ids for prompt in prompts], device=self.model.device)
        out = self.model(input_ids=ids, use_cache=True, logits_to_keep=1)
        first = _log_softmax(out.logits[:, -1])
        scores, boundaries = [], []
        for slot in range(len(prompts[0].continuations)):
            tokens = torch.tensor([p.continuations[slot] for p in prompts], device=ids.device)
            score, boundary = self._follow(first, out.past_key_values, tokens, ids.shape[1])
            scores.append(score.tolist())
            boundaries.append(boundary.tolist())
        top = first.max(dim=-1)
        self._refuse_non_finite(first, scores)
        return [
            PromptReading(
                tuple(score[row] for score in scores),
                tuple(boundary[row] for boundary in boundaries),
                int(top.indices[row]),
                float(top.values[row]),
            )
            for row in range(len(prompts))
        ]

    def _follow(
        self,
        first: Float64[Tensor, "batch vocabulary"],
        cache: Cache,
        tokens: Int[Tensor, "batch length"],
        start: int,
    ) -> tuple[Float64[Tensor, " batch"], Float64[Tensor, " batch"]]:
        """Log-probability of `tokens` after the prompt, and the probability of a boundary behind them."""
        length = tokens.shape[1]
        positions = torch.arange(start, start + length, device=tokens.device).expand(tokens.shape[0], -1)
        out = self.model(
            input_ids=tokens,
            position_ids=positions,
            past_key_values=copy.deepcopy(cache),
            use_cache=True,
            logits_to_keep=length,
        )
        after = _log_softmax(out.logits)
        score = first.gather(1, tokens[:, :1])[:, 0]
        if length > 1:
            score = score + after[:, :-1].gather(2, tokens[:, 1:, None])[..., 0].sum(dim=1)
        return score, after[:, -1][:, self._boundary(after)].exp().sum(dim=-1)

    def _boundary(self, logprobs: Float64[Tensor, "... vocabulary"]) -> Bool[Tensor, " vocabulary"]:
        """The boundary mask at the width of the logits, which may differ from the tokenizer's size."""
        width = logprobs.shape[-1]
        mask = np.zeros(width, dtype=np.bool_)
        mask[: min(width, self.boundary.size)] = self.boundary[:width]
        return torch.from_numpy(mask).to(logprobs.device)

    def _refuse_non_finite(self, first: Tensor, scores: Sequence[Sequence[float]]) -> None:
        if not np.isfinite(scores).all() or torch.isnan(first).any():
            raise ModelError(
                f"{self.name}: the model returned logits that are not finite numbers. Its weights are damaged, or "
                "this dtype overflows: try --dtype float32 or bfloat16."
            )


@torch.inference_mode()
def read_alone(model: PreTrainedModel, prompt: Prompt) -> tuple[float, ...]:
    """Log-probabilities of a prompt's continuations, one sequence to a forward pass, no batch and no cache.

    The reference that the numeric floor is measured against.
    """
    scores: list[float] = []
    passes: dict[TokenIds, Tensor] = {}
    for continuation in prompt.continuations:
        total = 0.0
        for i, token in enumerate(continuation):
            sequence = prompt.input_ids + continuation[:i]
            if sequence not in passes:
                passes[sequence] = next_token_logprobs(model, sequence)
            total += float(passes[sequence][token])
        scores.append(total)
    return tuple(scores)


@torch.inference_mode()
def next_token_logprobs(model: PreTrainedModel, sequence: TokenIds) -> Float64[Tensor, " vocabulary"]:
    """Natural log-probabilities of every next token after one sequence, in one pass."""
    ids = torch.tensor([sequence], device=model.device)
    return _log_softmax(model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[0, -1])


def _log_softmax(logits: Tensor) -> Float64[Tensor, "... vocabulary"]:
    return torch.log_softmax(logits.double(), dim=-1)


def _batches(pack: Pack) -> Iterator[list[int]]:
    """Rows of prompts of one shape (length, and lengths of their continuations), at most `budget` tokens each."""
    shapes: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, prompt in enumerate(pack.prompts):
        shapes[len(prompt.input_ids), *map(len, prompt.continuations)].append(row)
    for shape, rows in sorted(shapes.items()):
        size = max(1, pack.budget // shape[0])
        for start in range(0, len(rows), size):
            yield rows[start : start + size]
