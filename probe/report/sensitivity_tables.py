"""Tables of what moves the choice: context factors, formats, and what corrections change. Computes no statistic."""

from __future__ import annotations

from probe.analysis.effects import FactorResult, PredictedEffect
from probe.analysis.results import ModelResults, TradeOffResult
from probe.report.amounts import MISSING, amount, probability, share, signed
from probe.report.table import Column, Table, build, word
from probe.report.text import by_distance

__all__ = ["sensitivity_tables"]

KEY = "trade-off"

Ranked = tuple[tuple[str, TradeOffResult], ...]


def sensitivity_tables(model: ModelResults) -> tuple[Table, ...]:
    """The tables of one model that have rows."""
    ranked = by_distance(model)
    found = (_factors(ranked), _pooled(model))
    return tuple(table for table in found if table.rows)


def _factors(ranked: Ranked) -> Table:
    return build(
        "Which context factor turns the choice",
        "Share of the context term (nat, Shapley); turns: probability that two levels of the factor, all else in the "
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
    return f"{amount(factor.information)} ({share(factor.information, whole)})"


def _prediction(predicted: PredictedEffect | None) -> str:
    return MISSING if predicted is None else f"{predicted.first} to {predicted.last}: {predicted.towards}"


def _bounds(bounds: tuple[float, float] | None) -> str:
    return MISSING if bounds is None else f"[{signed(bounds[0])}, {signed(bounds[1])}]"


def _pooled(model: ModelResults) -> Table:
    return build(
        "Context factors over trade-offs",
        "Trade-offs with open gates, each counting the same. Sizes have no sign, since which principle is named first "
        "is arbitrary; the predicted effect is positive where the choice moves as the files declare (nat).",
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
