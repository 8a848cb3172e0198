"""A part of a suite: the first clusters of each side, whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import get_args

from probe.design.items import Item
from probe.design.shape import Form
from probe.errors import InputError

__all__ = ["limit_items"]

_FORMS = get_args(Form)


def limit_items(items: Sequence[Item], n: int) -> tuple[Item, ...]:
    """The first `n` root questions and scenarios of each trade-off, whole, and every control; sorted by id.

    Root questions take the forms of asking in turn, scenarios the sets of context factors; within a form or a set the
    order is that of ids. A scenario brings its bridge. What is kept for a smaller `n` is kept for a larger one too, so
    that a study can be extended, and it does not depend on other trade-offs.

    Raises:
        InputError: `n` is less than one.
    """
    if n < 1:
        raise InputError(f"--limit: at least 1 cluster is needed, found {n}. Give a positive number.")
    kept = {cluster for kinds in _sides(items) for cluster in _in_turn(kinds)[:n]}
    chosen = (item for item in items if item.side == "control" or (_side(item), item.cluster) in kept)
    return tuple(sorted(chosen, key=lambda item: item.id))


_Cluster = tuple[str, str]
_Kind = tuple[str, ...]


def _side(item: Item) -> str:
    """The side whose clusters the item belongs to: a bridge goes with its scenario."""
    return "stated" if item.side == "stated" else "revealed"


def _sides(items: Iterable[Item]) -> Iterable[dict[_Kind, set[_Cluster]]]:
    """For each side of each trade-off its clusters by kind."""
    kinds: dict[_Cluster, _Kind] = {}
    sides: dict[tuple[str, str], set[_Cluster]] = defaultdict(set)
    for item in items:
        if item.side == "control":
            continue
        cluster = (_side(item), item.cluster)
        sides[item.tradeoff, _side(item)].add(cluster)
        # A bridge alone says nothing of its scenario's factors.
        kinds[cluster] = max(kinds.get(cluster, ()), _kind(item), key=len)
    for clusters in sides.values():
        by_kind: dict[_Kind, set[_Cluster]] = defaultdict(set)
        for cluster in clusters:
            by_kind[kinds[cluster]].add(cluster)
        yield by_kind


def _kind(item: Item) -> _Kind:
    if item.side == "stated":
        return (str(_FORMS.index(item.form)),)
    return tuple(sorted(factor for factor, _ in item.context))


def _in_turn(kinds: dict[_Kind, set[_Cluster]]) -> list[_Cluster]:
    """One of each kind, then another of each, as far as they go."""
    queues = [sorted(clusters) for _, clusters in sorted(kinds.items())]
    return [one for round_ in zip_longest(*queues) for one in round_ if one is not None]
