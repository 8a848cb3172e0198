"""A study cut into chunks of about equal cost: some neighbouring packs of one model."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Chunk", "Waiting", "cut", "cut_study"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a worker is sent: packs that stand together in a model's plan file.

    Attributes:
        model: Whose.
        budget: Most tokens in a forward pass of it; a model that starts again at half of it has other chunks.
        start: Number of the first item.
        stop: Number behind the last item.
        cost: Floating-point operations, about.
        beside: Instead of packs, the cells of the numeric floor and the answers that are written.
    """

    model: str
    budget: int
    start: int
    stop: int
    cost: int
    beside: bool = False

    @property
    def holder(self) -> tuple[str, int]:
        """What a worker must hold to read it."""
        return self.model, self.budget

    @property
    def items(self) -> range:
        """Numbers of its items in the plan file."""
        return range(self.start, self.stop)


def cut(costs: Sequence[int], blocks: int) -> list[tuple[int, int]]:
    """Cut a sequence into at most so many runs of neighbours of about equal cost, none empty.

    A cut lies where the sum comes nearest to its share, so each run is at most one element away from it.

    Example:
        >>> cut([1, 1, 1, 5], 2)
        [(0, 3), (3, 4)]
    """
    sums = [0, *accumulate(max(1, cost) for cost in costs)]
    bounds = [0]
    for block in range(1, min(blocks, len(costs))):
        share = sums[-1] * block / min(blocks, len(costs))
        at = _nearest(sums, share)
        if bounds[-1] < at < len(costs):
            bounds.append(at)
    return list(zip(bounds, [*bounds[1:], len(costs)], strict=True)) if costs else []


def cut_study(costs: Mapping[str, Sequence[int]], budgets: Mapping[str, int], blocks: int) -> dict[str, list[Chunk]]:
    """Chunks of every model, as many as its share of the whole cost; those of an expensive one are shared.

    Args:
        costs: Floating-point operations of each pack, by model.
        budgets: Token budget of each model.
        blocks: About how many chunks in all.
    """
    whole = sum(map(sum, costs.values())) or 1
    found: dict[str, list[Chunk]] = {}
    for name, own in costs.items():
        share = max(1, round(blocks * sum(own) / whole))
        found[name] = [Chunk(name, budgets[name], start, stop, sum(own[start:stop])) for start, stop in cut(own, share)]
    return found


@dataclass
class Waiting:
    """Chunks that nobody reads yet, by model.

    Attributes:
        chunks: In the order in which they are handed out.
    """

    chunks: dict[str, list[Chunk]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return any(self.chunks.values())

    def add(self, chunk: Chunk) -> None:
        """Put one at the end."""
        self.chunks.setdefault(chunk.model, []).append(chunk)

    def drop(self, model: str) -> None:
        """Forget those of a model."""
        self.chunks.pop(model, None)

    def take(self, holds: tuple[str, int] | None, held: Sequence[tuple[str, int] | None]) -> Chunk | None:
        """The next chunk for a worker: of the model that it holds, else of that with most left for each that holds it.

        Among equals the first that came.

        Args:
            holds: What the worker holds.
            held: What the other workers hold.
        """
        if holds is not None and (own := self.chunks.get(holds[0])) and own[0].holder == holds:
            return own.pop(0)
        left = {name: self._left(name) / (1 + sum(one == name for one in _names(held))) for name in self.chunks}
        name = max((name for name in left if self.chunks[name]), key=left.__getitem__, default="")
        return self.chunks[name].pop(0) if name else None

    def _left(self, name: str) -> float:
        return float(sum(chunk.cost for chunk in self.chunks[name]))


def _names(held: Sequence[tuple[str, int] | None]) -> Iterator[str]:
    return (one[0] for one in held if one is not None)


def _nearest(sums: Sequence[int], share: float) -> int:
    at = bisect_left(sums, share)
    return at - 1 if at == len(sums) or share - sums[at - 1] <= sums[at] - share else at
