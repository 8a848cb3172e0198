"""Utilities of the outcomes or values that a run compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from probe.analysis.outcomes import mean_log_odds, read_outcomes
from probe.analysis.value_ranks import RankedSide, ValueRanks, rank_sides
from probe.errors import InputError
from probe.results import Results

if TYPE_CHECKING:
    from probe.analysis.bradley_terry import Utilities

__all__ = ["ranks_of", "utilities_json", "utilities_text"]


def ranks_of(run: Path, outcomes: Path) -> dict[str, ValueRanks]:
    """Both sides' utilities of each model of a run, from the table that its import wrote.

    Raises:
        InputError: The table cannot be read, or names no item of the run.
        StudyError: There is no finished run.
    """
    try:
        text = outcomes.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{outcomes}: it cannot be read ({error}). Give the outcomes.csv of the import.") from None
    standings = read_outcomes(text, str(outcomes))
    readings = Results(run).readings
    side_of = dict(zip(readings["item"].to_pylist(), readings["side"].to_pylist(), strict=True))
    found = {}
    for model in sorted(set(readings["model"].to_pylist())):
        z = mean_log_odds(readings, model)
        sides = [{item: one for item, one in z.items() if side_of[item] == side} for side in ("stated", "revealed")]
        found[model] = rank_sides(standings, sides[0], sides[1])
    return found


def utilities_json(ranks: dict[str, ValueRanks]) -> str:
    """Everything, for other tools."""
    content = {
        model: {
            "stated": _side(one.stated),
            "revealed": _side(one.revealed),
            "spearman": one.spearman,
            "values_on_both_sides": one.values,
        }
        for model, one in ranks.items()
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def utilities_text(ranks: dict[str, ValueRanks]) -> str:
    """The Bradley-Terry utilities in falling order, with what says how far to trust them."""
    lines = []
    for model, one in ranks.items():
        for name, side in (("stated", one.stated), ("revealed", one.revealed)):
            if side is None:
                continue
            fit = side.bradley_terry
            lines.append(
                f"{model}, {name}: {len(fit.names)} outcomes from {side.items} items; the fit gives the sign of "
                f"{fit.signs:.0%} of the comparisons, {side.transitivity.cyclic} of {side.transitivity.triads} triads "
                f"go in a circle, split-half reliability {_number(side.reliability)}"
            )
            order = sorted(range(len(fit.names)), key=lambda n, fit=fit: -fit.values[n])  # type: ignore[misc]
            lines += [f"  {fit.values[n]:+8.3f} [{fit.low[n]:+.3f}, {fit.high[n]:+.3f}]  {fit.names[n]}" for n in order]
        if one.stated is not None and one.revealed is not None:
            lines.append(f"{model}: rank correlation of both sides {_number(one.spearman)} over {one.values} values")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _side(side: RankedSide | None) -> dict[str, object] | None:
    if side is None:
        return None
    return {
        "items": side.items,
        "reliability": side.reliability,
        "triads": side.transitivity.triads,
        "cyclic_triads": side.transitivity.cyclic,
        "bradley_terry": _fit(side.bradley_terry),
        "thurstone": _fit(side.thurstone),
    }


def _fit(fit: Utilities) -> dict[str, object]:
    spared = bool((fit.low == fit.low).all())  # NaN where no comparison is to spare
    outcomes = {
        name: {
            "utility": float(fit.values[n]),
            "interval": [float(fit.low[n]), float(fit.high[n])] if spared else None,
        }
        for n, name in enumerate(fit.names)
    }
    return {"outcomes": outcomes, "signs": fit.signs, "mean_absolute_error": fit.error}
