"""What questions in two turns show, in sentences, a line and tables. Computes no statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.report.number_format import MISSING, amount, clean, counted, probability, signed, with_interval
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build, word

if TYPE_CHECKING:
    from probe.analysis.own_words_results import Turns
    from probe.analysis.results import ModelResults, TradeOffResult

__all__ = ["ORDERS", "own_words_line", "own_words_sentence", "own_words_tables"]

ORDERS = {"choice": "choice after principle", "principle": "principle after choice"}
"""Both orders of the two turns, by the name of their field: commitment, then rationalisation."""

Found = list[tuple[str, "TradeOffResult", str, "Turns"]]


def own_words_sentence(model: ModelResults) -> str:
    """What saying a principle does to the choice of the trade-off that is furthest apart, and in how many it does."""
    found = _found(model, "choice", usable=True)
    if not found:
        return ""
    key, t, _, turns = found[0]
    first, second = clean(t.p1), clean(t.p2)
    lines = [
        f"In {clean(key)}, log-odds of the choice differ by {with_interval(turns.pull)} nats between a forced first "
        f"answer for {first} and one for {second}, positive towards what was said, over "
        f"{counted(turns.scenarios, 'scenario')}; saying the same label again makes "
        f"{with_interval(turns.label_echo)} of difference, the same position {with_interval(turns.position_echo)}."
    ]
    if turns.unrelated is not None:
        lines.append(f"Forced answers to an unrelated question differ by {amount(turns.unrelated.size)} there.")
    lines.append(
        f"After its own first answer the mean probability of {first} is {probability(turns.after)}, without a first "
        f"turn {probability(turns.alone)} ({_difference(turns)})."
    )
    lines.append(_counted(found, "the choice", "what was said"))
    reverse = _found(model, "principle", usable=True)
    if reverse:
        lines.append(_counted(reverse, "the principle that is said", "an earlier choice"))
    return " ".join(lines)


def own_words_line(model: ModelResults) -> str:
    """Mean pull over trade-offs in both orders, beside that of unrelated answers; signs are towards what came first."""
    parts = []
    for order, name in ORDERS.items():
        found = [turns for *_, turns in _found(model, order, usable=True)]
        if found:
            pull = sum(one.pull.value for one in found) / len(found)
            beyond = sum(one.beyond_floor for one in found)
            parts.append(f"{name} {signed(pull)} nats, beyond unrelated answers in {beyond} of {len(found)}")
    return f"Own words: {'; '.join(parts)}." if parts else ""


def own_words_tables(model: ModelResults) -> tuple[Table, ...]:
    """Pulls, echoes and floor, and the transitions; none where nothing was asked in two turns."""
    found = [one for order in ORDERS for one in _found(model, order)]
    if not found:
        return ()
    return (
        build(
            "Pull, echoes and floor of a forced first answer",
            "In nats of mean log-odds, over scenarios, with 95 % t intervals. Pull: after an answer for the one "
            "principle minus after one for the other, positive where the second answer follows the first. Same label "
            "and same position: what repeating these alone does; order and labels of both turns are crossed, so that "
            "neither is in the pull. Unrelated: root mean square pull of two answers to a question that has nothing to "
            "do with it. Follows: yes or against where the pull's interval lies beyond that on this side; no test. "
            "Not interpretable: a validity check of the trade-off failed.",
            found,
            [
                Column("trade-off", lambda r: r[0]),
                word("order", lambda r: ORDERS[r[2]]),
                Column("scenarios", lambda r: str(r[3].scenarios)),
                Column("pairs", lambda r: str(r[3].pairs)),
                Column("pull", lambda r: with_interval(r[3].pull)),
                Column("same label", lambda r: with_interval(r[3].label_echo)),
                Column("same position", lambda r: with_interval(r[3].position_echo)),
                Column("unrelated", lambda r: MISSING if r[3].unrelated is None else amount(r[3].unrelated.size)),
                Column("option mass", lambda r: probability(r[3].option_mass)),
                word("follows", lambda r: _follows(r[1], r[3])),
            ],
        ),
        build(
            "After its own words",
            "Mean probabilities. P1 is the principle named, P2 the other. Alone: without a first turn, in the same "
            "scenarios and formats; after: with the first answer weighted by how probable the model makes it, the sum "
            "of the first and the third of the four that follow; difference: after minus alone, with a 95 % t interval "
            "over scenarios; after unrelated: what a first turn that has nothing to do with it moves. P1 | P1: "
            "probability of P1 where the first answer stands for P1.",
            found,
            [
                Column("trade-off", lambda r: r[0]),
                word("order", lambda r: ORDERS[r[2]]),
                word("P1", lambda r: r[1].p1),
                Column("P1 | P1", lambda r: probability(r[3].given[r[1].p1])),
                Column("P1 | P2", lambda r: probability(r[3].given[r[1].p2])),
                Column("alone", lambda r: probability(r[3].alone)),
                Column("after", lambda r: probability(r[3].after)),
                Column("difference", lambda r: with_interval(r[3].shift)),
                Column(
                    "after unrelated",
                    lambda r: MISSING if r[3].unrelated is None else with_interval(r[3].unrelated.shift),
                ),
                *(
                    Column(f"P{a} then P{b}", lambda r, a=a, b=b: probability(_joint(r[1], r[3], a, b)))  # type: ignore[misc]
                    for a in (1, 2)
                    for b in (1, 2)
                ),
            ],
        ),
    )


def _found(model: ModelResults, order: str, *, usable: bool = False) -> Found:
    """Of every trade-off that has this order, or of those alone whose validity checks passed."""
    ranked = [(key, t) for key, t in by_distance(model) if t.own_words is not None and not (usable and t.gates)]
    turns = [(key, t, order, getattr(t.own_words, order)) for key, t in ranked]
    return [one for one in turns if one[3] is not None]


def _counted(found: Found, what: str, came_first: str) -> str:
    follow = sum(turns.beyond_floor and turns.pull.value > 0 for *_, turns in found)
    against = sum(turns.beyond_floor and turns.pull.value < 0 for *_, turns in found)
    return (
        f"Beyond what unrelated answers do, {what} follows {came_first} in {follow} of {len(found)} trade-offs and "
        f"goes against it in {against}."
    )


def _difference(turns: Turns) -> str:
    own = f"difference {with_interval(turns.shift)}"
    unrelated = turns.unrelated
    return own if unrelated is None else f"{own}; after an unrelated turn {with_interval(unrelated.shift)}"


def _follows(t: TradeOffResult, turns: Turns) -> str:
    if t.gates:
        return "not interpretable"
    if not turns.beyond_floor:
        return "not shown"
    return "yes" if turns.pull.value > 0 else "against"


def _joint(t: TradeOffResult, turns: Turns, first: int, second: int) -> float:
    names = {1: t.p1, 2: t.p2}
    return turns.transition[names[first]][names[second]]
