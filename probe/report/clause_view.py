"""A scenario's vignette and options with their clauses, as the item browser colours them. Computes no statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.report.clause_text import clause_name, effect_words, together_line
from probe.report.number_format import clean, signed, verbatim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.analysis.clause_results import ClauseChange, ClauseScenario
    from probe.analysis.results import ModelResults, TradeOffResult
    from probe.store.facts import ClausedScenario, ClauseFact, StudyFacts

__all__ = ["STEPS", "clause_views", "step"]

STEPS = (0.1, 0.5)
"""Sizes of a change in nats at which its colour gets stronger."""


def clause_views(model: ModelResults, facts: StudyFacts) -> dict[str, dict[str, object]]:
    """What is drawn of each scenario, by the id of its item."""
    about = facts.clauses.scenarios if facts.clauses is not None else {}
    return {
        clean(found.item): _view(found, about[name], result)
        for result in model.tradeoffs.values()
        if result.clauses is not None
        for name, found in result.clauses.scenarios.items()
        if name in about
    }


def step(change: float, floor: float) -> str:
    """Name of a change's colour: its direction, and one to three for its size; ``none`` within the floor.

    Example:
        >>> step(0.05, 1e-5), step(-0.7, 1e-5), step(1e-6, 1e-5)
        ('p1-1', 'p2-3', 'none')
    """
    if abs(change) <= floor:
        return "none"
    return f"{'p1' if change > 0 else 'p2'}-{1 + sum(abs(change) >= size for size in STEPS)}"


def _view(found: ClauseScenario, about: ClausedScenario, result: TradeOffResult) -> dict[str, object]:
    floor = result.clauses.floor if result.clauses is not None else 0.0
    cut = list(zip(about.clauses, found.clauses, strict=True))
    return {
        "text": _pieces(about.text, [pair for pair in cut if not pair[0].option]),
        "options": [
            [clean(key), _pieces(about.options[key], [pair for pair in cut if pair[0].option == key])]
            for key in sorted(about.options, key=lambda one: one != result.p1)
        ],
        "clauses": [
            {
                "number": one.number,
                "step": step(one.change, floor),
                "change": signed(one.change),
                "words": f"{clause_name(one)} (adds {signed(one.change)} nats, {effect_words(one, result, floor)})",
                "item": clean(f"{found.item}~without-{one.number:02}"),
            }
            for one in found.clauses
        ],
        "together": together_line(found, floor),
        "all": clean(f"{found.item}~without-all"),
        "p1": clean(result.p1),
        "p2": clean(result.p2),
    }


def _pieces(text: str, cut: Sequence[tuple[ClauseFact, ClauseChange]]) -> list[tuple[str, int]]:
    """The text in pieces, each with the number of its clause; 0 where it is none."""
    pieces: list[tuple[str, int]] = []
    at = 0
    for fact, one in cut:
        start = text.index(fact.text, fact.start)
        pieces += [(verbatim(text[at:start]), 0), (verbatim(fact.text), one.number)]
        at = start + len(fact.text)
    return [piece for piece in (*pieces, (verbatim(text[at:]), 0)) if piece[0]]
