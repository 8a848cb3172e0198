"""What lies between a bridge and its scenario, in a sentence, a line and a table. Computes no statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.design.items import CELLS
from probe.report.number_format import (
    amount,
    clean,
    counted,
    joined,
    left_out_line,
    probability,
    share,
    signed,
    with_interval,
)
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build, word

if TYPE_CHECKING:
    from probe.analysis.ladder_results import LadderResult
    from probe.analysis.results import ModelResults

__all__ = ["STEPS", "ladder_line", "ladder_sentence", "ladder_tables"]

STEPS = {"vignette": "situation", "wording": "wording", "should_to_do": "should to do"}
"""What the terms are called, by the names of their fields, in the order in which they add up."""

_NAMED = 3


def ladder_sentence(model: ModelResults) -> str:
    """What the ladder of the trade-off that is furthest apart is made of, and where facts do not explain the rest."""
    found = _ladders(model, usable=True)
    if not found:
        return ""
    key, first = found[0]
    terms = joined([f"{name} {signed(getattr(first, field).value)}" for field, name in STEPS.items()])
    reported = (
        f"In {clean(key)} log-odds move by {with_interval(first.total)} nats from the general question about such a "
        f"situation to the choice in it: {terms}, over {counted(first.scenarios, 'scenario')}."
    )
    inconsistent = [clean(name) for name, one in found if one.same_facts.inconsistent]
    named = f" ({joined(inconsistent[:_NAMED])}{' and more' * (len(inconsistent) > _NAMED)})" if inconsistent else ""
    reported += (
        " With the same situation given, the log-odds of what one does are shown to differ from those of what should "
        f"come first in {len(inconsistent)} of {len(found)} trade-offs{named}."
    )
    if first.bare.share is not None:
        reported += (
            f" The mean log-odds of {clean(key)}'s options without any situation are {share(first.bare.share, 1)} of "
            "those of the choice."
        )
    return reported


def ladder_line(model: ModelResults) -> str:
    """Root mean square of each term over trade-offs, since which principle is the first has no meaning."""
    found = [one for _, one in _ladders(model, usable=True)]
    if not found:
        return ""
    sizes = {
        name: (sum(getattr(one, field).value ** 2 for one in found) / len(found)) ** 0.5
        for field, name in STEPS.items()
    }
    reported = ", ".join(f"{name} {size:.2f}" for name, size in sizes.items())
    inconsistent = sum(one.same_facts.inconsistent for one in found)
    return f"Ladder: {reported} nats; inconsistent {inconsistent} of {len(found)}."


def ladder_tables(model: ModelResults) -> tuple[Table, ...]:
    """The terms with their intervals, and the cells; none without a ladder."""
    found = _ladders(model)
    if not found:
        return ()
    left_out = left_out_line({name: why for _, one in found for name, why in one.left_out.items()}, "without a ladder")
    return (
        build(
            "What lies between bridge and choice",
            "In nats of mean log-odds, paired by scenario, with 95 % t intervals over scenarios. Situation and wording "
            "are shared out by Shapley while the question is what one should do; with should to do they add up to the "
            "total. Same facts: choice minus what should come first with the same situation given, by sign-flip, "
            f"Holm-adjusted over these tests alone. {left_out}".rstrip(),
            found,
            [
                Column("trade-off", lambda r: r[0]),
                Column("scenarios", lambda r: str(r[1].scenarios)),
                Column("general to bridge", lambda r: with_interval(r[1].general_to_bridge)),
                Column("situation", lambda r: with_interval(r[1].vignette)),
                Column("wording", lambda r: with_interval(r[1].wording)),
                Column("should to do", lambda r: with_interval(r[1].should_to_do)),
                Column("total", lambda r: with_interval(r[1].total)),
                Column("same facts", lambda r: with_interval(r[1].same_facts.difference)),
                Column("adjusted p", lambda r: amount(r[1].same_facts.p_adjusted)),
                word("inconsistent", lambda r: "yes" if r[1].same_facts.inconsistent else "not shown"),
            ],
        ),
        build(
            "Cells of the ladder",
            "Mean log-odds towards the first principle, in nats. Digits: whether the situation is given, whether the "
            "options are acts, whether the question is what one does. Bare: the options alone, a partial-input "
            "baseline, with the probability and the share of the choice's log-odds that they give, where that is not "
            "about 0. First cell: the first context cell minus the mean over the scenario's cells.",
            found,
            [
                Column("trade-off", lambda r: r[0]),
                *(Column(cell, lambda r, cell=cell: signed(r[1].cells[cell])) for cell in CELLS),  # type: ignore[misc]
                Column("bare p", lambda r: probability(r[1].bare.deployed)),
                Column("bare share", lambda r: share(r[1].bare.share, 1)),
                Column("first cell", lambda r: with_interval(r[1].first_to_mean)),
            ],
        ),
    )


def _ladders(model: ModelResults, *, usable: bool = False) -> list[tuple[str, LadderResult]]:
    """Of every trade-off that has one, or of those alone whose validity checks passed."""
    ranked = [(key, t) for key, t in by_distance(model) if not (usable and t.gates)]
    return [(key, t.ladder) for key, t in ranked if t.ladder is not None]
