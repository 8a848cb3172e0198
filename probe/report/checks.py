"""Every validity check of every trade-off as a matrix, with counts. Computes no statistic."""

from __future__ import annotations

from probe.analysis.claim import ValidityCheck
from probe.analysis.effects import ContentFloor
from probe.analysis.results import ModelResults
from probe.analysis.validity_checks import AT_MOST
from probe.report.claim_text import words
from probe.report.number_format import MISSING, amount, clean
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build

__all__ = ["check_matrix"]

EVERY = "all trade-offs"
"""The row of what holds for a model as a whole."""

_Row = tuple[str, dict[tuple[str, str], ValidityCheck], str]


def check_matrix(model: ModelResults) -> Table:
    """A row per trade-off, the furthest apart first, and one for controls, which the trade-offs share."""
    ranked = [(key, t) for key, t in by_distance(model) if t.gates_checked]
    rows: list[_Row] = []
    columns: dict[tuple[str, str], float] = {}
    shared: dict[tuple[str, str], ValidityCheck] = {}
    for key, found in ranked:
        own = {(check.gate, check.side): check for check in found.gates_checked}
        columns |= {name: check.threshold for name, check in own.items()}
        shared |= {name: check for name, check in own.items() if _of_model(check)}
        sides = [str(side.items) if side else MISSING for side in (found.stated, found.revealed)]
        rows.append((key, {n: c for n, c in own.items() if not _of_model(c)}, " + ".join(sides)))
    if shared:
        controls = sum(result.items for result in model.controls.values())
        rows.insert(0, (EVERY, shared, f"{controls} known-answer controls"))
    return build(
        "Checks",
        "Fixed before reading; ✗ fails, and closes every figure of its trade-off (in the first row: of all). Items: "
        "stated + revealed. Known-answer controls: how many of how many are as they should be. What was not measured "
        'closes nothing. To pass "equivalent" shows little, since a model that reads nothing passes it; what those '
        "controls show is the floor of content.",
        rows,
        [
            Column("trade-off", lambda r: r[0]),
            Column("items", lambda r: r[2]),
            *(_column(name, limit, model.content_floor) for name, limit in sorted(columns.items())),
        ],
    )


def _of_model(check: ValidityCheck) -> bool:
    return check.side == "control"


def _column(name: tuple[str, str], limit: float, floor: ContentFloor | None) -> Column[_Row]:
    gate, side = name
    of = "" if side in ("control", "both") else f", {clean(side)}"
    sign = "≤" if gate in AT_MOST or gate == "numeric_error" else "≥"
    return Column(f"{words(gate)}{of} ({sign} {limit:g})", lambda row: _cell(row[1].get(name), floor))


def _cell(check: ValidityCheck | None, floor: ContentFloor | None) -> str:
    if check is None:
        return ""
    if check.value is None:
        return "not measured"
    reported = amount(check.value)
    if check.items is not None:
        reported = f"{round(check.value * check.items)} of {check.items}"
        if check.gate == "equivalent" and floor is not None and floor.equivalent is not None:
            reported += f", floor {amount(floor.equivalent)} nats"
    return f"{reported} ✗" if check.state == "closed" else reported
