"""The trie reader: all prompts of a pack, and everything that may follow them, in one pass over their token trie."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from probe.engine.attention import Cut, TrieAttention, installed
from probe.engine.copies import to_device, to_host
from probe.engine.logprobs import Boundary, describe_following
from probe.engine.placement import input_device
from probe.errors import ModelError
from probe.prompts.pack import PromptReading
from probe.prompts.trie import split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel
    from transformers.modeling_outputs import BaseModelOutputWithPast

    from probe.prompts.pack import Pack
    from probe.prompts.trie import PromptNodes, Trie

__all__ = ["LOGITS_BLOCK", "PlannedTrie", "TrieReader", "decoding_once", "needed_nodes"]

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
        pipelined: Whether packs may follow each other without a wait, numbers copied beside the next one's passes.
        flexible: Whether FlexAttention takes the place of tiles.
        windows: Window of every attention call of the last pass, in order; None where a layer sees everything.
        cuts: How layers wanted their tiles so far.
    """

    model: PreTrainedModel
    boundary: NDArray[np.bool_]
    name: str
    exact: bool = False
    alone_above: int | None = None
    pipelined: bool = False
    flexible: bool = False
    windows: list[int | None] = field(default_factory=list)
    cuts: dict[Cut, None] = field(default_factory=dict)

    def of(self, model: PreTrainedModel) -> TrieReader:
        """The same way of reading another model."""
        return replace(self, model=model, windows=[], cuts={})

    def read(self, pack: Pack) -> tuple[PromptReading, ...]:
        """Read every prompt of `pack`, in its order.

        Raises:
            ModelError: The model returned something that is not a finite log-probability.
            TrieError: The model's attention asks for something that a trie cannot give.
        """
        return self.begin(self.plan(pack))()

    def plan(self, pack: Pack) -> tuple[PlannedTrie, ...]:
        """All that a pack's passes need of the host; any thread may do it, while another pack is read."""
        tries = tuple(_planned(trie, self) for trie in split(pack, self.alone_above))
        for planned in tries if self.pipelined else ():
            for cut in tuple(self.cuts):
                planned.attention.draft(cut)
        return tries

    @torch.inference_mode()
    def begin(self, tries: Sequence[PlannedTrie]) -> Callable[[], tuple[PromptReading, ...]]:
        """Launch the passes of a planned pack; what comes back waits for its numbers, and raises as `read` does."""
        begun = [(planned, self._launch(planned)) for planned in tries]

        def finish() -> tuple[PromptReading, ...]:
            readings: dict[int, PromptReading] = {}
            for planned, wait in begun:
                readings.update(planned.readings(wait()))
            self._refuse_non_finite(readings)
            return tuple(readings[row] for row in sorted(readings))

        return finish

    def _launch(self, planned: PlannedTrie) -> Callable[[], list[NDArray[np.float64]]]:
        trie, attention = planned.trie, planned.attention
        asked = [array for block in planned.blocks for array in block.asked]
        ids, depths, *wanted = to_device(
            [trie.tokens[None], trie.depths[None], *asked], input_device(self.model), pinned=self.pipelined
        )
        decoder: PreTrainedModel = self.model.get_decoder()  # type: ignore[no-untyped-call]
        said: list[Tensor] = []
        with installed(decoder.config, attention), decoding_once(decoder) as narrow:
            for narrow.rows, row, token in zip(wanted[::3], wanted[1::3], wanted[2::3], strict=True):
                logits: Float[Tensor, "1 rows vocabulary"] = self.model(
                    input_ids=ids, position_ids=depths, use_cache=False
                ).logits
                where = logits.device
                said += describe_following(logits[0], self._boundary, row.to(where), token.to(where))
        self.windows[:] = attention.windows
        self.cuts.update(dict.fromkeys(attention.cuts))
        attention.clear()
        return to_host(said, pinned=self.pipelined)

    @cached_property
    def _boundary(self) -> Boundary:
        return Boundary(self.boundary)

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
class PlannedTrie:
    """A trie, and what is asked of it.

    Attributes:
        trie: What is read.
        blocks: Nodes whose logits exist at a time.
        attention: For the layers.
    """

    trie: Trie
    blocks: tuple[_Block, ...]
    attention: TrieAttention

    def readings(self, arrays: Iterable[NDArray[np.float64]]) -> dict[int, PromptReading]:
        """What is said of each prompt, by its row: of every block the four parts of `describe_following`."""
        found, rest = _NodeReadings.empty(self.trie.size), iter(arrays)
        for block in self.blocks:
            found.take(block, *itertools.islice(rest, 4))
        return {one.row: found.reading(one) for one in self.trie.prompts}


def _planned(trie: Trie, reader: TrieReader) -> PlannedTrie:
    needed, parents = needed_nodes(trie)
    vocabulary = int(reader.model.get_output_embeddings().weight.shape[0])  # type: ignore[no-untyped-call]
    count = max(1, -(-needed.size // max(2, LOGITS_BLOCK // vocabulary)))
    blocks = tuple(_Block.of(rows, trie, parents) for rows in np.array_split(needed, count))
    return PlannedTrie(trie, blocks, TrieAttention(trie, reader.exact, reader.pipelined, reader.flexible))


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Nodes whose logits exist at a time.

    Attributes:
        rows: The nodes, ascending.
        children: Nodes of continuations that follow one of them.
        asked: For the device: the nodes, and of each child where the node before it stands among them, and its token.
    """

    rows: NDArray[np.int64]
    children: NDArray[np.int64]
    asked: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

    @classmethod
    def of(cls, rows: NDArray[np.int64], trie: Trie, parents: NDArray[np.int64]) -> _Block:
        children = np.flatnonzero(np.isin(parents, rows))
        return cls(rows, children, (rows, np.searchsorted(rows, parents[children]), trie.tokens[children]))


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
        block: _Block,
        boundary: NDArray[np.float64],
        top: NDArray[np.float64],
        top_logprob: NDArray[np.float64],
        step: NDArray[np.float64],
    ) -> None:
        """Take over what the logits after the nodes of `block` say."""
        self.boundary[block.rows] = boundary
        self.top[block.rows] = top
        self.top_logprob[block.rows] = top_logprob
        self.step[block.children] = step

    def reading(self, prompt: PromptNodes) -> PromptReading:
        """What is said of one prompt."""
        return PromptReading(
            tuple(float(self.step[list(nodes)].sum()) for nodes in prompt.continuations),
            tuple(float(self.boundary[nodes[-1]]) for nodes in prompt.continuations),
            int(self.top[prompt.decision]),
            float(self.top_logprob[prompt.decision]),
        )


@dataclass(eq=False)
class _Narrow:
    """Which rows of the decoder's output the next projection gets, and that output once it exists."""

    rows: Tensor
    output: BaseModelOutputWithPast | None = None


@contextlib.contextmanager
def decoding_once(decoder: torch.nn.Module) -> Iterator[_Narrow]:
    """Let `decoder` run at its first call only, and hand on the wanted rows of what it returned at every call.

    Rows are counted through a whole batch, and come back as those of one sequence.
    So the model's own forward pass projects rows in blocks: its head, soft-cap and scale are applied as it does.
    """
    narrow = _Narrow(torch.empty(0, dtype=torch.long))
    forward = decoder.forward
    own = vars(decoder).get("forward")

    def forward_once(*args: object, **kwargs: object) -> BaseModelOutputWithPast:
        if narrow.output is None:
            narrow.output = forward(*args, **kwargs)
        hidden: Tensor = narrow.output[0]
        flat = hidden.reshape(1, -1, hidden.shape[-1])
        return replace(narrow.output, last_hidden_state=flat.index_select(1, narrow.rows.to(hidden.device)))

    decoder.forward = forward_once  # accelerate does the same
    try:
        yield narrow
    finally:
        if own is None:
            del decoder.forward
        else:
            decoder.forward = own
