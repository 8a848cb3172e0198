"""A pack read after every layer: the final norm and the head on the hidden state where a reading reads the last one.

References:
    nostalgebraist (2020), interpreting GPT: the logit lens.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from probe.engine.attention import TrieAttention, installed
from probe.engine.forked import ForkedReader
from probe.engine.head import logit_count
from probe.engine.layer_kinds import decoder
from probe.engine.lens import kept_states, lens_of, narrowed
from probe.engine.logprobs import Boundary, describe_rows
from probe.engine.node_readings import block_count
from probe.engine.placement import input_device
from probe.engine.plain import PlainReader
from probe.engine.rope import depends_on_length
from probe.engine.trie import TrieReader, decoding_once
from probe.errors import ModelError
from probe.prompts.layers import mass_layers
from probe.prompts.pack import PromptReading
from probe.prompts.trie import split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from probe.engine.lens import Lens
    from probe.engine.trie import Narrow
    from probe.prompts.pack import Engine, Pack
    from probe.prompts.trie import PromptNodes, Trie

__all__ = ["TOLERANCE", "LayerReader"]

TOLERANCE = 1e-4
"""Most nats by which the last layer, read through norm and head, may differ from what the model itself gives."""

_NO_BOUNDARY = Boundary(np.zeros(0, np.bool_))


@dataclass(frozen=True)
class LayerReader:
    """Reads a pack after every layer, in the one pass that a trie takes, or prompt by prompt without one.

    Attributes:
        model: A causal language model in evaluation mode, with its projection in float32.
        name: How errors call the model.
        trie: The study's trie reader; None where it has none, and each prompt is read whole and alone.
    """

    model: PreTrainedModel
    name: str
    trie: TrieReader | None = None

    @classmethod
    def beside(cls, reader: Engine) -> LayerReader:
        """The one that reads as a study's reader does.

        Raises:
            TypeError: It is none of those that read a model of transformers.
        """
        if not isinstance(reader, PlainReader | ForkedReader | TrieReader):
            raise TypeError(f"a {type(reader).__name__} has no layers to read")
        return cls(reader.model, reader.name, reader if isinstance(reader, TrieReader) else None)

    @torch.inference_mode()
    def read(self, pack: Pack) -> tuple[PromptReading, ...]:
        """Read every prompt of `pack`, in its order.

        Returns:
            Of each prompt the log-probabilities of its continuations after layer 1, then after layer 2, and so on. At
            the layers of `mass_layers` they are over the whole vocabulary; at the others they lack a number that all
            continuations of the prompt share, so that their differences alone have a meaning.

        Raises:
            ModelError: The final norm or the head cannot be found, the last layer read through them is not what the
                model gives, or something is no finite number.
            TrieError: The model's attention asks for something that a trie cannot give.
        """
        lens = lens_of(self.model, self.name)
        alone_above = self.trie.alone_above if self.trie else None
        found: dict[int, PromptReading] = {}
        for trie in split(pack, alone_above):
            scores = self._scores(trie, lens)
            found.update((one.row, _reading(one, scores)) for one in trie.prompts)
        if not all(np.isfinite(one.logprobs).all() for one in found.values()):
            raise ModelError(
                f"{self.name}: after some layer the model's logits are not finite numbers. Try --dtype float32 or "
                "bfloat16, or leave --depth out."
            )
        return tuple(found[row] for row in range(len(pack.prompts)))

    def _scores(self, trie: Trie, lens: Lens) -> Float64[np.ndarray, "layers nodes"]:
        """Of each node of a continuation what its token has behind the node before it."""
        asked = _asked(trie)
        layers, body = len(lens.layers), decoder(self.model)
        tokens = np.unique(trie.tokens[asked.children])
        row = np.searchsorted(asked.rows, asked.parents)
        column = np.searchsorted(tokens, trie.tokens[asked.children])
        whole = {at: asked.rows if at in mass_layers(layers) else asked.always for at in range(layers)}
        scores = np.zeros((layers, trie.size))
        with decoding_once(body) as narrow:
            hidden, own = self._passes(trie, lens, asked.rows, tokens, narrow)
            at_layers = self._through(lens, hidden, narrow)
            with narrowed(lens.head, tokens):
                logits = at_layers(hidden.flatten(0, 1)).double().cpu().numpy().reshape(layers, len(asked.rows), -1)
            scores[:, asked.children] = logits[:, row, column]
            self._refuse_other_end(trie, asked, scores[-1], own[row, column])
            scores[-1, asked.children] = own[row, column]
            for at, rows in whole.items():
                if at < layers - 1 and rows.size:
                    index = np.searchsorted(asked.rows, rows)
                    normaliser = np.zeros(len(asked.rows))
                    normaliser[index] = _normalisers(at_layers, hidden[at, torch.from_numpy(index).to(hidden.device)])
                    scores[at, asked.children] -= normaliser[row]
        return scores

    def _passes(
        self, trie: Trie, lens: Lens, rows: NDArray[np.int64], tokens: NDArray[np.int64], narrow: Narrow
    ) -> tuple[Float[Tensor, "layers rows width"], Float64[np.ndarray, "rows tokens"]]:
        """Hidden states after every layer, and the model's own log-probabilities of some tokens at the end."""
        chosen = torch.from_numpy(tokens)
        hidden: list[list[Tensor]] = []
        own = np.empty((len(rows), len(tokens)))
        found: dict[int, tuple[int, int]] = {}
        for number, one in enumerate(self._sequences(trie, rows)):
            narrow.output = None
            with kept_states(lens, one.rows) as kept, one.reading(decoder(self.model)):
                for part in np.array_split(np.arange(one.rows.size), self._blocks(one.rows.size)):
                    narrow.rows = torch.from_numpy(one.rows[part])
                    logits = self._logits(one.tokens, one.positions)
                    said = logits.index_select(1, chosen.to(logits.device)).double()
                    said -= describe_rows(logits, _NO_BOUNDARY).normaliser[:, None]
                    own[np.searchsorted(rows, one.nodes[part])] = said.cpu().numpy()
            self._refuse_other_shape(kept, lens, one)
            hidden.append(kept)
            found.update((int(node), (number, at)) for at, node in enumerate(one.nodes))
        device = hidden[0][-1].device
        stacked = [
            torch.stack([hidden[found[int(node)][0]][layer][found[int(node)][1]].to(device) for node in rows])
            for layer in range(len(lens.layers))
        ]
        return torch.stack(stacked), own

    def _sequences(self, trie: Trie, rows: NDArray[np.int64]) -> Iterator[_Sequence]:
        """What is passed through the model: the trie, or whole prompts that together hold every row."""
        if self.trie is not None:
            yield _Sequence(trie.tokens, trie.depths, rows, rows, TrieAttention(trie, self.trie.exact))
            return
        alone = depends_on_length(self.model.config.get_text_config())
        left = set(rows.tolist())
        for node in sorted(rows.tolist(), key=lambda one: (-int(trie.depths[one]), one)):
            if node not in left:
                continue
            path = np.append(trie.ancestors(node), node)
            nodes = np.array([node]) if alone else np.array(sorted(left.intersection(path.tolist())))
            left -= set(nodes.tolist())
            yield _Sequence(trie.tokens[path], np.arange(path.size), np.searchsorted(path, nodes), nodes)

    def _through(
        self, lens: Lens, hidden: Float[Tensor, "layers rows width"], narrow: Narrow
    ) -> Callable[[Float[Tensor, "rows width"]], Float[Tensor, "rows vocabulary"]]:
        """From hidden states of any layer to logits, by the final norm and the model's own forward pass behind it."""
        output = narrow.output
        assert output is not None

        def logits(states: Float[Tensor, "rows width"]) -> Float[Tensor, "rows vocabulary"]:
            normed = lens.norm(states[None].to(hidden.dtype))
            narrow.output = replace(output, last_hidden_state=normed)
            narrow.rows = torch.arange(len(states))
            return self._logits(np.zeros(1, np.int64), np.zeros(1, np.int64))

        return logits

    def _logits(self, tokens: NDArray[np.int64], positions: NDArray[np.int64]) -> Float[Tensor, "rows vocabulary"]:
        device = input_device(self.model)
        placed = {} if self.trie is None else {"position_ids": torch.from_numpy(positions)[None].to(device)}
        ids = torch.from_numpy(tokens)[None].to(device)
        logits: Tensor = self.model(input_ids=ids, use_cache=False, **placed).logits
        return logits[0]

    def _blocks(self, rows: int) -> int:
        return block_count(rows, logit_count(self.model))

    def _refuse_other_shape(self, kept: Sequence[Tensor], lens: Lens, one: _Sequence) -> None:
        if len(kept) != len(lens.layers) or any(state.shape != (one.rows.size, kept[0].shape[-1]) for state in kept):
            raise ModelError(
                f"{self.name}: --depth: not every layer of a {type(self.model).__name__} runs once and returns one "
                "state for each token. Leave --depth out for this model."
            )

    def _refuse_other_end(
        self, trie: Trie, asked: _Asked, through: Float64[np.ndarray, " nodes"], own: Float64[np.ndarray, " children"]
    ) -> None:
        """Compare the last layer, read as the others are, with what the model gives: siblings against each other."""
        given = np.zeros(trie.size)
        given[asked.children] = own
        apart = (through - given)[asked.children]
        for parent in np.unique(asked.parents):
            differences = apart[asked.parents == parent]
            worst = float(np.ptp(differences))
            if not worst <= TOLERANCE:
                raise ModelError(
                    f"{self.name}: --depth: final norm and head after the last layer of a {type(self.model).__name__} "
                    f"differ by {worst:.2g} nats from what the model gives, so something else stands behind its "
                    "layers. Leave --depth out for this model."
                )


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is asked of a trie.

    Attributes:
        rows: Nodes behind which something is asked, ascending.
        children: Nodes of continuations.
        parents: The node before each of them.
        always: Rows whose whole distribution is needed to compare the continuations of a prompt at all.
    """

    rows: NDArray[np.int64]
    children: NDArray[np.int64]
    parents: NDArray[np.int64]
    always: NDArray[np.int64]


def _asked(trie: Trie) -> _Asked:
    before: dict[int, int] = {}
    always: set[int] = set()
    for prompt in trie.prompts:
        paths = [tuple(zip((prompt.decision, *nodes[:-1]), nodes, strict=True)) for nodes in prompt.continuations]
        before |= {child: parent for path in paths for parent, child in path}
        # A step that all continuations take is no difference between them.
        common = set.intersection(*map(set, paths)) if paths else set()
        own = [[parent for parent, child in path if (parent, child) not in common] for path in paths]
        if len({tuple(parents) for parents in own}) > 1 or any(len(parents) > 1 for parents in own):
            always |= {parent for parents in own for parent in parents}
    children = np.array(sorted(before), np.int64)
    parents = np.array([before[int(child)] for child in children], np.int64)
    return _Asked(np.unique(parents), children, parents, np.array(sorted(always), np.int64))


@dataclass(frozen=True, eq=False)
class _Sequence:
    """Tokens of one pass.

    Attributes:
        tokens: In order.
        positions: Of each.
        rows: Which of them are wanted.
        nodes: Their nodes in the trie.
        attention: What stands for the model's own, for a trie.
    """

    tokens: NDArray[np.int64]
    positions: NDArray[np.int64]
    rows: NDArray[np.int64]
    nodes: NDArray[np.int64]
    attention: TrieAttention | None = None

    def reading(self, body: PreTrainedModel) -> contextlib.AbstractContextManager[object]:
        """The model, made ready for it."""
        return contextlib.nullcontext() if self.attention is None else installed(body.config, self.attention)


def _normalisers(
    logits_of: Callable[[Float[Tensor, "rows width"]], Float[Tensor, "rows vocabulary"]],
    states: Float[Tensor, "rows width"],
) -> Float64[np.ndarray, " rows"]:
    """Log of the sum over the whole vocabulary behind each state."""
    return np.asarray(describe_rows(logits_of(states), _NO_BOUNDARY).normaliser.cpu().numpy(), dtype=np.float64)


def _reading(prompt: PromptNodes, scores: Float64[np.ndarray, "layers nodes"]) -> PromptReading:
    each = [scores[:, list(nodes)].sum(axis=1) for nodes in prompt.continuations]
    logprobs = tuple(np.stack(each, axis=1).ravel().tolist())
    return PromptReading(logprobs, tuple(float("nan") for _ in logprobs), -1, float("nan"))
