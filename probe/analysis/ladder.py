"""What the gap is made of: situation, wording, and *do* against *should*, one changed at a time.

References:
    Shapley (1953), A value for n-person games.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from probe.analysis.cells import Cells, ItemRow
from probe.analysis.claim import Interval
from probe.analysis.intervals import equal_weights, t_interval, welch
from probe.analysis.ladder_results import BareOptions, LadderResult, SameFacts, Step
from probe.analysis.logspace import sigmoid
from probe.analysis.multiplicity import holm
from probe.analysis.neutral_grids import NeutralGrids, tabulate_grids
from probe.analysis.permutation import ALPHA, draws_for, flip, seed_of
from probe.analysis.preference import Clusters, cluster_values, deployed_log_odds
from probe.analysis.results import ModelResults, TradeOffResult
from probe.analysis.shapley import shapley_values
from probe.analysis.weights import nested_weights, stated_weights
from probe.design.items import CELLS
from probe.store.facts import LadderFacts, StudyFacts

__all__ = ["Rungs", "ladder_of", "rungs_of", "with_ladders"]

UNREAD = "a cell of it could not be read"

Context = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rungs:
    """Every cell of the ladder of some scenarios of one trade-off.

    Attributes:
        scenarios: Their names, sorted; only those of which every cell was read.
        contexts: Number of context cells over all of them.
        z: Mean z over formats and context cells, nats; cells in the order of `CELLS`.
        first_to_mean: z of the first context cell minus the mean over the scenario's cells.
        bare: Log-odds of the bare options, item by item and format by format.
        bare_weights: Weight of each of these items; scenarios count equally.
        unread: Scenarios of which a cell could not be read.
    """

    scenarios: tuple[str, ...]
    contexts: int
    z: Float64[np.ndarray, "scenarios cells"]
    first_to_mean: Float64[np.ndarray, " scenarios"]
    bare: Float64[np.ndarray, "items variants"]
    bare_weights: Float64[np.ndarray, " items"]
    unread: tuple[str, ...]

    def of(self, cell: str) -> Float64[np.ndarray, " scenarios"]:
        """Mean z of a cell, by scenario."""
        return np.asarray(self.z[:, CELLS.index(cell)])


def with_ladders(
    models: Mapping[str, ModelResults],
    cells: Mapping[str, NeutralGrids],
    readings: pa.Table,
    facts: StudyFacts,
    planned: int,
) -> dict[str, ModelResults]:
    """The same results with the ladder of each trade-off that has one.

    Args:
        models: Results by model, with the gates of every trade-off.
        cells: Readings of each model.
        readings: Rows of ``ladder.parquet``.
        facts: The study.
        planned: Number of models of the study, those that could not be read included.

    Raises:
        StudyError: a cell is missing, stands there twice, is outside the design, or is not finite.
    """
    if facts.ladder is None or readings.num_rows == 0:
        return dict(models)
    tables = tabulate_grids(readings, facts.axes)
    found: dict[tuple[str, str], LadderResult] = {}
    draws = draws_for(planned * len(facts.tradeoffs))
    for name in sorted(models.keys() & tables.keys()):
        for key in models[name].tradeoffs:
            own, delta = cells[name].of_tradeoff(key), models[name].numeric_floor.log_odds
            rungs = rungs_of(own, tables[name].of_tradeoff(key).plain, facts.ladder)
            if rungs is not None:
                left_out = {s: why for s, why in facts.ladder.left_out.items() if s.startswith(f"{key}/")}
                seed = seed_of("ladder", name, key)
                found[name, key] = ladder_of(rungs, _general(own), delta, draws, seed, left_out)
    adjusted = holm({pair: one.same_facts.sign_flip_p for pair, one in found.items()}, planned * len(facts.tradeoffs))
    return {
        name: replace(
            model,
            tradeoffs={
                key: _with(t, found.get((name, key)), adjusted.get((name, key)), model.numeric_floor.log_odds)
                for key, t in model.tradeoffs.items()
            },
        )
        for name, model in models.items()
    }


def rungs_of(own: NeutralGrids | Cells, ladder: Cells, facts: LadderFacts) -> Rungs | None:
    """The cells of one trade-off's scenarios, from their own table or, where that has none, from the readings.

    Args:
        own: The trade-off's readings: its bridges are ``000`` and its revealed items ``111``.
        ladder: Its cells of the ladder.
        facts: Which context cell of a scenario is its first.
    """
    of_cell: dict[tuple[str, str, Context], float] = {}
    for part, form in ((own.of_side("bridge"), "000"), (own.of_side("revealed"), "111")):
        of_cell |= {(str(i.scenario), form, i.context): z for i, z in _means(part) if not i.is_mate}
    of_cell |= {(str(i.scenario), i.form, i.context): z for i, z in _means(ladder)}
    contexts: dict[str, list[Context]] = {}
    for item in ladder.items:
        if item.form in ("100", "110") and item.context not in contexts.setdefault(str(item.scenario), []):
            contexts[str(item.scenario)].append(item.context)
    every = {name: [_rung(of_cell, name, one) for one in own_ones] for name, own_ones in contexts.items()}
    whole = {name: [one for one in rungs if one is not None] for name, rungs in sorted(every.items())}
    revealed = own.of_side("revealed")
    read = {item.id for item in revealed.items}
    names = tuple(name for name, rungs in whole.items() if rungs and facts.first[name] in read)
    if not names:
        return None
    bare = [row for row, item in enumerate(ladder.items) if item.form == "bare" and item.scenario in names]
    return Rungs(
        scenarios=names,
        contexts=sum(len(whole[name]) for name in names),
        z=np.array([np.mean(whole[name], axis=0) for name in names]),
        first_to_mean=np.array([_first_to_mean(revealed, name, facts.first[name]) for name in names]),
        bare=ladder.z[bare],
        bare_weights=nested_weights([str(ladder.items[row].scenario) for row in bare]),
        unread=tuple(sorted(set(whole) - set(names))),
    )


def ladder_of(
    rungs: Rungs,
    general: Clusters | None,
    delta: float,
    draws: int,
    seed: list[int],
    left_out: Mapping[str, str],
) -> LadderResult:
    """The ladder of one trade-off; whether it is inconsistent is left open until all tests are there.

    Args:
        rungs: Its cells.
        general: Root questions of the stated side; None without one.
        delta: Numeric floor of a log-odds, nats.
        draws: Used where there are too many combinations of signs.
        seed: Of the draws.
        left_out: Scenarios without a ladder, with the reason.
    """
    at = {cell: rungs.of(cell) for cell in CELLS}
    # Bit 0 tells the situation, bit 1 words the options as acts.
    square = np.stack([at["000"], at["100"], at["010"], at["110"]])
    shares = [shapley_values(["vignette", "wording"], of_scenario) for of_scenario in square.T]
    differences = at["111"] - at["100"]
    tested = flip(differences, draws, seed)
    return LadderResult(
        scenarios=len(rungs.scenarios),
        contexts=rungs.contexts,
        cells={cell: float(values.mean()) for cell, values in at.items()},
        total=_step(at["111"] - at["000"]),
        vignette=_step(np.array([one["vignette"] for one in shares])),
        wording=_step(np.array([one["wording"] for one in shares])),
        should_to_do=_step(at["111"] - at["110"]),
        path={f"{a}-{b}": _step(at[b] - at[a]) for a, b in (("000", "100"), ("100", "110"), ("110", "111"))},
        general_to_bridge=None if general is None else _from_general(at["000"], general),
        first_to_mean=_step(rungs.first_to_mean),
        same_facts=SameFacts(_step(differences), float(tested.p), tested.exact, 1.0, inconsistent=False),
        bare=BareOptions(
            deployed=sigmoid(deployed_log_odds(rungs.bare, rungs.bare_weights)),
            latent=_step(at["bare"]),
            share=_share(at["bare"], at["111"], delta),
        ),
        by_scenario={
            name: dict(zip(CELLS, z.tolist(), strict=True)) for name, z in zip(rungs.scenarios, rungs.z, strict=True)
        },
        left_out={**left_out, **dict.fromkeys(rungs.unread, UNREAD)},
    )


def _with(t: TradeOffResult, ladder: LadderResult | None, p: float | None, delta: float) -> TradeOffResult:
    if ladder is None or p is None:
        return t
    known = ladder.same_facts
    inconsistent = p <= ALPHA and abs(known.difference.value) > delta and not t.gates
    return replace(t, ladder=replace(ladder, same_facts=replace(known, p_adjusted=p, inconsistent=inconsistent)))


def _means(cells: Cells) -> list[tuple[ItemRow, float]]:
    return list(zip(cells.items, cells.z.mean(axis=1).tolist(), strict=True))


def _rung(of_cell: Mapping[tuple[str, str, Context], float], scenario: str, context: Context) -> list[float] | None:
    """Z of every cell at one context cell; what does not depend on it stands there once. None if one is missing."""
    found = [of_cell.get((scenario, cell, context), of_cell.get((scenario, cell, ()))) for cell in CELLS]
    return [z for z in found if z is not None] if None not in found else None


def _first_to_mean(revealed: Cells, scenario: str, first: str) -> float:
    own = {item.id: z for item, z in _means(revealed) if item.scenario == scenario and not item.is_mate}
    return float(own[first] - np.mean(list(own.values())))


def _general(own: NeutralGrids | Cells) -> Clusters | None:
    stated = own.of_side("stated")
    if not stated.items:
        return None
    forms, clusters = [item.form for item in stated.items], [item.cluster for item in stated.items]
    return cluster_values(stated.z, stated_weights(forms, clusters), clusters, forms)


def _step(values: Float64[np.ndarray, " scenarios"]) -> Step:
    return Step(float(values.mean()), t_interval(values, equal_weights(len(values))))


def _share(
    bare: Float64[np.ndarray, " scenarios"], choice: Float64[np.ndarray, " scenarios"], delta: float
) -> float | None:
    whole = _step(choice)
    if abs(whole.value) <= delta or (whole.interval is not None and whole.interval[0] <= 0 <= whole.interval[1]):
        return None
    return float(bare.mean()) / whole.value


def _from_general(bridges: Float64[np.ndarray, " scenarios"], general: Clusters) -> Step:
    value = float(bridges.mean() - general.weights @ general.latent)
    interval: Interval | None = None
    if min(len(bridges), len(general.names)) > 1:
        low, high = welch(bridges, general.latent, equal_weights(len(bridges)), general.weights).interval()
        interval = float(low), float(high)
    return Step(value, interval)
