"""The forked reader: what all prompts of a pack begin with is read once, and each goes on from a copy of its state.

For models whose layers carry a state from token to token, in which a token sees more than what is above it in a trie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from probe.engine.copies import to_device, to_host
from probe.engine.logprobs import Boundary, describe_following
from probe.engine.placement import input_device
from probe.engine.plain import PlainReader, branch_cache
from probe.engine.trie import LOGITS_BLOCK, decoding_once
from probe.errors import ModelError
from probe.prompts.pack import PromptReading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel
    from transformers.cache_utils import Cache

    from probe.prompts.pack import Pack, TokenIds

__all__ = ["ForkedReader", "stem_length"]


@dataclass(frozen=True, slots=True)
class _Row:
    """One prompt behind the stem, and one of its continuations.

    Attributes:
        prompt: Its place in the pack.
        slot: Of the continuation; None for a prompt without any.
        tokens: The rest of the prompt, then the continuation.
        decision: Index of the prompt's last token.
    """

    prompt: int
    slot: int | None
    tokens: TokenIds
    decision: int


@dataclass(frozen=True)
class ForkedReader:
    """Reads a pack in one pass over its stem and a few over what follows it.

    A row of such a pass is the rest of a prompt and one continuation, filled up behind its end: what comes later
    changes nothing before it, so no row knows of the filling or of its neighbours, but for the last bits of sums whose
    order a matrix product chooses by its size.

    Attributes:
        model: A causal language model in evaluation mode, with its projection in float32.
        boundary: For each token id, whether it cannot continue a word.
        name: How errors call the model.
        always: Whether it forks on a CPU too where that computes more tokens, as a trial must.
    """

    model: PreTrainedModel
    boundary: NDArray[np.bool_]
    name: str
    always: bool = False

    def of(self, model: PreTrainedModel) -> ForkedReader:
        """The same way of reading another model."""
        return replace(self, model=model)

    @torch.inference_mode()
    def read(self, pack: Pack) -> tuple[PromptReading, ...]:
        """Read every prompt of `pack`, in its order.

        Raises:
            ModelError: The model returned something that is not a finite log-probability.
        """
        stem = stem_length(pack)
        cheap = self.always or _computed(pack, stem) <= _computed_plainly(pack)
        if input_device(self.model).type == "cpu" and not cheap:
            return PlainReader(self.model, self.boundary, self.name).read(pack)  # there tokens cost, not passes
        cache = self._stem(pack.prompts[0].input_ids[:stem]) if stem else None
        logprobs = [[0.0] * len(prompt.continuations) for prompt in pack.prompts]
        boundaries = [[0.0] * len(prompt.continuations) for prompt in pack.prompts]
        tops = [(-1, float("nan"))] * len(pack.prompts)
        for rows in _batches(_rows(pack, stem), pack.budget):
            for row, (score, boundary, top) in zip(rows, self._read_rows(rows, cache, stem), strict=True):
                tops[row.prompt] = top
                if row.slot is not None:
                    logprobs[row.prompt][row.slot], boundaries[row.prompt][row.slot] = score, boundary
        found = tuple(
            PromptReading(tuple(score), tuple(boundary), *top)
            for score, boundary, top in zip(logprobs, boundaries, tops, strict=True)
        )
        if not all(np.isfinite((*one.logprobs, *one.boundaries, one.top_logprob)).all() for one in found):
            raise ModelError(
                f"{self.name}: the model returned logits that are not finite numbers. Its weights are damaged, or "
                "this dtype overflows: try --dtype float32 or bfloat16."
            )
        return found

    def _stem(self, tokens: TokenIds) -> Cache:
        ids = torch.tensor([tokens], device=input_device(self.model))
        cache: Cache = self.model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
        return cache

    def _read_rows(
        self, rows: Sequence[_Row], cache: Cache | None, stem: int
    ) -> list[tuple[float, float, tuple[int, float]]]:
        """Of each row the log-probability of its continuation, the boundary behind it, and the prompt's top token."""
        length = max(len(row.tokens) for row in rows)
        filled = np.array([row.tokens + (0,) * (length + 1 - len(row.tokens)) for row in rows])
        # Where something is asked: behind the prompt, and behind every token of the continuation.
        at = [(n, m) for n, row in enumerate(rows) for m in range(row.decision, len(row.tokens))]
        row_of, column = np.array(at).T
        boundary, top, top_logprob, step = self._describe(
            filled[:, :length], cache, stem, row_of * length + column, filled[row_of, column + 1]
        )
        found, start = [], 0
        for row in rows:
            end = start + len(row.tokens) - row.decision
            most = int(top[start]), float(top_logprob[start])
            found.append((float(step[start : end - 1].sum()), float(boundary[end - 1]), most))
            start = end
        return found

    def _describe(
        self,
        filled: NDArray[np.int64],
        cache: Cache | None,
        stem: int,
        asked: NDArray[np.int64],
        following: NDArray[np.int64],
    ) -> list[NDArray[np.float64]]:
        """What `describe_following` says at positions of the whole batch, by blocks of them."""
        vocabulary = int(self.model.get_output_embeddings().weight.shape[0])  # type: ignore[no-untyped-call]
        count = max(1, -(-asked.size // max(2, LOGITS_BLOCK // vocabulary)))
        parts = np.array_split(np.arange(asked.size), count)
        arrays = [array for part in parts for array in (asked[part], np.arange(part.size), following[part])]
        rows = np.zeros(filled.shape[0], np.int64)
        ids, start, *wanted = to_device([filled, rows, *arrays], input_device(self.model))
        branch = None if cache is None else branch_cache(cache, start)
        positions = torch.arange(stem, stem + ids.shape[1], device=ids.device).expand(ids.shape[0], -1)
        decoder: PreTrainedModel = self.model.get_decoder()  # type: ignore[no-untyped-call]
        said: list[Tensor] = []
        with decoding_once(decoder) as narrow:
            for narrow.rows, row, token in zip(wanted[::3], wanted[1::3], wanted[2::3], strict=True):
                logits: Tensor = self.model(
                    input_ids=ids, position_ids=positions, past_key_values=branch, use_cache=branch is not None
                ).logits[0]
                said += describe_following(logits, self._boundary, row.to(logits.device), token.to(logits.device))
        found = to_host(said)()
        return [np.concatenate(found[which::4]) for which in range(4)]

    @cached_property
    def _boundary(self) -> Boundary:
        return Boundary(self.boundary)


def stem_length(pack: Pack) -> int:
    """How many tokens all prompts begin with; each keeps one of its own.

    Example:
        >>> from probe.prompts.pack import Pack, Prompt
        >>> stem_length(Pack((Prompt((1, 2, 3), ()), Prompt((1, 2, 4, 5), ())), 8))
        2
        >>> stem_length(Pack((Prompt((1, 2), ()), Prompt((1, 2, 4), ())), 8))
        1
    """
    least, most = min(p.input_ids for p in pack.prompts), max(p.input_ids for p in pack.prompts)
    shortest = min(len(prompt.input_ids) for prompt in pack.prompts) - 1
    return next((n for n in range(shortest) if least[n] != most[n]), shortest)


def _computed(pack: Pack, stem: int) -> int:
    """Tokens of all passes, the filling not counted."""
    return stem + sum(len(row.tokens) for row in _rows(pack, stem))


def _computed_plainly(pack: Pack) -> int:
    return sum(len(prompt.input_ids) + sum(map(len, prompt.continuations)) for prompt in pack.prompts)


def _rows(pack: Pack, stem: int) -> Iterator[_Row]:
    for index, prompt in enumerate(pack.prompts):
        rest = prompt.input_ids[stem:]
        for slot, continuation in enumerate(prompt.continuations):
            yield _Row(index, slot, rest + continuation, len(rest) - 1)
        if not prompt.continuations:
            yield _Row(index, None, rest, len(rest) - 1)


def _batches(rows: Iterator[_Row], budget: int) -> Iterator[list[_Row]]:
    """Rows of about one length, at most `budget` tokens together, the filling included."""
    batch: list[_Row] = []
    for row in sorted(rows, key=lambda one: (len(one.tokens), one.prompt, one.slot or 0)):
        if batch and (len(batch) + 1) * len(row.tokens) > budget:
            yield batch
            batch = []
        batch.append(row)
    yield batch
