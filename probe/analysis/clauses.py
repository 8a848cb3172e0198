"""Which clause moves the choice: exact changes of mean log-odds with a clause and without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from probe.analysis.cells import Cells
from probe.analysis.clause_results import ClauseChange, ClauseScenario, ClausesResult
from probe.analysis.flips import NEAR_EVEN
from probe.analysis.logspace import sigmoid
from probe.analysis.neutral_grids import NeutralGrids, tabulate_grids
from probe.analysis.preference import deployed_log_odds
from probe.analysis.results import ModelResults, TradeOffResult
from probe.store.facts import ClausedScenario, ClauseFact, ClauseFacts, StudyFacts

__all__ = ["UNREAD", "clauses_of", "ranked", "with_clauses"]

UNREAD = "an item of it could not be read"

Row = Float64[np.ndarray, " variants"]
Context = tuple[tuple[str, str], ...]


def with_clauses(
    models: Mapping[str, ModelResults], cells: Mapping[str, NeutralGrids], readings: pa.Table, facts: StudyFacts
) -> dict[str, ModelResults]:
    """The same results with the clauses of each trade-off that has any.

    Args:
        models: Results by model.
        cells: Readings of each model.
        readings: Rows of ``clauses.parquet``.
        facts: The study.

    Raises:
        StudyError: a cell is missing, stands there twice, is outside the design, or is not finite.
    """
    if facts.clauses is None or readings.num_rows == 0:
        return dict(models)
    tables = tabulate_grids(readings, facts.axes)
    found = dict(models)
    for name in models.keys() & tables.keys():
        model, delta = models[name], models[name].numeric_floor.log_odds
        tradeoffs: dict[str, TradeOffResult] = {}
        for key, result in model.tradeoffs.items():
            own, without = cells[name].of_tradeoff(key), tables[name].of_tradeoff(key).plain
            tradeoffs[key] = replace(result, clauses=clauses_of(key, own, without, facts.clauses, delta))
        found[name] = replace(model, tradeoffs=tradeoffs)
    return found


def clauses_of(
    tradeoff: str, own: NeutralGrids | Cells, without: Cells, facts: ClauseFacts, delta: float
) -> ClausesResult | None:
    """The clauses of one trade-off; None where nothing of it was read.

    Args:
        tradeoff: Its id.
        own: Its readings: a scenario as it stands is one of them, unless it has an item of its own.
        without: Its items with something left out.
        facts: Which scenarios were taken, and their clauses.
        delta: Numeric floor of a log-odds, nats.
    """
    if not without.items:
        return None
    revealed = own.of_side("revealed")
    read = _rows(revealed) | _rows(without)
    levels: dict[str, dict[Context, Row]] = {}
    for item, z in zip(revealed.items, revealed.z, strict=True):
        if not item.is_mate:
            levels.setdefault(str(item.scenario), {})[item.context] = z
    context = {str(item.scenario): item.context for item in without.items}
    left_out = {name: why for name, why in facts.left_out.items() if name.startswith(f"{tradeoff}/")}
    scenarios: dict[str, ClauseScenario] = {}
    for name, about in sorted(facts.scenarios.items()):
        if not name.startswith(f"{tradeoff}/"):
            continue
        found = _scenario(about, read, context.get(name, ()), levels.get(name, {}), delta)
        if found is None:
            left_out[name] = UNREAD
        else:
            scenarios[name] = found
    return ClausesResult(2 * delta, scenarios, left_out)


def ranked(result: ClausesResult) -> list[tuple[str, ClauseChange]]:
    """Every clause with its scenario, the largest change first; equal ones by scenario and number."""
    every = [(name, one) for name, scenario in result.scenarios.items() for one in scenario.clauses]
    return sorted(every, key=lambda pair: (-abs(pair[1].change), pair[0], pair[1].number))


def _rows(cells: Cells) -> dict[str, Row]:
    return dict(zip((item.id for item in cells.items), cells.z, strict=True))


def _scenario(
    about: ClausedScenario, read: Mapping[str, Row], context: Context, levels: Mapping[Context, Row], delta: float
) -> ClauseScenario | None:
    """None where one of its items is missing."""
    with_all = read.get(f"{about.item}~without-none", read.get(about.item))
    numbers = range(1, len(about.clauses) + 1)
    others = [read.get(f"{about.item}~without-{number:02}") for number in numbers]
    bare = read.get(f"{about.item}~without-all") if len(others) > 1 else others[0]
    if with_all is None or bare is None or any(one is None for one in others):
        return None
    changes = tuple(
        _change(number, clause, with_all, z, delta, _against(clause, context, levels))
        for number, clause, z in zip(numbers, about.clauses, others, strict=True)
        if z is not None
    )
    summed, whole = float(np.sum([one.change for one in changes])), float(with_all.mean() - bare.mean())
    return ClauseScenario(about.item, float(with_all.mean()), changes, summed, whole, whole - summed)


def _change(
    number: int, clause: ClauseFact, with_it: Row, without: Row, delta: float, against: dict[str, float]
) -> ClauseChange:
    before, after, by_format = float(without.mean()), float(with_it.mean()), with_it - without
    return ClauseChange(
        number=number,
        kind=clause.kind,
        text=clause.text,
        factors=dict(clause.factors),
        option=clause.option,
        without=before,
        change=after - before,
        least=float(by_format.min()),
        largest=float(by_format.max()),
        turns=_side(with_it, delta) * _side(without, delta) < 0,
        against_levels=against,
    )


def _side(z: Row, delta: float) -> int:
    """Which principle is chosen, by the mean p over formats: 1 the first, -1 the second, 0 near even odds."""
    odds = deployed_log_odds(z[None], np.ones(1))
    counts = abs(sigmoid(odds) - 0.5) > NEAR_EVEN and abs(odds) > delta
    return (1 if odds > 0 else -1) if counts else 0


def _against(clause: ClauseFact, context: Context, levels: Mapping[Context, Row]) -> dict[str, float]:
    """Mean z at the level that was read minus the mean over the factor's other levels, the other factors equal."""
    found: dict[str, float] = {}
    for factor in clause.factors:
        beside = _but(factor, context)
        others = [z.mean() for cell, z in levels.items() if cell != context and _but(factor, cell) == beside]
        if context in levels and others:
            found[factor] = float(levels[context].mean() - np.mean(others))
    return found


def _but(factor: str, context: Context) -> Context:
    return tuple(pair for pair in context if pair[0] != factor)
