"""The trie reader: all prompts of a pack, and everything that may follow them, in one pass over their token trie."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from probe.engine.attention import TrieAttention, installed
from probe.engine.logprobs import describe_rows
from probe.engine.placement import input_device
from probe.errors import ModelError
from probe.prompts.pack import PromptReading
from probe.prompts.trie import split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from transformers import PreTrainedModel
    from transformers.modeling_outputs import BaseModelOutputWithPast

    from probe.prompts.pack import Pack
    from probe.prompts.trie import PromptNodes, Trie

__all__ = ["LOGITS_BLOCK", "Narrow", "TrieReader", "decoding_once", "needed_nodes"]

LOGITS_BLOCK = 2**25
"""Logits that exist at a time, in float32: the needed nodes are projected onto the vocabulary in blocks of rows."""


@dataclass(frozen=True)
class TrieReader:
    """Reads a pack as a token trie: a prefix that prompts share is computed once.

    What is read of one prompt does not depend on the other prompts, but for the last bits of sums whose order a
    matrix product chooses by its size.

    Attributes:
        model: A causal language model in evaluation mode, with its projection in float32.
        boundary: For each token id, whether it cannot continue a word.
        name: How errors call the model.
        exact: Whether results are to be equal to the last bit whatever else is in the pack; see `probe.engine.exact`.
        alone_above: Prompts of more tokens than this share no pass, if positions change their meaning there.
        windows: Window of every attention call of the last pass, in order; None where a layer sees everything.
    """

    model: PreTrainedModel
    boundary: NDArray[np.bool_]
    name: str
    exact: bool = False
    alone_above: int | None = None
    windows: list[int | None] = field(default_factory=list)

    def of(self, model: PreTrainedModel) -> TrieReader:
        """The same way of reading another model."""
        return replace(self, model=model, windows=[])

    @torch.inference_mode()
    def read(self, pack: Pack) -> tuple[PromptReading, ...]:
        """Read every prompt of `pack`, in its order.

        Raises:
            ModelError: The model returned something that is not a finite log-probability.
            TrieError: The model's attention asks for something that a trie cannot give.
        """
        readings: dict[int, PromptReading] = {}
        for trie in split(pack, self.alone_above):
            readings.update(self._read_trie(trie))
        return tuple(readings[row] for row in range(len(pack.prompts)))

    def _read_trie(self, trie: Trie) -> dict[int, PromptReading]:
        attention = TrieAttention(trie, self.exact)
        needed, parents = needed_nodes(trie)
        found = _NodeReadings.empty(trie.size)
        vocabulary = int(self.model.get_output_embeddings().weight.shape[0])  # type: ignore[no-untyped-call]
        blocks = max(1, -(-needed.size // max(2, LOGITS_BLOCK // vocabulary)))
        decoder: PreTrainedModel = self.model.get_decoder()  # type: ignore[no-untyped-call]
        with installed(decoder.config, attention), decoding_once(decoder) as narrow:
            for rows in np.array_split(needed, blocks):
                narrow.rows = rows
                found.take(rows, self._logits(trie), trie.tokens, parents, self.boundary)
        self.windows[:] = attention.windows
        readings = {one.row: found.reading(one) for one in trie.prompts}
        self._refuse_non_finite(readings)
        return readings

    def _logits(self, trie: Trie) -> Float[Tensor, "rows vocabulary"]:
        device = input_device(self.model)
        logits: Tensor = self.model(
            input_ids=torch.from_numpy(trie.tokens)[None].to(device),
            position_ids=torch.from_numpy(trie.depths)[None].to(device),
            use_cache=False,
        ).logits
        return logits[0]

    def _refuse_non_finite(self, readings: dict[int, PromptReading]) -> None:
        if not all(np.isfinite((*one.logprobs, *one.boundaries, one.top_logprob)).all() for one in readings.values()):
            raise ModelError(
                f"{self.name}: the model returned logits that are not finite numbers. Its weights are damaged, or "
                "this dtype overflows: try --dtype float32 or bfloat16."
            )


def needed_nodes(trie: Trie) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Nodes after which something is read, ascending; and before each node of a continuation the node, else -1."""
    parents = np.full(trie.size, -1)
    for prompt in trie.prompts:
        for nodes in prompt.continuations:
            parents[list(nodes)] = (prompt.decision, *nodes[:-1])
    decisions = [prompt.decision for prompt in trie.prompts]
    return np.union1d(np.flatnonzero(parents >= 0), decisions), parents


@dataclass(frozen=True, eq=False)
class _NodeReadings:
    """What is known of each node: how probable its token was, and what follows it."""

    step: NDArray[np.float64]
    boundary: NDArray[np.float64]
    top: NDArray[np.int64]
    top_logprob: NDArray[np.float64]

    @classmethod
    def empty(cls, size: int) -> _NodeReadings:
        unknown = np.full(size, np.nan)
        return cls(unknown.copy(), unknown.copy(), np.full(size, -1), unknown.copy())

    def take(
        self,
        rows: NDArray[np.int64],
        logits: Float[Tensor, "rows vocabulary"],
        tokens: NDArray[np.int64],
        parents: NDArray[np.int64],
        boundary: NDArray[np.bool_],
    ) -> None:
        """Take over what the logits after the nodes `rows` say."""
        described = describe_rows(logits, boundary)
        self.boundary[rows] = described.boundary.cpu().numpy()
        self.top[rows] = described.top.cpu().numpy()
        self.top_logprob[rows] = described.top_logprob.cpu().numpy()
        children = np.flatnonzero(np.isin(parents, rows))
        row = torch.from_numpy(np.searchsorted(rows, parents[children])).to(logits.device)
        token = torch.from_numpy(tokens[children]).to(logits.device)
        self.step[children] = (logits[row, token].double() - described.normaliser[row]).cpu().numpy()

    def reading(self, prompt: PromptNodes) -> PromptReading:
        """What is said of one prompt."""
        return PromptReading(
            tuple(float(self.step[list(nodes)].sum()) for nodes in prompt.continuations),
            tuple(float(self.boundary[nodes[-1]]) for nodes in prompt.continuations),
            int(self.top[prompt.decision]),
            float(self.top_logprob[prompt.decision]),
        )


@dataclass(eq=False)
class Narrow:
    """Which rows of the decoder's output the next projection gets, and that output once it exists."""

    rows: NDArray[np.int64]
    output: BaseModelOutputWithPast | None = None


@contextlib.contextmanager
def decoding_once(decoder: torch.nn.Module) -> Iterator[Narrow]:
    """Let `decoder` run at its first call only, and hand on the wanted rows of what it returned at every call.

    Rows are counted through a whole batch, and come back as those of one sequence.
    So the model's own forward pass projects rows in blocks: its head, soft-cap and scale are applied as it does.
    """
    narrow = Narrow(np.empty(0, np.int64))
    forward = decoder.forward
    own = vars(decoder).get("forward")

    def forward_once(*args: object, **kwargs: object) -> BaseModelOutputWithPast:
        if narrow.output is None:
            narrow.output = forward(*args, **kwargs)
        hidden: Tensor = narrow.output[0]
        rows = torch.from_numpy(narrow.rows).to(hidden.device)
        flat = hidden.reshape(1, -1, hidden.shape[-1])
        return replace(narrow.output, last_hidden_state=flat.index_select(1, rows))

    decoder.forward = forward_once  # accelerate does the same
    try:
        yield narrow
    finally:
        if own is None:
            del decoder.forward
        else:
            decoder.forward = own
