"""The outcome in a terminal: a screenful, and all of it in words on request. Computes no number."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from probe.analysis.results import ModelResults, StudyResults
from probe.report.brief import closed_line, followed_line, outcome_line
from probe.report.ladder_text import ladder_line
from probe.report.main_table import GAP, TO_FORMAT, main_cells
from probe.report.method_text import method_line
from probe.report.number_format import clean, left_out_line
from probe.report.own_words_text import own_words_line
from probe.report.sentences import MEANING, Answer, answers, by_distance
from probe.report.summary import asking_line, condition_line, points

__all__ = ["RunNames", "print_summary"]

_LINES = 16
"""So many lines the outcome of one model takes, with the line on failed checks that standard error gets."""

_ROWS = 8
"""So many trade-offs of one model, or models of a study, are shown; the rest are counted."""

_SHOWN = 5
"""So many trade-offs are told in words; the page tells all of them."""

_ALL = ("trade-off", "P of", "stated", "revealed", GAP, "KL", TO_FORMAT, "word")
_LAYOUTS: tuple[tuple[tuple[str, ...], int], ...] = (
    (_ALL, 2),
    (_ALL, 1),
    ((*_ALL[:7], "bare"), 2),
    ((*_ALL[:7], "bare"), 1),
    ((*_ALL[:6], "bare"), 1),
    ((*_ALL[:5], "bare"), 1),
    (("trade-off", *_ALL[2:5], "bare"), 1),
)
"""Columns and the space between them, the widest first; `bare` is the word without its direction."""


@dataclass(frozen=True, slots=True)
class RunNames:
    """What a run is called by.

    Attributes:
        suites: As asked for.
        design: Its name.
        folder: Where the run lies.
    """

    suites: tuple[str, ...]
    design: str
    folder: str


def print_summary(results: StudyResults, run: RunNames, console: Console, *, verbose: bool = False) -> None:
    """Print the outcome: at most 16 lines for one model, 4 and 2 a model for several; `verbose` adds it in words.

    All text is printed as it is: names hold no markup, and what steers a terminal is taken out of them.
    """
    models = sorted(results.models.items())
    title = clean(models[0][0]) if len(models) == 1 else f"{len(models)} models"
    _line(console, f"{title} · suite {_suites(run)} · design {clean(run.design)} · {_how_much(results)}", "bold")
    if len(models) == 1:
        absent = (
            f"Ladder: {left_out_line(results.no_ladder, 'without a ladder', named=1)}." if results.no_ladder else ""
        )
        _one(console, *models[0], absent)
    else:
        _several(console, models)
    folder = clean(run.folder)
    _line(console, f"report: {folder}/report.html")
    _line(console, f"compare: probe compare {folder} OTHER_RUN", "dim")
    _line(console, f"export: probe export {folder} --to latex --out TABLES", "dim")
    if verbose:
        for name, model in models:
            _prose(console, name, model)
        console.print()
        _say(console, MEANING, "dim")


def _suites(run: RunNames) -> str:
    shown = ", ".join(clean(suite) for suite in run.suites[:3])
    return f"{shown} and {len(run.suites) - 3} more" if len(run.suites) > 3 else shown


def _how_much(results: StudyResults) -> str:
    part = results.partial
    if part is None:
        return "complete"
    return f"PARTIAL: {part.roots} of {part.roots_of} questions, {part.scenarios} of {part.scenarios_of} scenarios"


def _one(console: Console, name: str, model: ModelResults, absent: str) -> None:
    lines = (outcome_line(name, model), method_line(model), followed_line(model), ladder_line(model) or absent)
    reported = [Text(line) for line in (*lines, own_words_line(model))]
    height = sum(len(text.wrap(console, console.width)) for text in reported if text)
    for text in reported:
        if text:
            console.print(text)
    room = _LINES - (1 + height + 2 + 3 + bool(closed_line(name, model)))
    every = len(model.tradeoffs)
    count = max(1, min(_ROWS, room if every <= room else room - 1))
    console.print(_table(model, console.width, count))
    if every > count:
        _line(console, f"{every - count} more trade-offs in the report", "dim")


def _several(console: Console, models: list[tuple[str, ModelResults]]) -> None:
    for index, (name, model) in enumerate(models[:_ROWS]):
        left = len(models) - _ROWS if index == _ROWS - 1 else 0
        _line(console, outcome_line(name, model, advice=False))
        more = f" {left} more models in the report." if left > 0 else ""
        _line(console, f"  {followed_line(model) or 'Read in one format.'}{more}")


def _table(model: ModelResults, width: int, count: int) -> Table:
    """The trade-offs that are furthest apart, with the columns for which there is room."""
    rows = [main_cells(key, result) for key, result in by_distance(model)[:count]]
    fitting = ((kept, space) for kept, space in _LAYOUTS if _width(kept, space, rows) <= width)
    columns, space = next(fitting, _LAYOUTS[-1])
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, space, 0, 0))
    for column in columns:
        words = column in ("trade-off", "P of", "word", "bare")
        named = column == "trade-off" and max(cell_len(row[column]) for row in rows) <= width // 3
        table.add_column(
            _heading(column),
            justify="left" if words else "right",
            overflow="fold",
            no_wrap=not words or named,
            vertical="bottom",
        )
    for row in rows:
        table.add_row(*(Text(row[column]) for column in columns))
    return table


def _heading(column: str) -> str:
    return {"bare": "word", TO_FORMAT: "gap/\nformat"}.get(column, column)


def _width(columns: tuple[str, ...], space: int, rows: list[dict[str, str]]) -> int:
    """What a table takes without folding a cell."""
    parts = [[*_heading(column).split("\n"), *(row[column] for row in rows)] for column in columns]
    return sum(max(map(cell_len, part)) for part in parts) + space * (len(columns) - 1)


def _prose(console: Console, name: str, model: ModelResults) -> None:
    console.print()
    _say(console, clean(name), "bold")
    for point in points(model):
        console.print(Text.assemble((point.question, "bold"), " ", point.answer))
    _say(console, asking_line(model), "dim")
    _say(console, condition_line(model), "dim")
    _report(console, answers(model))


def _line(console: Console, text: str, style: str = "") -> None:
    """One line, cut where the terminal ends; a pipe gets all of it."""
    console.print(
        Text(text, style=style),
        no_wrap=True,
        overflow="ellipsis" if console.is_terminal else "ignore",
        crop=console.is_terminal,
    )


def _say(console: Console, sentence: str, style: str = "") -> None:
    if sentence:
        console.print(Text(sentence, style=style))


def _report(console: Console, reported: tuple[Answer, ...]) -> None:
    for answer in reported[:_SHOWN]:
        console.print()
        console.print(Text.assemble((answer.tradeoff, "bold"), " ", answer.lead))
        for line in answer.lines:
            console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))
    left = len(reported) - _SHOWN
    if left > 0:
        console.print()
        _say(console, f"{left} more trade-offs are in the report.", "dim")
