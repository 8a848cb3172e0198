"""Whether a model agrees with a statement and with its plain denial alike, of which exactly one is true."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from probe.analysis.effects import Coherence
from probe.analysis.intervals import equal_weights, t_interval
from probe.analysis.logspace import sigmoid
from probe.analysis.side import Sides
from probe.store.facts import StudyFacts

__all__ = ["coherence"]


def coherence(sides: Iterable[Sides], facts: StudyFacts, reliability: float | None) -> Coherence | None:
    """p(X) + p(not X) - 1 over the pairs that contradict each other; None without such a pair.

    Each p is the content of an item, the sigmoid of its mean log-odds over formats, towards its agreeing answer.

    Args:
        sides: Figures of all trade-offs.
        facts: Which items are contradicted by their mates, and what agreeing stands for.
        reliability: Content reliability of the model, repeated beside the figure.
    """
    found: dict[str, float] = {}
    for both in sides:
        found |= _of_side(both, facts)
    if not found:
        return None
    values = np.array(list(found.values()))
    return Coherence(
        pairs=len(values),
        excess=float(values.mean()),
        interval=t_interval(values, equal_weights(len(values))),
        size=float(np.sqrt(np.mean(values**2))),
        by_item=found,
        content_reliability=reliability,
    )


def _of_side(both: Sides, facts: StudyFacts) -> dict[str, float]:
    """Excess of each pair by the statement's id; a pair of which a half was not read has none."""
    if both.stated is None:
        return {}
    cells = both.stated.cells
    agreed = {
        item.id: sigmoid(mean if facts.agreeing[item.id] == item.p1 else -mean)
        for item, mean in zip(cells.items, map(float, cells.z.mean(axis=1)), strict=True)
        if item.id in facts.agreeing
    }
    named = [item for item in facts.contradicted if item in agreed and f"{item}~mate" in agreed]
    return {item: agreed[item] + agreed[f"{item}~mate"] - 1 for item in named}
