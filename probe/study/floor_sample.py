"""Which cells are read once more for the numeric floor: a function of the plan, bounded by what reading costs."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from probe.prompts.pack import Prompt
    from probe.prompts.plan import ItemPlan

__all__ = ["FEWEST", "MOST", "SHARE", "FloorCells", "FloorSample", "tokens_alone", "trie_tokens"]

MOST, FEWEST = 200, 40
"""Cells that are read once more; a study with fewer has all of them read."""

SHARE = 0.15
"""Of the tokens that reading a study computes, those that cells beyond `FEWEST` may add up to."""


class FloorCells(NamedTuple):
    """The chosen cells.

    Attributes:
        cells: As item, in the order of adding, and row of its cells sorted by variant.
        tokens: Tokens that reading them once more computes, at most.
    """

    cells: tuple[tuple[int, int], ...]
    tokens: int


def tokens_alone(prompt: Prompt) -> int:
    """Tokens of the passes that read a prompt and its continuations one sequence at a time, without a cache.

    Example:
        >>> from probe.prompts.pack import Prompt
        >>> tokens_alone(Prompt((1, 2, 3), ((7,), (8, 9))))
        7
    """
    begun = {one[:length] for one in prompt.continuations for length in range(len(one))}
    return sum(len(prompt.input_ids) + len(more) for more in begun)


def trie_tokens(prompt: Prompt) -> int:
    """Tokens of the one pass that reads a prompt and its continuations as a trie.

    Example:
        >>> from probe.prompts.pack import Prompt
        >>> trie_tokens(Prompt((1, 2, 3), ((7,), (8, 9))))
        6
    """
    following = {one[:length] for one in prompt.continuations for length in range(1, len(one) + 1)}
    return len(prompt.input_ids) + len(following)


@dataclass
class FloorSample:
    """Chooses cells as their items come by: evenly over sides and label sets, then over items, then by a hash.

    Attributes:
        passes: How often each is read: once as the run computes, and once in float32 where that is another way.
        shared: Whether they are read by a trie, as a study is.
    """

    passes: int
    shared: bool
    _strata: dict[tuple[str, str], list[tuple[int, int, int, int, int]]] = field(default_factory=dict)

    def add(self, item: int, plan: ItemPlan) -> None:
        """Consider the cells of an item."""
        ordered = sorted(plan.prompts, key=lambda prompt: prompt.variant.id)
        hashed = sorted((_hash(plan.item.id, prompt.variant.id), row) for row, prompt in enumerate(ordered))
        seen: dict[str, int] = {}
        for key, row in hashed:
            labels = ordered[row].variant["label_set"]
            rank = seen.setdefault(labels, 0)
            seen[labels] += 1
            stratum = self._strata.setdefault((plan.item.side, labels), [])
            prompt = ordered[row].prompt
            tokens = trie_tokens(prompt) if self.shared else tokens_alone(prompt)
            cell = (-rank, -key, item, row, self.passes * tokens)
            if len(stratum) < MOST:
                heapq.heappush(stratum, cell)
            else:
                heapq.heappushpop(stratum, cell)

    def chosen(self, reading: int) -> FloorCells:
        """The first cell of each stratum, then the second of each, and so on while they are cheap.

        Args:
            reading: Tokens that reading the study computes.
        """
        queues = [sorted(cells, reverse=True) for _, cells in sorted(self._strata.items())]
        ranked = sorted((rank, at, cell) for at, queue in enumerate(queues) for rank, cell in enumerate(queue))
        cells: list[tuple[int, int]] = []
        total = 0
        for _, _, (_, _, item, row, tokens) in ranked[:MOST]:
            if len(cells) >= FEWEST and total + tokens > SHARE * reading:
                break
            cells.append((item, row))
            total += tokens
        return FloorCells(tuple(cells), total)


def _hash(item: str, variant: str) -> int:
    return int(hashlib.sha256(f"{item}\t{variant}".encode()).hexdigest(), 16)
