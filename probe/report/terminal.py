"""The outcome in a terminal: one table a model, then plain words. Does not know how a number is computed."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from probe.analysis.results import BudgetResult, ModelResults, NumericFloor, StudyResults, TradeOffResult
from probe.report.claim_text import told_verdict
from probe.report.number_format import BELOW, MISSING, amount, below, clean, probability, share
from probe.report.partial import partial_line
from probe.report.sentences import MEANING, Answer, answers, by_distance
from probe.report.summary import asking_line, condition_line, headline, points

__all__ = ["print_summary"]

_TOLD = 5
"""So many trade-offs are told in words below the table; the page tells all of them."""


def print_summary(results: StudyResults, console: Console) -> None:
    """Print the outcome of every model.

    All text is printed as it is: names hold no markup, and what steers a terminal is taken out of them.
    """
    if results.partial is not None:
        console.print()
        _say(console, partial_line(results.partial), "bold")
    for name, model in sorted(results.models.items()):
        console.print()
        _say(console, headline(name, model), "bold")
        for point in points(model):
            console.print(Text.assemble((point.question, "bold"), " ", point.told))
        _say(console, asking_line(model), "dim")
        _say(console, condition_line(model), "dim")
        console.print()
        console.print(_summary(model))
        _tell(console, answers(model))
    console.print()
    _say(console, MEANING, "dim")


def _say(console: Console, sentence: str, style: str = "") -> None:
    if sentence:
        console.print(Text(sentence, style=style))


def _tell(console: Console, told: tuple[Answer, ...]) -> None:
    for answer in told[:_TOLD]:
        console.print()
        console.print(Text.assemble((answer.tradeoff, "bold"), " ", answer.lead))
        for line in answer.lines:
            console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))
    left = len(told) - _TOLD
    if left > 0:
        console.print()
        _say(console, f"{left} more trade-offs are told in the report.", "dim")


def _summary(model: ModelResults) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("trade-off", overflow="fold")
    table.add_column("says", justify="right", no_wrap=True)
    table.add_column("chooses", justify="right", no_wrap=True)
    table.add_column("KL (nat)", justify="right", no_wrap=True)
    table.add_column("gap of\nbudget", justify="right", no_wrap=True)
    table.add_column("pivot", overflow="fold")
    table.add_column("claim", overflow="fold")
    for key, result in by_distance(model):
        table.add_row(Text(clean(key)), *(Text(cell) for cell in _cells(result, model.numeric_floor)))
    return table


def _cells(result: TradeOffResult, floor: NumericFloor) -> tuple[str, ...]:
    budget = result.budget
    return (
        probability(result.stated.deployed if result.stated else None),
        probability(result.revealed.deployed if result.revealed else None),
        _kl(result),
        _gap_share(budget, floor),
        ", ".join(clean(axis).replace("_", " ") for axis in result.pivot_axes) or MISSING,
        _note(result),
    )


def _gap_share(budget: BudgetResult | None, floor: NumericFloor) -> str:
    if budget is None:
        return MISSING
    return BELOW if below(budget.total, floor) else share(budget.gap, budget.total)


def _kl(result: TradeOffResult) -> str:
    if result.kl_revealed_stated is None or result.kl_error is None:
        return amount(result.kl_revealed_stated)
    return f"{amount(result.kl_revealed_stated)} ±{amount(result.kl_error)}"


def _note(result: TradeOffResult) -> str:
    notes = []
    if result.gates and result.verdict is None:
        notes.append("not interpretable")
    if result.stated is None or result.revealed is None:
        notes.append("a side is missing")
    if result.kl_below_floor:
        notes.append("below floor")
    if result.verdict is not None:
        notes.insert(0, told_verdict(result))
    return ", ".join(notes)
