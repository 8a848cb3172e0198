"""What each clause of a scenario adds, in a sentence and in tables. Computes no statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.analysis.clauses import ranked
from probe.report.number_format import amount, clean, counted, left_out_line, signed
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build, word

if TYPE_CHECKING:
    from probe.analysis.clause_results import ClauseChange, ClauseScenario
    from probe.analysis.results import ModelResults, TradeOffResult

__all__ = ["clause_name", "clause_sentence", "clause_tables", "effect_words", "together_line"]

SHOWN = 10
"""So many of a model's clauses stand in the table of the largest."""

_LONGEST = 64

_Row = tuple["TradeOffResult", str, "ClauseChange", float]


def clause_name(one: ClauseChange) -> str:
    """What a clause is called: its number and what it is.

    Example:
        >>> from probe.analysis.clause_results import ClauseChange
        >>> clause_name(ClauseChange(2, "factor", "It rains.", {"sky": "grey"}, "", 0, 1, 1, 1, False, {}))
        '2, factor sky=grey'
    """
    factors = ", ".join(f"{factor}={level}" for factor, level in one.factors.items())
    if one.kind == "option":
        return f"{one.number}, of the option for {clean(one.option)}"
    if one.kind == "factor":
        return f"{one.number}, factor {clean(factors)}"
    return f"{one.number}, sentence{f' with {clean(factors)}' if factors else ''}"


def effect_words(one: ClauseChange, result: TradeOffResult, floor: float) -> str:
    """Towards which principle a clause moves the choice, and whether it changes it."""
    if abs(one.change) <= floor:
        return "within the floor"
    towards = f"towards {clean(result.p1 if one.change > 0 else result.p2)}"
    return f"{towards}, changes the choice" if one.turns else towards


def together_line(scenario: ClauseScenario, floor: float) -> str:
    """The sum of the clauses against all of them at once, and what is left."""
    return (
        f"Clauses one by one add up to {signed(scenario.summed)} nats; all of them at once make "
        f"{signed(scenario.whole)}, so {signed(scenario.interaction)} is interaction: changes are not additive. "
        f"Numeric floor of a change: {amount(floor)} nats."
    )


def clause_sentence(model: ModelResults) -> str:
    """The clause that moves a choice most, how many change one, and how far from additive they are."""
    found = _largest(model, usable=True)
    if not found:
        return ""
    result, scenario, one, floor = found[0]
    scenarios = [s for t in model.tradeoffs.values() if t.clauses and not t.gates for s in t.clauses.scenarios.values()]
    count = sum(each.turns for _, _, each, _ in found)
    changing = "1 changes the choice of its scenario" if count == 1 else f"{count} change the choice of their scenario"
    missed = sum(abs(each.interaction) for each in scenarios) / len(scenarios)
    return (
        f"Of {len(found)} clauses in {counted(len(scenarios), 'scenario')}, {_quoted(one.text)} in {clean(scenario)} "
        f"moves the mean log-odds most: {signed(one.change)} nats {effect_words(one, result, floor)}. {changing}. "
        f"Clauses are not additive: their sum misses what they make together by {missed:.2f} nats on average."
    )


def clause_tables(model: ModelResults) -> tuple[Table, ...]:
    """The largest changes, and clauses one by one against all at once; none where no clause was left out."""
    found = _largest(model)
    if not found:
        return ()
    read = [(t, t.clauses) for _, t in by_distance(model) if t.clauses is not None]
    left_out = left_out_line({name: why for _, one in read for name, why in one.left_out.items()}, "cannot be cut")
    return (
        build(
            "Clauses with the largest effect",
            f"The {min(SHOWN, len(found))} largest of {len(found)} changes of a scenario's mean log-odds towards the "
            "first principle, in nats: with the clause minus without it, over all formats, so that the pull of "
            "positions and labels averages out. Least and largest: in a single format. Against other levels: what the "
            "factor's own level makes, with the phrase there. The item browser shows each scenario with its clauses "
            "coloured. "
            f"{left_out}".rstrip(),
            found[:SHOWN],
            [
                Column("scenario", lambda r: r[1]),
                Column("change", lambda r: signed(r[2].change)),
                word("effect", lambda r: effect_words(r[2], r[0], r[3])),
                word("clause", lambda r: clause_name(r[2])),
                word("words", lambda r: _quoted(r[2].text)),
                Column("least, largest", lambda r: f"{signed(r[2].least)}, {signed(r[2].largest)}"),
                Column("log-odds without it", lambda r: signed(r[2].without)),
                Column("numeric floor", lambda r: amount(r[3])),
                Column("against other levels", lambda r: _against(r[2])),
                word("validity checks", lambda r: "failed" if r[0].gates else "passed"),
            ],
        ),
        build(
            "Clauses one by one and at once",
            "In nats of mean log-odds. At once: the scenario minus its closing question with what is left of its "
            "options. Interaction: at once minus the sum. Changes are not additive, and where it is large no single "
            "clause explains the choice.",
            [(name, one) for _, own in read for name, one in own.scenarios.items()],
            [
                Column("scenario", lambda r: r[0]),
                Column("clauses", lambda r: str(len(r[1].clauses))),
                Column("log-odds", lambda r: signed(r[1].z)),
                Column("sum", lambda r: signed(r[1].summed)),
                Column("at once", lambda r: signed(r[1].whole)),
                Column("interaction", lambda r: signed(r[1].interaction)),
                word(
                    "changed by", lambda r: "; ".join(clause_name(one) for one in r[1].clauses if one.turns) or "none"
                ),
            ],
        ),
    )


def _largest(model: ModelResults, *, usable: bool = False) -> list[_Row]:
    """Every clause of a model, the largest change first; with `usable` only where validity checks passed."""
    rows = [
        (t, scenario, one, t.clauses.floor)
        for _, t in by_distance(model)
        if t.clauses is not None and not (usable and t.gates)
        for scenario, one in ranked(t.clauses)
    ]
    return sorted(rows, key=lambda row: (-abs(row[2].change), row[1], row[2].number))


def _against(one: ClauseChange) -> str:
    return ", ".join(signed(value) for value in one.against_levels.values()) or "–"


def _quoted(text: str) -> str:
    words = clean(text).lstrip(",;:–— ")
    return f"“{words}”" if len(words) <= _LONGEST else f"“{words[:_LONGEST].rsplit(' ', 1)[0]} …”"
