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

_SIDES = ("stated", "revealed")

_Row = tuple[str, dict[tuple[str, str], ValidityCheck], str]


def check_matrix(model: ModelResults) -> Table:
    """A row per trade-off, the furthest apart first, and one for controls, which the trade-offs share."""
    ranked = [(key, t) for key, t in by_distance(model) if t.gates_checked]
    rows: list[_Row] = []
    columns: dict[tuple[str, float], set[str]] = {}
    shared: dict[tuple[str, str], ValidityCheck] = {}
    for key, found in ranked:
        own = {(check.gate, check.side): check for check in found.gates_checked}
        for check in own.values():
            columns.setdefault((check.gate, check.threshold), set()).add(check.side)
        shared |= {name: check for name, check in own.items() if _of_model(check)}
        sides = [str(side.items) if side else MISSING for side in (found.stated, found.revealed)]
        rows.append((key, {n: c for n, c in own.items() if not _of_model(c)}, " + ".join(sides)))
    if shared:
        controls = sum(result.items for result in model.controls.values())
        rows.insert(0, (EVERY, shared, str(controls)))
    return build(
        "Checks",
        "Fixed before reading; ✗ fails, and closes every figure of its trade-off (in the first row: of all). Items: "
        "stated + revealed, in the first row known-answer controls, and of these how many of how many are as they "
        "should be. Where a check has both sides: stated / revealed. What was not measured closes nothing. To pass "
        '"equivalent" shows little, since a model that reads nothing passes it; what those controls show is the floor '
        "of content, in nats.",
        rows,
        [
            Column("trade-off", lambda r: r[0]),
            Column("items", lambda r: r[2]),
            *(_column(*name, sides, model.content_floor) for name, sides in sorted(columns.items())),
        ],
    )


def _of_model(check: ValidityCheck) -> bool:
    return check.side == "control"


def _column(gate: str, limit: float, found: set[str], floor: ContentFloor | None) -> Column[_Row]:
    sides = [side for side in _SIDES if side in found] or sorted(found)
    of = "" if found & {"control", "both"} else f", {' / '.join(map(clean, sides))}"
    sign = "≤" if gate in AT_MOST or gate == "numeric_error" else "≥"
    return Column(f"{words(gate)}{of} ({sign}\u00a0{limit:g})", lambda row: _cells(row[1], gate, sides, floor))


def _cells(
    checks: dict[tuple[str, str], ValidityCheck], gate: str, sides: list[str], floor: ContentFloor | None
) -> str:
    """The sides of a check side by side; what is the same of both, such as not being measured, once."""
    own = [_cell(checks.get((gate, side)), floor) for side in sides]
    if len(set(own)) == 1 and not any(one[:1].isdigit() for one in own):
        return own[0]
    return " / ".join(one or MISSING for one in own)


def _cell(check: ValidityCheck | None, floor: ContentFloor | None) -> str:
    if check is None:
        return ""
    if check.value is None:
        return "not measured"
    reported = amount(check.value)
    if check.items is not None:
        reported = f"{round(check.value * check.items)} of {check.items}"
        if check.gate == "equivalent" and floor is not None and floor.equivalent is not None:
            reported += f", floor {amount(floor.equivalent)}"
    return f"{reported} ✗" if check.state == "closed" else reported
