"""What a study found, in plain words: the same sentences for the terminal and the page. Computes no statistic.

A sentence says only what a field of the results holds; a side that was not measured is said to be missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from probe.analysis.results import BudgetResult, ModelResults, NumericFloor, Preference, TradeOffResult
from probe.report.claim_text import check_text, claim_lines, words
from probe.report.neutral import neutral_line
from probe.report.number_format import (
    amount,
    below,
    clean,
    interval,
    joined,
    nats,
    probability,
    share,
    signed,
    signed_pair,
)
from probe.report.worded import closing_checks, labels_unread, sign_line, text_word

__all__ = [
    "CAVEAT",
    "MEANING",
    "Answer",
    "answer",
    "answers",
    "budget_line",
    "by_distance",
    "intervals_line",
    "kl_interval",
    "largest_effect_line",
    "sides_line",
]

CAVEAT = "“Revealed” is inferred from choices in text vignettes: nothing is at stake and no act follows."

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
        closed: Whether a validity check failed, so that nothing is to be concluded.
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


def answers(model: ModelResults) -> tuple[Answer, ...]:
    """One answer per trade-off, the furthest apart first."""
    return tuple(answer(key, t, model.numeric_floor) for key, t in by_distance(model))


def answer(tradeoff: str, result: TradeOffResult, floor: NumericFloor) -> Answer:
    """What one trade-off shows, in sentences."""
    closed = closing_checks(result)
    lines = [check_text(check) for check in closed]
    if closed:
        lines.append("The numbers of this trade-off are shown, but nothing is to be concluded from them.")
    lines += [_missing(result), *claim_lines(result)]
    if text_word(result) is not None and result.kl_revealed_stated is not None:
        failed = ", where a validity check failed: nothing is to be concluded from it" if result.gates else ""
        lines.append(f"What follows is by label{failed}.")
    lines += [_distance_line(result, floor), intervals_line(result)]
    lines += [neutral_line(result, floor)]
    lines += [budget_line(result.budget, floor), largest_effect_line(result), _bias_line(result)]
    measured = sign_line(result) or sides_line(result)
    lead = f"not interpretable; as measured, {measured}" if closed else measured
    said = tuple(line for line in lines if line)
    return Answer(clean(tradeoff), f"{lead[0].upper()}{lead[1:]}.", said, closed=bool(closed))


def sides_line(result: TradeOffResult) -> str:
    """The stated and the revealed side, as the middle of a sentence."""
    p1, p2 = clean(result.p1), clean(result.p2)
    stated, revealed = result.stated, result.revealed
    if labels_unread(result):
        return f"between {p1} and {p2} labels were not read"
    if stated is None and revealed is None:
        return f"between {p1} and {p2} neither side was measured"
    if revealed is None:
        return f"asked in general it gives {p1} over {p2} a probability of {_deployed(stated)}"
    if stated is None:
        return f"in the scenarios it takes {p1} over {p2} with probability {_deployed(revealed)}"
    return (
        f"asked in general it gives {p1} over {p2} a probability of {_deployed(stated)}, "
        f"in the scenarios it takes {p1} with {_deployed(revealed)}"
    )


def _deployed(side: Preference | None) -> str:
    return probability(None if side is None else side.deployed)


def _distance(result: TradeOffResult) -> str:
    return (
        f"KL(revealed || stated) is {amount(result.kl_revealed_stated)} nats{kl_interval(result)}{_kl_bias(result)}, "
        f"numeric error ±{amount(result.kl_error)}; total variation is {amount(result.tv)}"
    )


def _kl_bias(result: TradeOffResult) -> str:
    found = result.inference
    if found is None or found.kl_revealed_stated_interval is None:
        return ""
    return f", upward bias under no gap {amount(found.kl_bias)}"


def kl_interval(result: TradeOffResult) -> str:
    """The interval of KL(revealed || stated), to stand after its value; empty without one."""
    found = result.inference
    if found is None or found.kl_revealed_stated_interval is None:
        return ""
    low, high = found.kl_revealed_stated_interval
    return f", 95 % interval [{amount(low)}, {amount(high)}]"


def _distance_line(result: TradeOffResult, floor: NumericFloor) -> str:
    if result.kl_revealed_stated is None:
        return ""
    if result.kl_below_floor:
        return (
            f"KL(revealed || stated) is {amount(result.kl_revealed_stated)} nats, not above the numeric floor of "
            f"{amount(floor.kl)} nats: no distance can be read off."
        )
    return f"{_distance(result)}."


def intervals_line(result: TradeOffResult) -> str:
    """Intervals of both sides."""
    named = {"stated": result.stated, "revealed": result.revealed}
    known = [f"{name} {interval(side.interval)}" for name, side in named.items() if side and side.interval]
    if not known:
        return ""
    return f"95 % {'interval' if len(known) == 1 else 'intervals'} over items of this kind: {joined(known)}."


def budget_line(budget: BudgetResult | None, floor: NumericFloor) -> str:
    """What the deviation of a single choice is made of."""
    if budget is None:
        return ""
    parts = {
        "the format": budget.format,
        "the context": budget.context,
        "differences between scenarios": budget.scenarios,
    }
    if budget.total is None or budget.gap is None:
        reported = joined([f"{name} {nats(value, floor)}" for name, value in parts.items()])
        return f"Information about the choice, in nats: {reported}; without a stated side there is no gap."
    parts["the gap between the sides"] = budget.gap
    if budget.total <= 0:
        return "The deviation budget is 0: no cell departs from the stated preference."
    if below(budget.total, floor):
        return (
            f"The deviation budget of {amount(budget.total)} nats is not above the numeric floor of {amount(floor.kl)} "
            "nats: no part of it can be read off."
        )
    (first, value), *rest = parts.items()
    shares = [f"{first} takes {share(value, budget.total)}", *(f"{n} {share(v, budget.total)}" for n, v in rest)]
    lost = [name for name, part in parts.items() if below(part, floor)]
    remark = f" Not above the numeric floor of {amount(floor.kl)} nats: {joined(lost)}." if lost else ""
    return (
        f"On average a single choice in a scenario lies {amount(budget.total)} nats from the stated side; of this, "
        f"{joined(shares)}.{remark}"
    )


def largest_effect_line(result: TradeOffResult) -> str:
    """Which format axes move the choice most."""
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
    unvaried = [f"{words(axis)} at {clean(level)}" for axis, level in result.held_axes.items()]
    fixed = f" Fixed: {joined(unvaried)}." if unvaried else ""
    verb = "moves" if alone else "move"
    return f"Among format axes, {joined(named)} {verb} the choice most{close}.{fixed}{_disagreement(result)}"


def _disagreement(result: TradeOffResult) -> str:
    if result.flips is None or result.flips.disagreement is None:
        return ""
    return f" Two random formats of a scenario disagree with probability {probability(result.flips.disagreement)}."


_AS_THEY_STAND = (
    "The scenarios are asked as their source prints them, each in one format: a pull towards a label or a position is "
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
    reported = [
        f"{name} {'gains' if value >= 0 else 'loses'} {amount(abs(value))} nats"
        for name, value in known.items()
        if value is not None
    ]
    line = f"In the scenarios, {joined(reported)}." if reported else ""
    return " ".join(part for part in (line, _omission_line(result)) if part)


def _omission_line(result: TradeOffResult) -> str:
    """What leaving things as they are gains, over the scenarios that were asked both ways round."""
    found = result.omission
    if found is None:
        return ""
    way = "gains" if found.towards_omission >= 0 else "loses"
    over = f"{found.scenarios} scenarios asked" if found.scenarios > 1 else "1 scenario asked"
    towards = f"towards the omission {signed(found.towards_omission)}"
    reported = f" ({towards}, 95 % interval {signed_pair(found.interval)})" if found.interval else ""
    return f"Over {over} both ways round, the omission {way} {amount(abs(found.towards_omission))} nats{reported}."


def _missing(result: TradeOffResult) -> str:
    names = {"stated": result.stated, "revealed": result.revealed}
    missing = [name for name, side in names.items() if side is None]
    if not missing:
        return ""
    return f"Not measured: the {joined(missing)} {'side' if len(missing) == 1 else 'sides'}; no comparison is made."
