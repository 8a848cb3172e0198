"""Items whose right answer is known, or that have none; they never enter a preference."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from probe.analysis.bias import biases
from probe.analysis.cells import Cells
from probe.analysis.formats import Formats
from probe.analysis.gates import mean_mass
from probe.analysis.logspace import sigmoid
from probe.analysis.preference import deployed_log_odds
from probe.analysis.results import ControlResult
from probe.analysis.weights import nested_weights
from probe.errors import StudyError
from probe.store.facts import ControlFacts

__all__ = ["control_results"]

SOUND = 0.8
"""Least probability of the sound option, averaged over the variants."""

EVEN = 0.5
"""Largest |mean z| at which two wordings of one act count as equivalent, nats."""


def control_results(
    cells: Cells,
    facts: Mapping[str, ControlFacts],
    formats: Formats,
    unordered: Collection[str],
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
    return {kind: _of_kind(kind, cells.take(rows), facts, formats, unordered) for kind, rows in sorted(by_kind.items())}


def _of_kind(
    kind: str,
    cells: Cells,
    facts: Mapping[str, ControlFacts],
    formats: Formats,
    unordered: Collection[str],
) -> ControlResult:
    weights = nested_weights([item.id for item in cells.items])
    bias = biases(cells.z, weights, formats, unordered)
    sound = [_is_sound(kind, cells, row, facts[item.id].expect) for row, item in enumerate(cells.items)]
    judged = [passed for passed in sound if passed is not None]
    return ControlResult(
        items=len(cells.items),
        passed=sum(judged) / len(judged) if judged else None,
        content=bias.content,
        abs_content=float(np.abs(cells.z.mean(axis=1)).mean()),
        position=bias.position,
        label=bias.label,
        slot=bias.slot,
        option_mass=mean_mass(cells.mass, weights),
    )


def _is_sound(kind: str, cells: Cells, row: int, expect: str | None) -> bool | None:
    z, item = cells.z[row : row + 1], cells.items[row]
    if kind == "equivalent":
        return abs(float(z.mean())) <= EVEN
    if kind not in ("dominated", "fact") or expect is None:
        return None
    towards = z if expect == item.p1 else -z
    return sigmoid(deployed_log_odds(towards, np.ones(1))) >= SOUND
