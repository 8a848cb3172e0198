"""What is asked of the nodes of a token trie, and what is known of them once passes have told it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from probe.errors import ModelError
from probe.prompts.pack import PromptReading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from probe.prompts.trie import PromptNodes, Trie

__all__ = ["Block", "all_finite", "block_count", "blocks_of", "needed_nodes", "readings_of"]

LOGITS_BLOCK = 2**25
"""Logits that exist at a time, in float32: the needed nodes are projected onto the vocabulary in blocks of rows."""


def needed_nodes(trie: Trie) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Nodes after which something is read, ascending; and before each node of a continuation the node, else -1."""
    parents = np.full(trie.size, -1)
    for prompt in trie.prompts:
        for nodes in prompt.continuations:
            parents[list(nodes)] = (prompt.decision, *nodes[:-1])
    decisions = [prompt.decision for prompt in trie.prompts]
    return np.union1d(np.flatnonzero(parents >= 0), decisions), parents


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Nodes whose logits exist at a time.

    Attributes:
        rows: The nodes, ascending.
        children: Nodes of continuations that follow one of them.
        parent: Of each child where the node before it stands in `rows`.
        tokens: Of each child its token.
    """

    rows: NDArray[np.int64]
    children: NDArray[np.int64]
    parent: NDArray[np.int64]
    tokens: NDArray[np.int64]


def block_count(rows: int, vocabulary: int) -> int:
    """In how many blocks so many rows of logits are made."""
    return max(1, -(-rows // max(2, LOGITS_BLOCK // vocabulary)))


def blocks_of(needed: NDArray[np.int64], trie: Trie, parents: NDArray[np.int64], vocabulary: int) -> tuple[Block, ...]:
    """Some nodes as blocks that are small enough for a vocabulary of that size.

    Args:
        needed: The nodes, ascending.
        trie: Where they stand.
        parents: As `needed_nodes` gives them.
        vocabulary: Logits of each node.
    """
    found = []
    for rows in np.array_split(needed, block_count(needed.size, vocabulary)):
        children = np.flatnonzero(np.isin(parents, rows))
        found.append(Block(rows, children, np.searchsorted(rows, parents[children]), trie.tokens[children]))
    return tuple(found)


def readings_of(trie: Trie, blocks: Iterable[Block], arrays: Iterable[NDArray[np.float64]]) -> dict[int, PromptReading]:
    """What is said of each prompt, by its row.

    Args:
        trie: Where the prompts stand.
        blocks: Of all nodes that are needed.
        arrays: Of every block the four parts of `describe_following`.
    """
    found, rest = _NodeReadings.empty(trie.size), iter(arrays)
    for block in blocks:
        found.take(block, *itertools.islice(rest, 4))
    return {one.row: found.reading(one) for one in trie.prompts}


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
        block: Block,
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


def all_finite(readings: Mapping[int, PromptReading], name: str) -> tuple[PromptReading, ...]:
    """The readings in the order of their rows, if each number is one.

    Args:
        readings: By row.
        name: How errors call the model.

    Raises:
        ModelError: The model returned something that is not a finite log-probability.
    """
    found = tuple(readings[row] for row in sorted(readings))
    if not all(np.isfinite((*one.logprobs, *one.boundaries, one.top_logprob)).all() for one in found):
        raise ModelError(
            f"{name}: the model returned logits that are not finite numbers. Its weights are damaged, or this dtype "
            "overflows: try --dtype float32 or bfloat16."
        )
    return found
