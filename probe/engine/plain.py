"""The plain reader: equal-length, unpadded batches within one pack, in canonical order."""

from __future__ import annotations

import copy
import itertools
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from jaxtyping import Float64, Int
from torch import Tensor
from transformers.cache_utils import Cache

from probe.engine.copies import to_device, to_host
from probe.engine.logprobs import Boundary
from probe.engine.mixers import narrowest_row
from probe.engine.node_readings import all_finite
from probe.engine.placement import input_device
from probe.engine.rope import depends_on_length
from probe.prompts.pack import PromptReading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from probe.prompts.pack import Pack, Prompt, TokenIds

__all__ = ["PlainReader", "branch_cache", "next_token_logprobs", "read_alone"]


T = TypeVar("T")

FOLLOWERS = 2
"""Cached tokens that one pass over continuations may hold, in multiples of the pack's budget."""


@dataclass(frozen=True)
class PlainReader:
    """Reads the prompts of a pack in batches of equal length, so that no token is ever padding.

    One pass over the prompts, then one short pass over all their continuations of one length, on branches of the
    cache. What stands in a batch depends on the pack and its budget alone.

    Attributes:
        model: A causal language model in evaluation mode, with its projection in float32.
        boundary: For each token id, whether it cannot continue a word.
        name: How errors call the model.
    """

    model: PreTrainedModel
    boundary: NDArray[np.bool_]
    name: str

    def of(self, model: PreTrainedModel) -> PlainReader:
        """The same way of reading another model."""
        return replace(self, model=model)

    @torch.inference_mode()
    def read(self, pack: Pack) -> tuple[PromptReading, ...]:
        """Read every prompt of `pack`, in its order.

        Raises:
            ModelError: The model returned something that is not a finite log-probability.
        """
        readings: dict[int, PromptReading] = {}
        for rows in _batches(pack):
            prompts = [pack.prompts[row] for row in rows]
            readings.update(zip(rows, self._read_batch(prompts, pack.budget), strict=True))
        return all_finite(readings, self.name)

    def _read_batch(self, prompts: Sequence[Prompt], budget: int) -> list[PromptReading]:
        sequences = np.array([prompt.input_ids for prompt in prompts])
        groups = list(_followers(prompts, max(1, FOLLOWERS * budget // sequences.shape[1])))
        arrays = [array for rows, _, tokens in groups for array in (np.array(rows), np.array(tokens))]
        ids, *followers = to_device([sequences, *arrays], input_device(self.model))
        whole = depends_on_length(self.model.config.get_text_config())
        out = self.model(input_ids=ids, use_cache=not whole, logits_to_keep=1)
        cache = None if whole else getattr(out, "past_key_values", None)
        first = _log_softmax(out.logits[:, -1])
        best = first.max(dim=-1)
        said = [best.indices.double(), best.values]
        for where, follow in zip(followers[::2], followers[1::2], strict=True):
            after = (
                self._after(ids[where], follow) if cache is None else self._continue(cache, where, follow, ids.shape[1])
            )
            said += self._follow(first, where, after, follow)
        top, top_logprob, *numbers = to_host(said)()
        scores = [[0.0] * len(prompt.continuations) for prompt in prompts]
        boundaries = [[0.0] * len(prompt.continuations) for prompt in prompts]
        for (rows, slots, _), one, two in zip(groups, numbers[::2], numbers[1::2], strict=True):
            for row, slot, score, boundary in zip(rows, slots, one.tolist(), two.tolist(), strict=True):
                scores[row][slot], boundaries[row][slot] = score, boundary
        return [
            PromptReading(tuple(scores[row]), tuple(boundaries[row]), int(top[row]), float(top_logprob[row]))
            for row in range(len(prompts))
        ]

    def _continue(
        self, cache: Cache, rows: Int[Tensor, " batch"], tokens: Int[Tensor, "batch length"], start: int
    ) -> Float64[Tensor, "batch length vocabulary"]:
        """Log-probabilities after each of `tokens`, on branches of the prompts' cache."""
        length = tokens.shape[1]
        filled = torch.nn.functional.pad(tokens, (0, max(0, self._narrowest - length)))
        positions = torch.arange(start, start + filled.shape[1], device=tokens.device).expand(tokens.shape[0], -1)
        branch = branch_cache(cache, rows)
        out = self.model(
            input_ids=filled,
            position_ids=positions,
            past_key_values=branch,
            use_cache=True,
            logits_to_keep=filled.shape[1],
        )
        return _log_softmax(out.logits[:, :length])

    def _after(
        self, prompts: Int[Tensor, "batch prompt"], tokens: Int[Tensor, "batch length"]
    ) -> Float64[Tensor, "batch length vocabulary"]:
        """The same from one pass over each whole sequence, where a model has no cache that could be branched."""
        sequences = (torch.cat((prompts, tokens[:, : n + 1]), dim=1) for n in range(tokens.shape[1]))
        ends = [self.model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[:, -1] for ids in sequences]
        return torch.stack([_log_softmax(end) for end in ends], dim=1)

    def _follow(
        self,
        first: Float64[Tensor, "prompts vocabulary"],
        rows: Int[Tensor, " batch"],
        after: Float64[Tensor, "batch length vocabulary"],
        tokens: Int[Tensor, "batch length"],
    ) -> tuple[Float64[Tensor, " batch"], Float64[Tensor, " batch"]]:
        """Log-probability of `tokens` after the prompts of `rows`, and the probability of a boundary behind them."""
        rows, tokens = rows.to(first.device), tokens.to(first.device)
        score = first[rows].gather(1, tokens[:, :1])[:, 0]
        if tokens.shape[1] > 1:
            score = score + after[:, :-1].gather(2, tokens[:, 1:, None])[..., 0].sum(dim=1)
        ends = self._boundary.tokens(after.device, after.shape[-1])
        return score, after[:, -1][:, ends].exp().sum(dim=-1)

    @cached_property
    def _narrowest(self) -> int:
        return narrowest_row(self.model)

    @cached_property
    def _boundary(self) -> Boundary:
        return Boundary(self.boundary)


@torch.inference_mode()
def read_alone(model: PreTrainedModel, prompt: Prompt) -> tuple[float, ...]:
    """Log-probabilities of a prompt's continuations, one sequence to a forward pass, no batch and no cache.

    The reference that the numeric floor is measured against.
    """
    passes: dict[TokenIds, Tensor] = {}
    steps: list[Tensor] = []
    for continuation in prompt.continuations:
        for i, token in enumerate(continuation):
            sequence = prompt.input_ids + continuation[:i]
            if sequence not in passes:
                passes[sequence] = next_token_logprobs(model, sequence)
            steps.append(passes[sequence][token])
    found = iter(torch.stack(steps).tolist() if steps else ())
    return tuple(sum(itertools.islice(found, len(one)), 0.0) for one in prompt.continuations)


@torch.inference_mode()
def next_token_logprobs(model: PreTrainedModel, sequence: TokenIds) -> Float64[Tensor, " vocabulary"]:
    """Natural log-probabilities of every next token after one sequence, in one pass."""
    ids = torch.tensor([sequence], device=input_device(model))
    return _log_softmax(model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[0, -1])


def branch_cache(cache: Cache, rows: Int[Tensor, " branches"]) -> Cache:
    """A cache that goes on from the prompts in `rows`, which may repeat; the one given is left as it is."""
    branch = copy.copy(cache)
    branch.layers = [_fork(layer) for layer in cache.layers]
    branch.reorder_cache(rows)  # type: ignore[arg-type]  # any integer tensor
    return branch


def _fork(layer: T) -> T:
    """A layer of its own on the same tensors, which `reorder_cache` then replaces and never writes to."""
    fork = copy.copy(layer)
    for name, value in vars(layer).items():
        if isinstance(value, dict):  # recurrent layers keep their states in dictionaries
            setattr(fork, name, dict(value))
    return fork


def _followers(prompts: Sequence[Prompt], size: int) -> Iterator[tuple[list[int], list[int], list[TokenIds]]]:
    """Continuations of one length, at most `size` of them: their prompts' rows, their slots, their tokens."""
    lengths: defaultdict[int, list[tuple[int, int, TokenIds]]] = defaultdict(list)
    for row, prompt in enumerate(prompts):
        for slot, continuation in enumerate(prompt.continuations):
            lengths[len(continuation)].append((row, slot, continuation))
    for _, group in sorted(lengths.items()):
        for start in range(0, len(group), size):
            rows, slots, tokens = zip(*group[start : start + size], strict=True)
            yield list(rows), list(slots), list(tokens)


def _log_softmax(logits: Tensor) -> Float64[Tensor, "... vocabulary"]:
    return torch.log_softmax(logits.double(), dim=-1)


def _batches(pack: Pack) -> Iterator[list[int]]:
    """Rows of prompts of one length, at most `budget` tokens together."""
    lengths: defaultdict[int, list[int]] = defaultdict(list)
    for row, prompt in enumerate(pack.prompts):
        lengths[len(prompt.input_ids)].append(row)
    for length, rows in sorted(lengths.items()):
        size = max(1, pack.budget // length)
        for start in range(0, len(rows), size):
            yield rows[start : start + size]
