"""The trie reader: all prompts of a pack, and everything that may follow them, in one pass over their token trie."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from probe.engine.attention import Cut, TrieAttention, installed
from probe.engine.copies import to_device, to_host
from probe.engine.head import logit_count
from probe.engine.logprobs import Boundary, describe_following
from probe.engine.node_readings import Block, all_finite, blocks_of, needed_nodes, readings_of
from probe.engine.placement import input_device
from probe.prompts.trie import split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel
    from transformers.modeling_outputs import BaseModelOutputWithPast

    from probe.prompts.pack import Pack, PromptReading
    from probe.prompts.trie import Trie

__all__ = ["Narrow", "PlannedTrie", "TrieReader", "decoding_once", "described"]


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
                readings.update(readings_of(planned.trie, planned.blocks, wait()))
            return all_finite(readings, self.name)

        return finish

    def _launch(self, planned: PlannedTrie) -> Callable[[], list[NDArray[np.float64]]]:
        trie, attention = planned.trie, planned.attention
        asked = [array for block in planned.blocks for array in (block.rows, block.parent, block.tokens)]
        ids, depths, *wanted = to_device(
            [trie.tokens[None], trie.depths[None], *asked], input_device(self.model), pinned=self.pipelined
        )
        with installed(self.model.get_decoder().config, attention):  # type: ignore[no-untyped-call]
            said, _ = described(self.model, wanted, self._boundary, input_ids=ids, position_ids=depths, use_cache=False)
        self.windows[:] = attention.windows
        self.cuts.update(dict.fromkeys(attention.cuts))
        attention.clear()
        return to_host(said, pinned=self.pipelined)

    @cached_property
    def _boundary(self) -> Boundary:
        return Boundary(self.boundary)


@dataclass(frozen=True, eq=False)
class PlannedTrie:
    """A trie, and what is asked of it.

    Attributes:
        trie: What is read.
        blocks: Nodes whose logits exist at a time.
        attention: For the layers.
    """

    trie: Trie
    blocks: tuple[Block, ...]
    attention: TrieAttention


def _planned(trie: Trie, reader: TrieReader) -> PlannedTrie:
    needed, parents = needed_nodes(trie)
    blocks = blocks_of(needed, trie, parents, logit_count(reader.model))
    return PlannedTrie(trie, blocks, TrieAttention(trie, reader.exact, reader.pipelined, reader.flexible))


@dataclass(eq=False)
class Narrow:
    """Which rows of the decoder's output the next projection gets, and that output once it exists."""

    rows: Tensor
    output: BaseModelOutputWithPast | None = None


@contextlib.contextmanager
def decoding_once(decoder: torch.nn.Module) -> Iterator[Narrow]:
    """Let `decoder` run at its first call only, and hand on the wanted rows of what it returned at every call.

    Rows are counted through a whole batch, and come back as those of one sequence.
    So the model's own forward pass projects rows in blocks: its head, soft-cap and scale are applied as it does.
    """
    narrow = Narrow(torch.empty(0, dtype=torch.long))
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


def described(
    model: PreTrainedModel, asked: Sequence[Tensor], boundary: Boundary, **inputs: object
) -> tuple[list[Float64[Tensor, " any"]], BaseModelOutputWithPast | None]:
    """What `describe_following` says of blocks of rows of one pass, and what the decoder returned.

    Args:
        model: Whose layers run once.
        asked: Of every block its rows, counted through the whole batch, and the rows and tokens of what follows them.
        boundary: Which tokens cannot continue a word.
        inputs: Of the pass.
    """
    said: list[Tensor] = []
    with decoding_once(model.get_decoder()) as narrow:  # type: ignore[no-untyped-call]
        for narrow.rows, row, token in zip(asked[::3], asked[1::3], asked[2::3], strict=True):
            logits: Float[Tensor, "rows vocabulary"] = model(**inputs).logits[0]
            if narrow.rows.numel():
                said += describe_following(logits, boundary, row.to(logits.device), token.to(logits.device))
    return said, narrow.output
