"""The forked reader: a pack's token trie in passes over rows, each from copies of the states that the last one left.

For models whose layers carry a state from token to token, in which a token sees more than what is above it in a trie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from probe.engine.copies import to_device, to_host
from probe.engine.head import logit_count
from probe.engine.logprobs import Boundary
from probe.engine.mixers import narrowest_row
from probe.engine.node_readings import Block, all_finite, blocks_of, needed_nodes, readings_of
from probe.engine.placement import input_device
from probe.engine.plain import branch_cache
from probe.engine.trie import described
from probe.prompts.stages import Rows, Staged, stages
from probe.prompts.trie import grow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedModel
    from transformers.cache_utils import Cache

    from probe.prompts.pack import Pack, PromptReading
    from probe.prompts.trie import Trie

__all__ = ["ForkedReader"]

PASSES = 3
"""Most passes of a pack that fits into its budget, where a pass costs more than tokens do: not on a CPU."""

PASS_TOKENS = 64
"""Tokens that cost as much as a pass on a CPU."""

ROW_TOKENS = 32
"""Tokens that need as much memory as a row's states do."""


@dataclass(frozen=True)
class ForkedReader:
    """Reads a pack's token trie in passes that each read what lies between two depths.

    A row of such a pass is one way through, and goes on from a copy of the states that the pass above left at its
    beginning. Rows that end before the pass does are filled up behind their end: what comes later changes nothing
    before it, so no row knows of the filling or of its neighbours, but for the last bits of sums whose order a matrix
    product chooses by its size. No row goes on behind any filling.

    Attributes:
        model: A causal language model in evaluation mode, with its projection in float32.
        boundary: For each token id, whether it cannot continue a word.
        name: How errors call the model.
    """

    model: PreTrainedModel
    boundary: NDArray[np.bool_]
    name: str

    def of(self, model: PreTrainedModel) -> ForkedReader:
        """The same way of reading another model."""
        return replace(self, model=model)

    @torch.inference_mode()
    def read(self, pack: Pack) -> tuple[PromptReading, ...]:
        """Read every prompt of `pack`, in its order.

        Raises:
            ModelError: The model returned something that is not a finite log-probability.
        """
        trie = grow(enumerate(pack.prompts))
        needed, parents = needed_nodes(trie)
        staged = self._staged(trie, pack.budget)
        blocks: list[Block] = []
        said: list[Tensor] = []
        # What was added last is read first, so that states are kept of one way down only.
        waiting: list[tuple[Rows, Cache | None]] = [(rows, None) for rows in staged.first()]
        while waiting:
            rows, cache = waiting.pop()
            here = np.intersect1d(needed, rows.nodes)
            needed = np.setdiff1d(needed, here, assume_unique=True)
            asked = blocks_of(here, trie, parents, logit_count(self.model))
            described, cache = self._pass(trie, rows, cache, asked)
            said += described
            blocks += [block for block in asked if block.rows.size]
            waiting += [(batch, cache) for batch in staged.below(rows)]
        return all_finite(readings_of(trie, blocks, to_host(said)()), self.name)

    def _staged(self, trie: Trie, budget: int) -> Staged:
        narrowest = narrowest_row(self.model)
        most = None if input_device(self.model).type == "cpu" else PASSES
        depths = stages(trie, most, pass_tokens=PASS_TOKENS, narrowest=narrowest)
        return Staged(trie, depths, budget, ROW_TOKENS, narrowest)

    def _pass(
        self, trie: Trie, rows: Rows, cache: Cache | None, asked: Sequence[Block]
    ) -> tuple[list[Tensor], Cache | None]:
        """What `describe_following` says of each block, and the states at the end of the rows, if any goes on."""
        nodes, first = np.unique(rows.nodes, return_index=True)
        arrays = [np.where(rows.nodes < 0, 0, trie.tokens[rows.nodes]), rows.above]
        for block in asked:
            arrays += [first[np.searchsorted(nodes, block.rows)], block.parent, block.tokens]
        ids, above, *wanted = to_device(arrays, input_device(self.model))
        branch = None if cache is None else branch_cache(cache, above)
        positions = torch.arange(rows.start, rows.start + ids.shape[1], device=ids.device).expand(ids.shape[0], -1)
        said, output = described(
            self.model,
            wanted,
            self._boundary,
            input_ids=ids,
            position_ids=positions,
            past_key_values=branch,
            use_cache=rows.goes_on or branch is not None,
        )
        return said, output.past_key_values if rows.goes_on and output is not None else None

    @cached_property
    def _boundary(self) -> Boundary:
        return Boundary(self.boundary)
