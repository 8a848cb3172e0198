"""Where a token trie is cut across, for passes over rows that each go on from the states of the pass above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from probe.prompts.trie import Trie

__all__ = ["Rows", "Staged", "stages"]

_NEVER = 2**60
"""A cost that is none."""


def stages(trie: Trie, most: int | None = None, *, pass_tokens: int = 0, narrowest: int = 1) -> tuple[int, ...]:
    """Depths at which passes over a trie end so that little is computed; the last is the depth of the trie.

    A pass reads what lies between two depths. Its rows are the ways through, all as wide as the stage: what ends before
    it is filled up. So with a cut wherever the trie branches or a sequence ends, each node is computed once; with fewer
    cuts some are computed more often.

    Args:
        trie: What is read.
        most: Most passes; None for any number.
        pass_tokens: How many tokens a pass costs beside its own.
        narrowest: Least tokens of a row that goes on from another.

    Example:
        >>> from probe.prompts.pack import Prompt
        >>> from probe.prompts.trie import grow
        >>> trie = grow(enumerate((Prompt((1, 2, 3, 4, 5, 6), ()), Prompt((1, 2, 3, 7, 8, 9), ()))))
        >>> stages(trie), stages(trie, most=1), stages(trie, pass_tokens=4)
        ((3, 6), (6,), (6,))
    """
    deepest = int(trie.depths.max()) + 1
    nodes, leaves = (np.bincount(depths, minlength=deepest) for depths in (trie.depths, trie.depths[trie.leaves]))
    ended = np.concatenate(([0], np.cumsum(leaves)))
    # By depth: the least cost of what is above it, with one pass more in every round; without a bound one round
    # suffices, in which each depth goes on from those before it.
    best = np.array([0, *[_NEVER] * deepest])
    start_of: list[NDArray[np.int64]] = []
    for _ in range(most or 1):
        after, starts = np.full_like(best, _NEVER), np.zeros_like(best)
        after[0] = 0
        for end in range(1, deepest + 1):
            widths = np.arange(end, 0, -1)
            rows = nodes[end - 1] + ended[end - 1] - ended[:end]
            costs = (after if most is None else best)[:end] + rows * widths + pass_tokens
            costs[1:][widths[1:] < narrowest] = _NEVER
            starts[end] = costs.argmin()
            after[end] = costs[starts[end]]
        best = after
        start_of.append(starts)
    ends = [deepest]
    while start := int(start_of[-1 if most is None else -len(ends)][ends[-1]]):
        ends.append(start)
    return tuple(reversed(ends))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Ways through a trie between two depths, which one pass reads.

    Attributes:
        stage: Which of the depths they end at.
        start: Depth at which they begin.
        ends: Last node of each, ascending.
        nodes: All nodes, row by row; -1 where a row is filled up.
        above: Row of the pass above that each goes on from.
        goes_on: Whether there is anything below.
    """

    stage: int
    start: int
    ends: NDArray[np.int64]
    nodes: NDArray[np.int64]
    above: NDArray[np.int64]
    goes_on: bool


@dataclass(frozen=True, eq=False)
class Staged:
    """A trie that is read in stages.

    Attributes:
        trie: What is read.
        depths: Where the passes end, as `stages` gives them.
        budget: Most tokens in one pass.
        least: Tokens that a row counts for at least, as its states need memory too.
        narrowest: Least tokens of a row that goes on from another, the filling included.
    """

    trie: Trie
    depths: tuple[int, ...]
    budget: int
    least: int = 1
    narrowest: int = 1

    def first(self) -> Iterator[Rows]:
        """Rows that begin with nothing before them, in batches."""
        ends = self._ends(0)
        return self._batches(0, ends, np.zeros_like(ends))

    def below(self, rows: Rows) -> Iterator[Rows]:
        """Rows that go on from some of the stage before, in batches."""
        if rows.goes_on:
            ends = self._ends(rows.stage + 1)
            above = np.searchsorted(rows.ends, ends) - 1
            ours = (above >= 0) & (ends < self.trie.last[rows.ends[above]])
            yield from self._batches(rows.stage + 1, ends[ours], above[ours])

    def _ends(self, stage: int) -> NDArray[np.int64]:
        """Last nodes of the ways through a stage, ascending: all at its end, and before it those of the leaves."""
        depths = self.trie.depths
        start, end = self._between(stage)
        return np.flatnonzero((depths == end - 1) | (self.trie.leaves & (start <= depths) & (depths < end)))

    def _between(self, stage: int) -> tuple[int, int]:
        return (0, *self.depths)[stage], self.depths[stage]

    def _batches(self, stage: int, ends: NDArray[np.int64], above: NDArray[np.int64]) -> Iterator[Rows]:
        start, end = self._between(stage)
        size = max(1, self.budget // max(end - start, self.least))
        for part in (slice(first, first + size) for first in range(0, ends.size, size)):
            ways = [np.append(self.trie.ancestors(node), node)[start:] for node in ends[part]]
            width = max(min(self.narrowest, end - start), *(way.size for way in ways))
            nodes = np.array([np.pad(way, (0, width - way.size), constant_values=-1) for way in ways])
            goes_on = not self.trie.leaves[ends[part]].all()
            yield Rows(stage, start, ends[part], nodes, above[part], goes_on)
