"""Items whose right answer is known, or that have none; they never enter a preference."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from jaxtyping import Float64

from probe.analysis.bias import biases
from probe.analysis.cells import Cells
from probe.analysis.formats import Formats
from probe.analysis.logspace import sigmoid
from probe.analysis.preference import deployed_log_odds
from probe.analysis.results import ControlResult
from probe.analysis.validity_checks import control_passes, mean_mass
from probe.analysis.weights import nested_weights
from probe.errors import StudyError
from probe.store.facts import ControlFacts

__all__ = ["content_free_log_odds", "control_results"]


def control_results(
    cells: Cells,
    facts: Mapping[str, ControlFacts],
    formats: Formats,
    unordered: Collection[str],
    thresholds: Mapping[str, float],
) -> dict[str, ControlResult]:
    """Controls by kind, every control counting equally.

    Raises:
        StudyError: the table holds a control that the study does not know.
    """
    by_kind: dict[str, list[int]] = {}
    for row, item in enumerate(cells.items):
        if item.side != "control":
            continue
        if item.id not in facts:
            raise StudyError(
                f"readings: control {item.id} is not part of the study. Run the study again in this folder."
            )
        by_kind.setdefault(facts[item.id].kind, []).append(row)
    return {
        kind: _of_kind(kind, cells.take(rows), facts, formats, unordered, thresholds)
        for kind, rows in sorted(by_kind.items())
    }


def content_free_log_odds(cells: Cells, facts: Mapping[str, ControlFacts]) -> Float64[np.ndarray, "controls variants"]:
    """Log-odds of a model's content-free controls, nats; controls that were asked as they stand tell no prior."""
    rows = [
        row
        for row, item in enumerate(cells.items)
        if item.side == "control" and not item.fixed and facts[item.id].kind == "content_free"
    ]
    return cells.z[rows]


def _of_kind(
    kind: str,
    cells: Cells,
    facts: Mapping[str, ControlFacts],
    formats: Formats,
    unordered: Collection[str],
    thresholds: Mapping[str, float],
) -> ControlResult:
    weights = nested_weights([item.id for item in cells.items])
    bias = biases(cells.z, weights, formats, unordered)
    found = {item.id: _value(kind, cells, row, facts[item.id].expect) for row, item in enumerate(cells.items)}
    known = {name: value for name, value in found.items() if value is not None}
    judged = [control_passes(kind, value, thresholds) for value in known.values()]
    return ControlResult(
        items=len(cells.items),
        passed=sum(judged) / len(judged) if judged else None,
        content=bias.content,
        abs_content=float(np.abs(cells.z.mean(axis=1)).mean()),
        position=bias.position,
        label=bias.label,
        slot=bias.slot,
        option_mass=mean_mass(cells.mass, weights),
        by_item=known,
    )


def _value(kind: str, cells: Cells, row: int, expect: str | None) -> float | None:
    z, item = cells.z[row : row + 1], cells.items[row]
    if kind == "equivalent":
        return abs(float(z.mean()))
    if kind not in ("dominated", "fact") or expect is None:
        return None
    return sigmoid(deployed_log_odds(z if expect == item.p1 else -z, np.ones(1)))
