"""A part of the items for a quick look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from probe.design.items import Item
from probe.errors import InputError

__all__ = ["limit_items"]


def limit_items(items: Sequence[Item], n: int) -> tuple[Item, ...]:
    """The first `n` items of each side of each trade-off, in sorted order of ids.

    What is kept for a smaller `n` is kept for a larger one too, so that a study can be extended.

    Raises:
        InputError: `n` is less than one.
    """
    if n < 1:
        raise InputError(f"--limit: at least 1 item is needed, found {n}. Give a positive number.")
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for item in sorted(items, key=lambda item: item.id):
        seen[item.tradeoff, item.side] += 1
        if seen[item.tradeoff, item.side] <= n:
            kept.append(item)
    return tuple(kept)
