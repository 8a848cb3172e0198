"""What a study found, in plain words: the same sentences for the terminal and the page. Computes no statistic.

A sentence says only what a field of the results holds; a side that was not measured is said to be missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from probe.analysis.results import BudgetResult, ModelResults, NumericFloor, Preference, TradeOffResult
from probe.report.amounts import amount, clean, interval, joined, probability, share
from probe.report.below import below, nats
from probe.report.claim_text import claim_lines, claims_line, gate_text, words

__all__ = ["MEANING", "Answer", "answer", "answers", "by_distance", "condition_line", "headline", "noise"]

MEANING = (
    "“Revealed” means inferred from a choice in a text vignette: nothing is at stake and no act follows. "
    "The distance between the two sides mixes principle, specificity and the form of the question, and it is "
    "relative to these questions and scenarios. Within a question nothing is sampled; intervals are about other "
    "questions and scenarios of this kind."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one trade-off shows.

    Attributes:
        tradeoff: Its id.
        lead: One sentence to begin with.
        lines: The sentences that qualify it.
        closed: Whether a gate is closed, so that nothing is to be concluded.
    """

    tradeoff: str
    lead: str
    lines: tuple[str, ...]
    closed: bool


def by_distance(model: ModelResults) -> tuple[tuple[str, TradeOffResult], ...]:
    """Trade-offs by falling KL(revealed || stated); those without both sides last, by id."""

    def key(entry: tuple[str, TradeOffResult]) -> tuple[bool, float, str]:
        kl = entry[1].kl_revealed_stated
        return kl is None, -(kl or 0.0), entry[0]

    return tuple(sorted(model.tradeoffs.items(), key=key))


def headline(name: str, model: ModelResults) -> str:
    """The answer for a model: where what it says and what it chooses lie furthest apart, and by how much.

    Trade-offs with a closed gate are left out of it; `noise` counts them.
    """
    ranked = _compared(model)
    usable = [(key, t) for key, t in ranked if not t.gates]
    name = clean(name)
    if not ranked:
        return f"{name}: nothing can be compared, since no trade-off has both sides."
    if not usable:
        return f"{name}: no trade-off with both sides has all its gates open, so nothing is concluded."
    key, furthest = usable[0]
    if furthest.kl_below_floor:
        where = "In the only trade-off compared" if len(usable) == 1 else f"In all {len(usable)} trade-offs compared"
        return f"{where}, what {name} says and what it chooses lie no further apart than the numeric floor."
    opening = (
        f"What {name} says and what it chooses were compared in one trade-off, {clean(key)}"
        if len(usable) == 1
        else f"Of {len(usable)} trade-offs, what {name} says and what it chooses lie furthest apart in {clean(key)}"
    )
    return f"{opening}: {_sides(furthest)}."


def _compared(model: ModelResults) -> list[tuple[str, TradeOffResult]]:
    return [(key, t) for key, t in by_distance(model) if t.kl_revealed_stated is not None]


def noise(model: ModelResults) -> str:
    """The distance that `headline` names with its noise, how many trade-offs are left out, and what may be claimed."""
    ranked = _compared(model)
    usable = [(key, t) for key, t in ranked if not t.gates]
    told = []
    if usable and not usable[0][1].kl_below_floor:
        key, furthest = usable[0]
        told = [f"In {clean(key)}, {_distance(furthest)}.", _intervals(furthest)]
    closed, missing = len(ranked) - len(usable), len(model.tradeoffs) - len(ranked)
    if closed:
        told.append(f"Left out for a closed gate: {closed}.")
    if missing:
        told.append(f"Left out because a side was not measured: {missing}.")
    told.append(claims_line(model))
    return " ".join(part for part in told if part)


def condition_line(model: ModelResults) -> str:
    """In which numbers the model was kept and computed, and how far that moves a reading."""
    found = model.condition
    if found is None:
        return ""
    delta, kl = amount(model.numeric_floor.log_odds), amount(model.numeric_floor.kl)
    floor = f"numeric floor {delta} nat of log-odds, {kl} of KL"
    size = f"weights of {found.weight_bytes / 2**30:.2f} GiB in {clean(found.dtype)}"
    if found.quantisation in {"int8", "nf4"}:
        kept = f", {share(found.unquantised_share, 1)} of the inner weights left as they are"
        size = f"weights of {found.weight_bytes / 2**30:.2f} GiB, quantised to {found.quantisation}{kept}"
    elif found.quantisation != "none":
        size += f", expanded from {clean(found.quantisation)}"
    computed = ", computed in float32" if found.compute == "fp32" else ""
    own = found.quantisation != "none" or found.compute != "native"
    remark = " A condition of its own: not the same model as with other weights or arithmetic." if own else ""
    return f"{size[0].upper()}{size[1:]}{computed}; {floor}.{remark}"


def answers(model: ModelResults) -> tuple[Answer, ...]:
    """One answer per trade-off, the furthest apart first."""
    return tuple(answer(key, t, model.numeric_floor) for key, t in by_distance(model))


def answer(tradeoff: str, result: TradeOffResult, floor: NumericFloor) -> Answer:
    """What one trade-off shows, in sentences."""
    lines = [gate_text(gate) for gate in result.gates]
    if result.gates:
        lines.append("The numbers of this trade-off are shown, but nothing is to be concluded from them.")
    lines += [_missing(result), *claim_lines(result), _distance_line(result, floor), _intervals(result)]
    lines += [_budget_line(result.budget, floor), _pivot_line(result), _bias_line(result)]
    lead = f"not interpretable; as measured, {_sides(result)}" if result.gates else _sides(result)
    said = tuple(line for line in lines if line)
    return Answer(clean(tradeoff), f"{lead[0].upper()}{lead[1:]}.", said, closed=bool(result.gates))


def _sides(result: TradeOffResult) -> str:
    p1, p2 = clean(result.p1), clean(result.p2)
    stated, revealed = result.stated, result.revealed
    if stated is None and revealed is None:
        return f"between {p1} and {p2} neither side was measured"
    if revealed is None:
        return f"asked in general it gives {p1} over {p2} a probability of {_deployed(stated)}"
    if stated is None:
        return f"in the scenarios it chooses {p1} over {p2} with probability {_deployed(revealed)}"
    return (
        f"asked in general it gives {p1} over {p2} a probability of {_deployed(stated)}, "
        f"in the scenarios it chooses {p1} with {_deployed(revealed)}"
    )


def _deployed(side: Preference | None) -> str:
    return probability(None if side is None else side.deployed)


def _distance(result: TradeOffResult) -> str:
    return (
        f"KL(revealed || stated) is {amount(result.kl_revealed_stated)} nat{_kl_interval(result)}, numeric error "
        f"±{amount(result.kl_error)}; total variation is {amount(result.tv)}"
    )


def _kl_interval(result: TradeOffResult) -> str:
    found = result.inference
    if found is None or found.kl_revealed_stated_interval is None:
        return ""
    low, high = found.kl_revealed_stated_interval
    return f", 95 % interval [{amount(low)}, {amount(high)}], upward bias under no gap {amount(found.kl_bias)}"


def _distance_line(result: TradeOffResult, floor: NumericFloor) -> str:
    if result.kl_revealed_stated is None:
        return ""
    if result.kl_below_floor:
        return (
            f"KL(revealed || stated) is {amount(result.kl_revealed_stated)} nat, not above the numeric floor of "
            f"{amount(floor.kl)} nat: no distance can be read off."
        )
    return f"{_distance(result)}."


def _intervals(result: TradeOffResult) -> str:
    named = {"stated": result.stated, "revealed": result.revealed}
    known = [f"{name} {interval(side.interval)}" for name, side in named.items() if side and side.interval]
    if not known:
        return ""
    return f"95 % {'interval' if len(known) == 1 else 'intervals'} over items of this kind: {joined(known)}."


def _budget_line(budget: BudgetResult | None, floor: NumericFloor) -> str:
    if budget is None:
        return ""
    parts = {
        "the format": budget.format,
        "the context": budget.context,
        "differences between scenarios": budget.scenarios,
    }
    if budget.total is None or budget.gap is None:
        told = joined([f"{name} {nats(value, floor)}" for name, value in parts.items()])
        return f"Information about the choice, in nat: {told}; without a stated side there is no gap."
    parts["the gap between the sides"] = budget.gap
    if budget.total <= 0:
        return "The deviation budget is 0: no cell departs from the stated preference."
    if below(budget.total, floor):
        return (
            f"The deviation budget of {amount(budget.total)} nat is not above the numeric floor of {amount(floor.kl)} "
            "nat: no part of it can be read off."
        )
    (first, value), *rest = parts.items()
    shares = [f"{first} takes {share(value, budget.total)}", *(f"{n} {share(v, budget.total)}" for n, v in rest)]
    lost = [name for name, part in parts.items() if below(part, floor)]
    remark = f" Not above the numeric floor of {amount(floor.kl)} nat: {joined(lost)}." if lost else ""
    return f"Of a deviation budget of {amount(budget.total)} nat, {joined(shares)}.{remark}"


def _pivot_line(result: TradeOffResult) -> str:
    if result.budget is None or not result.pivot_axes:
        return ""
    by_axis, term = result.budget.format_by_axis, result.budget.format
    named = [
        f"{words(axis)} ({share(by_axis.get(axis), term)} of the format term; "
        f"levels {joined([clean(level) for level in result.varied_axes.get(axis, ())])})"
        for axis in result.pivot_axes
    ]
    alone = len(named) == 1
    close = "" if alone else ", too near each other to name one"
    held = [f"{words(axis)} at {clean(level)}" for axis, level in result.held_axes.items()]
    fixed = f" Held fixed: {joined(held)}." if held else ""
    verb = "moves" if alone else "move"
    return f"Among format axes, {joined(named)} {verb} the choice most{close}.{fixed}{_disagreement(result)}"


def _disagreement(result: TradeOffResult) -> str:
    if result.flips is None or result.flips.disagreement is None:
        return ""
    return f" Two random formats of a scenario disagree with probability {probability(result.flips.disagreement)}."


_AS_THEY_STAND = (
    "The scenarios are asked as their source prints them, each in one format: a pull towards a label or a place is "
    "not identifiable."
)


def _bias_line(result: TradeOffResult) -> str:
    bias = result.bias
    if bias is None:
        return _AS_THEY_STAND if result.revealed is not None else ""
    known = {
        "the option shown first": bias.position,
        "the first label of a set": bias.label,
        "the first slot (shown first and labelled first)": bias.slot,
    }
    told = [
        f"{name} {'gains' if value >= 0 else 'loses'} {amount(abs(value))} nat"
        for name, value in known.items()
        if value is not None
    ]
    return f"In the scenarios, {joined(told)}." if told else ""


def _missing(result: TradeOffResult) -> str:
    names = {"stated": result.stated, "revealed": result.revealed}
    missing = [name for name, side in names.items() if side is None]
    if not missing:
        return ""
    return f"Not measured: the {joined(missing)} {'side' if len(missing) == 1 else 'sides'}; no comparison is made."
