"""Tables of what was found: preferences, distances, the budget and what moves them. Computes no statistic."""

from __future__ import annotations

from dataclasses import dataclass

from probe.analysis.results import BudgetResult, ModelResults, NumericFloor, Preference, TradeOffResult
from probe.design.items import AXES
from probe.report.dose_figures import dose_text
from probe.report.number_format import (
    MISSING,
    amount,
    below,
    interval,
    joined,
    nats,
    part,
    probability,
    signed,
    signed_pair,
)
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build, word
from probe.report.truth import Comparison

__all__ = ["preference_tables", "truth_table"]

KEY = "trade-off"


@dataclass(frozen=True, slots=True)
class _Side:
    key: str
    name: str
    result: TradeOffResult
    preference: Preference


@dataclass(frozen=True, slots=True)
class _Budget:
    key: str
    result: TradeOffResult
    budget: BudgetResult


def preference_tables(model: ModelResults) -> tuple[Table, ...]:
    """The tables of one model that have rows, the furthest trade-off first in each."""
    ranked = by_distance(model)
    sides = [
        _Side(key, name, t, preference)
        for key, t in ranked
        for name, preference in (("stated", t.stated), ("revealed", t.revealed))
        if preference is not None
    ]
    budgets = [_Budget(key, t, t.budget) for key, t in ranked if t.budget is not None]
    floor = model.numeric_floor
    found = (
        _preferences(sides),
        _budgets(budgets, floor),
        _axes(budgets, floor),
        _forms(sides),
    )
    return tuple(table for table in (*found, _contexts(ranked), _doses(ranked), _bridges(ranked)) if table.rows)


def _preferences(sides: list[_Side]) -> Table:
    return build(
        "Preferences",
        "Probability of the first principle. Deployed: the mean probability over formats. Latent: the bias-corrected "
        "one, content averaged over this design's formats. Greedy: share of cells in which it is the likelier answer. "
        "Intervals are over other items of this kind; the range leaves one format level out at a time.",
        sides,
        [
            Column(KEY, lambda s: s.key),
            word("side", lambda s: s.name),
            word("of", lambda s: s.result.p1),
            word("over", lambda s: s.result.p2),
            Column("mean probability (deployed)", lambda s: probability(s.preference.deployed)),
            Column("95 % interval", lambda s: interval(s.preference.interval)),
            Column("bias-corrected (latent)", lambda s: probability(s.preference.latent)),
            Column("bias-corrected interval", lambda s: interval(s.preference.latent_interval)),
            Column("range", lambda s: interval(s.preference.latent_range)),
            Column("greedy", lambda s: probability(s.preference.greedy)),
            Column("items", lambda s: str(s.preference.items)),
            Column("clusters", lambda s: str(s.preference.clusters)),
        ],
    )


def _budgets(budgets: list[_Budget], floor: NumericFloor) -> Table:
    return build(
        "Deviation budget",
        f"In nats; what is not above {amount(floor.kl)}, the numeric floor, is marked. Total = format + context + "
        "between scenarios + gap, exactly. The last three columns split the "
        "information of side, item and format about the choice, both sides weighing the same.",
        [(b.key, b.budget, b.result.symmetric_budget) for b in budgets],
        [
            Column(KEY, lambda r: r[0]),
            Column("total", lambda r: nats(r[1].total, floor)),
            Column("format", lambda r: nats(r[1].format, floor)),
            Column("context", lambda r: nats(r[1].context, floor)),
            Column("between scenarios", lambda r: nats(r[1].scenarios, floor)),
            Column("gap", lambda r: nats(r[1].gap, floor)),
            Column("both sides: side", lambda r: nats(r[2].side if r[2] else None, floor)),
            Column("both sides: item", lambda r: nats(r[2].item if r[2] else None, floor)),
            Column("both sides: format", lambda r: nats(r[2].format if r[2] else None, floor)),
        ],
    )


def _axes(budgets: list[_Budget], floor: NumericFloor) -> Table:
    present = {axis for b in budgets for axis in b.budget.format_by_axis}
    known = ("slot", *AXES)
    ordered = (*(axis for axis in known if axis in present), *sorted(present.difference(known)))
    return build(
        "Format term by axis",
        "Shapley share of each axis that varied in the format term, in nats and in percent; the shares add up.",
        budgets if present else [],
        [
            Column(KEY, lambda b: b.key),
            *(_axis_column(axis, floor) for axis in ordered),
            word(
                "largest effect", lambda b: joined([axis.replace("_", " ") for axis in b.result.pivot_axes]) or MISSING
            ),
        ],
    )


def _axis_column(axis: str, floor: NumericFloor) -> Column[_Budget]:
    def cell(budget: _Budget) -> str:
        value = budget.budget.format_by_axis.get(axis)
        if value is None or below(value, floor):
            return nats(value, floor)
        return part(value, budget.budget.format)

    return Column(axis.replace("_", " "), cell)


def _forms(sides: list[_Side]) -> Table:
    return build(
        "By question form",
        "Probability of the first principle within each form of question.",
        [(s, form, found) for s in sides for form, found in s.preference.by_form.items()],
        [
            Column(KEY, lambda r: r[0].key),
            word("side", lambda r: r[0].name),
            word("form", lambda r: r[1]),
            Column("mean probability (deployed)", lambda r: probability(r[2].deployed)),
            Column("95 % interval", lambda r: interval(r[2].interval)),
            Column("bias-corrected (latent)", lambda r: probability(r[2].latent)),
            Column("bias-corrected interval", lambda r: interval(r[2].latent_interval)),
            Column("items", lambda r: str(r[2].items)),
            Column("clusters", lambda r: str(r[2].clusters)),
        ],
    )


def _contexts(ranked: tuple[tuple[str, TradeOffResult], ...]) -> Table:
    return build(
        "Context effects",
        "Mean at one level minus the scenario's mean, on the probability (p) and on the log-odds (z, nats), with the "
        "least and the largest scenario. The 95 % interval is over scenarios and needs six.",
        [
            (key, factor, level, effect)
            for key, t in ranked
            for factor, levels in t.context_effects.items()
            for level, effect in levels.items()
        ],
        [
            Column(KEY, lambda r: r[0]),
            word("factor", lambda r: r[1]),
            word("level", lambda r: r[2]),
            Column("scenarios", lambda r: str(r[3].scenarios)),
            Column("on p", lambda r: signed(r[3].p)),
            Column("least to largest", lambda r: signed_pair(r[3].p_range)),
            Column("95 % interval", lambda r: signed_pair(r[3].p_interval)),
            Column("on z", lambda r: signed(r[3].z)),
            Column("least to largest, z", lambda r: signed_pair(r[3].z_range)),
            Column("95 % interval, z", lambda r: signed_pair(r[3].z_interval)),
        ],
    )


def _doses(ranked: tuple[tuple[str, TradeOffResult], ...]) -> Table:
    return build(
        "Doses",
        "The choice over the doses of one factor of one scenario. Indifference: the dose at which the mean log-odds, "
        "interpolated between neighbouring doses, is 0; none where it never is, or more than once. Equals stated: the "
        "dose at which the mean probability is the stated preference. Slope: nats from one dose to the next. "
        "Violations: steps against the predicted direction.",
        [(key, curve) for key, t in ranked for curve in t.dose_curves],
        [
            Column(KEY, lambda r: r[0]),
            word("scenario", lambda r: r[1].scenario.split("/")[-1]),
            word("factor", lambda r: r[1].factor),
            word("doses", lambda r: ", ".join(f"{dose_text(p.dose)}: {probability(p.p)}" for p in r[1].points)),
            Column("indifference", lambda r: dose_text(r[1].indifference)),
            Column("equals stated", lambda r: dose_text(r[1].equals_stated)),
            Column("slope", lambda r: signed(r[1].slope)),
            Column("violations", lambda r: f"{r[1].violations} of {len(r[1].points) - 1}"),
        ],
    )


def _bridges(ranked: tuple[tuple[str, TradeOffResult], ...]) -> Table:
    return build(
        "Bridges",
        "The general question, narrowed to the scenario's kind of situation. In nats of mean log-odds: from general to "
        "bridge is specificity, from bridge to choice is what the scenario itself adds.",
        [(key, t.bridge) for key, t in ranked if t.bridge is not None],
        [
            Column(KEY, lambda r: r[0]),
            Column("scenarios", lambda r: str(r[1].scenarios)),
            Column("mean probability (deployed)", lambda r: probability(r[1].deployed)),
            Column("general to bridge", lambda r: signed(r[1].general_to_bridge)),
            Column("95 % interval", lambda r: signed_pair(r[1].general_to_bridge_interval)),
            Column("bridge to choice", lambda r: signed(r[1].bridge_to_choice)),
            Column("its 95 % interval", lambda r: signed_pair(r[1].bridge_to_choice_interval)),
            Column("sign-flip p, unadjusted", lambda r: amount(r[1].sign_flip_p)),
        ],
    )


def truth_table(comparisons: tuple[Comparison, ...]) -> Table:
    """Every planted value beside what was measured."""
    return build(
        "Planted against measured, number by number",
        "Preferences are probabilities of the first principle; biases, ladder and omission are in nats of log-odds.",
        comparisons,
        [
            Column(KEY, lambda c: c.tradeoff),
            word("quantity", lambda c: c.quantity),
            Column("planted", lambda c: amount(c.planted)),
            Column("measured", lambda c: amount(c.measured)),
            Column("difference", lambda c: signed(c.difference)),
        ],
    )
