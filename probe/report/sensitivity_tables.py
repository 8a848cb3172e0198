"""Tables of what moves the choice: context factors, formats, and what corrections change. Computes no statistic."""

from __future__ import annotations

from probe.analysis.effects import CorrectedGaps, Correction, Corrections, FactorResult, FormatEffects, PredictedEffect
from probe.analysis.results import ModelResults, TradeOffResult
from probe.report.number_format import MISSING, amount, interval, part, probability, share, signed
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build, word

__all__ = ["sensitivity_tables"]

KEY = "trade-off"

Ranked = tuple[tuple[str, TradeOffResult], ...]


def sensitivity_tables(model: ModelResults) -> tuple[Table, ...]:
    """The tables of one model that have rows."""
    ranked = by_distance(model)
    found = (_factors(ranked), _pooled(model), _formats(ranked), _corrections(ranked))
    return tuple(table for table in found if table.rows)


def _factors(ranked: Ranked) -> Table:
    return build(
        "Which context factor turns the choice",
        "Share of the context term (nats, Shapley); turns: probability that two levels of the factor, all else in the "
        "scenario equal, choose differently; size: largest minus least level, mean over scenarios. Predicted: the "
        "last declared level minus the first, towards the declared principle; the interval needs six scenarios.",
        [(key, t, name, factor) for key, t in ranked for name, factor in t.context_factors.items()],
        [
            Column(KEY, lambda r: r[0]),
            word("factor", lambda r: f"{r[2]} (turns most)" if r[2] in r[1].turning_factors else r[2]),
            Column("scenarios", lambda r: str(r[3].scenarios)),
            Column("share of context", lambda r: _of_context(r[1], r[3])),
            Column("turns", lambda r: probability(r[3].turns)),
            Column("size on p", lambda r: amount(r[3].p_size)),
            Column("size on z", lambda r: amount(r[3].z_size)),
            word("predicted", lambda r: _prediction(r[3].predicted)),
            Column("on p", lambda r: signed(r[3].predicted.p if r[3].predicted else None)),
            Column("on z", lambda r: signed(r[3].predicted.z if r[3].predicted else None)),
            Column("least to largest, z", lambda r: _bounds(r[3].predicted.z_range if r[3].predicted else None)),
            Column("95 % interval, z", lambda r: _bounds(r[3].predicted.z_interval if r[3].predicted else None)),
        ],
    )


def _of_context(result: TradeOffResult, factor: FactorResult) -> str:
    whole = sum(other.information for other in result.context_factors.values())
    return part(factor.information, whole)


def _prediction(predicted: PredictedEffect | None) -> str:
    return MISSING if predicted is None else f"{predicted.first} to {predicted.last}: {predicted.towards}"


def _bounds(bounds: tuple[float, float] | None) -> str:
    return MISSING if bounds is None else f"[{signed(bounds[0])}, {signed(bounds[1])}]"


def _pooled(model: ModelResults) -> Table:
    return build(
        "Context factors over trade-offs",
        "Trade-offs with passed validity checks, each counting the same. Sizes have no sign, since which principle is "
        "named first is arbitrary; the predicted effect is positive where the choice moves as the files declare. In "
        "nats.",
        list(model.context_factors.items()),
        [
            Column("factor", lambda r: r[0]),
            Column("trade-offs", lambda r: str(r[1].tradeoffs)),
            Column("turns", lambda r: probability(r[1].turns)),
            Column("size on p", lambda r: amount(r[1].p_size)),
            Column("size on z", lambda r: amount(r[1].z_size)),
            Column("predicted in", lambda r: str(r[1].predicted_tradeoffs)),
            Column("predicted effect", lambda r: signed(r[1].predicted_z)),
            Column("least to largest", lambda r: _bounds(r[1].predicted_z_range)),
            Column("95 % interval", lambda r: _bounds(r[1].predicted_z_interval)),
        ],
    )


def _formats(ranked: Ranked) -> Table:
    records = [
        (key, side, effects, term)
        for key, t in ranked
        for side, effects in (("stated", t.format_effects_stated), ("revealed", t.format_effects))
        if effects is not None
        for term in (*effects.axes, *(" × ".join(pair.axes) for pair in effects.pairs[:PAIRS]))
    ]
    return build(
        "Effects of formats on log-odds",
        f"In nats of log-odds towards the first principle: mean at a level minus the mean of all, per axis, and the "
        f"{PAIRS} largest interactions of two axes, beyond the sum of both. Size: root mean square over levels or "
        "cells, alike in all items; within items: what the axis does to single items beyond that.",
        records,
        [
            Column(KEY, lambda r: r[0]),
            word("side", lambda r: r[1]),
            word("axes", lambda r: r[3].replace("_", " ")),
            Column("size", lambda r: amount(_sized(r[2], r[3])[0])),
            Column("within items", lambda r: amount(_sized(r[2], r[3])[1])),
            word("levels", lambda r: _levels(r[2], r[3])),
        ],
    )


PAIRS = 3
"""Interactions that the table shows; all of them stand in the results."""


def _sized(effects: FormatEffects, term: str) -> tuple[float, float | None]:
    if term in effects.axes:
        return effects.axes[term].size, effects.axes[term].item_size
    return next(pair.size for pair in effects.pairs if " × ".join(pair.axes) == term), None


def _levels(effects: FormatEffects, term: str) -> str:
    if term in effects.axes:
        return ", ".join(f"{level} {signed(value)}" for level, value in effects.axes[term].levels.items())
    cells = next(pair.cells for pair in effects.pairs if " × ".join(pair.axes) == term)
    return ", ".join(f"{a} {b} {signed(value)}" for a, line in cells.items() for b, value in line.items())


def _corrections(ranked: Ranked) -> Table:
    return build(
        "Corrections side by side",
        "Nothing else in this report is corrected. Deployed preference before and after on the same items, and the "
        "least and largest that a single format gives; changed: share of cells whose likelier option is another one; "
        "left: what remains of the biases, in nats. Content-free prior: learnt on so many controls; PriDe: learnt on "
        "so many held-out items, the others are shown. R - S: after, in brackets before.",
        [
            (key, side, name, correction, t.corrected_gaps)
            for key, t in ranked
            for side, found in (("stated", t.corrections_stated), ("revealed", t.corrections))
            if found is not None
            for name, correction in _named(found)
            if correction is not None
        ],
        [
            Column(KEY, lambda r: r[0]),
            word("side", lambda r: r[1]),
            word("correction", lambda r: r[2]),
            Column("items", lambda r: str(r[3].items)),
            Column("learnt on", lambda r: str(r[3].estimated_on) if r[3].estimated_on else MISSING),
            Column("before", lambda r: probability(r[3].uncorrected)),
            Column("after", lambda r: probability(r[3].deployed)),
            Column("formats before", lambda r: interval(r[3].by_format_uncorrected)),
            Column("formats after", lambda r: interval(r[3].by_format)),
            Column("changed", lambda r: share(r[3].changed, 1)),
            Column("disagree before", lambda r: probability(r[3].disagreement_uncorrected)),
            Column("disagree after", lambda r: probability(r[3].disagreement)),
            Column("position left", lambda r: signed(r[3].position)),
            Column("label left", lambda r: signed(r[3].label)),
            Column("slot left", lambda r: signed(r[3].slot)),
            Column("R - S", lambda r: _corrected_gap(r[2], r[4])),
        ],
    )


def _named(found: Corrections) -> tuple[tuple[str, Correction | None], ...]:
    return ("grid average", found.grid_average), ("content-free prior", found.content_free), ("PriDe", found.pride)


def _corrected_gap(name: str, gaps: CorrectedGaps | None) -> str:
    if gaps is None:
        return MISSING
    both = {"grid average": gaps.grid_average, "content-free prior": gaps.content_free, "PriDe": gaps.pride}[name]
    return MISSING if both is None else f"{signed(both[0])} ({signed(both[1])})"
