"""Which outcome or value each option of an item stands for, where a set compares many: one table beside the files."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Sequence
from itertools import combinations

__all__ = ["OUTCOMES", "connected_pairs", "outcome_table"]

OUTCOMES = "outcomes.csv"
"""Name of the table: ``item, option, outcome``, one row for every outcome that an option stands for."""


def outcome_table(rows: Iterable[tuple[str, str, str]]) -> str:
    """The table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["item", "option", "outcome"])
    writer.writerows(rows)
    return text.getvalue()


def connected_pairs(outcomes: Sequence[str], each: int, seed: int) -> list[tuple[str, str]]:
    """Pairs of outcomes that form one connected graph, every outcome in at least `each` of them, or all pairs.

    Rings through random orders: the first ring connects all, and each further one adds two comparisons per outcome.

    Example:
        >>> len(connected_pairs(["a", "b", "c", "d", "e", "f"], each=2, seed=0))
        6
    """
    if each >= len(outcomes) - 1:
        return list(combinations(outcomes, 2))
    index = {outcome: n for n, outcome in enumerate(outcomes)}
    draw = random.Random(seed)
    degree = dict.fromkeys(outcomes, 0)
    found: dict[tuple[str, str], None] = {}
    while min(degree.values()) < each:
        ring = list(outcomes)
        draw.shuffle(ring)
        for one, other in zip(ring, ring[1:] + ring[:1], strict=True):
            pair = (one, other) if index[one] < index[other] else (other, one)
            if pair not in found:
                found[pair] = None
                degree[one] += 1
                degree[other] += 1
    return sorted(found, key=lambda pair: (index[pair[0]], index[pair[1]]))
