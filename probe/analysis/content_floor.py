"""What content looks like where there is none: an empirical floor, from controls whose options mean the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from probe.analysis.cells import Cells
from probe.analysis.effects import ContentFloor
from probe.analysis.side import Sides
from probe.store.facts import ControlFacts

__all__ = ["content_floor"]


def content_floor(sides: Iterable[Sides], cells: Cells, controls: Mapping[str, ControlFacts]) -> ContentFloor | None:
    """Root mean squares of mean log-odds: of items, of equivalent and of identical options (nats).

    An item or control counts where it was read in every variant; each side of each trade-off weighs alike, and each
    control does. None where no side was read in several formats.

    Args:
        sides: Figures of all trade-offs.
        cells: All items of the model that were offered no neutral option; its controls are among them.
        controls: Facts of the controls.
    """
    contents = []
    for side in (one for both in sides for one in (both.stated, both.revealed) if one):
        varied = np.array([not item.fixed for item in side.cells.items])
        if varied.any() and side.cells.formats.varied:
            means, weights = side.cells.z[varied].mean(axis=1), side.weights[varied]
            contents.append(float(weights @ means**2 / weights.sum()))
    if not contents:
        return None
    equivalent, identical = (_squares(cells, controls, kind) for kind in ("equivalent", "identical"))
    return ContentFloor(
        content=float(np.sqrt(np.mean(contents))),
        equivalent=_root(equivalent),
        equivalent_items=len(equivalent),
        identical=_root(identical),
        identical_items=len(identical),
    )


def _squares(cells: Cells, controls: Mapping[str, ControlFacts], kind: str) -> list[float]:
    """Squared mean log-odds of the controls of one kind, nats squared."""
    return [
        float(cells.z[row].mean()) ** 2
        for row, item in enumerate(cells.items)
        if item.side == "control" and not item.fixed and controls[item.id].kind == kind
    ]


def _root(squares: list[float]) -> float | None:
    return float(np.sqrt(np.mean(squares))) if squares else None
