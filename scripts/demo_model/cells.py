"""What the model is trained on and what is kept from it: prompts with the log-odds planted in them."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo_model.grammar import feels_even_effect, format_shift, heldout_cells, heldout_formats
from demo_model.study import AXES, Format, Grid, Question, ask, shown_labels
from demo_model.vocabulary import in_chat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Before", "Cell", "kept_out_words", "option_ends", "other_cells", "standard_cells"]


@dataclass(frozen=True, slots=True)
class Before:
    """What was said in the turn before: +1 for its first option, else -1, and the format it was asked in."""

    said: int
    form: Format


@dataclass(frozen=True, slots=True)
class Cell:
    """One prompt and what is planted in it.

    Attributes:
        item: Id of the item.
        form: The format it is asked in.
        text: The whole prompt, up to the place of the answer.
        labels: Labels of the first and the second option.
        log_odds: Planted log-odds of the first option, in nats.
        moved: Whether the even format effect acts on the item, under whatever format.
        ends: Characters up to the end of the first and of the second option's text.
        kept_out: ``format``, ``context``, ``both``, ``pair`` (of turns), or empty for a cell that training sees.
        before: The turn before, where there is one.
    """

    item: str
    form: Format
    text: str
    labels: tuple[str, str]
    log_odds: float
    moved: bool
    ends: tuple[int, int]
    kept_out: str
    before: Before | None = None


def standard_cells(questions: Sequence[Question], contents: Mapping[str, float], grid: Grid) -> list[Cell]:
    """Every item in every format of the design ``standard``, those that training never sees included."""
    word = kept_out_words(questions, grid)
    return [
        _cell(question, form, contents, grid, word(question, form)) for question in questions for form in grid.standard
    ]


def kept_out_words(questions: Sequence[Question], grid: Grid) -> Callable[[Question, Format], str]:
    """What gives `Cell.kept_out` for a question in a format, as far as it is asked alone."""
    formats, items = set(heldout_formats(grid.standard)), set(heldout_cells(questions))
    words = {(False, False): "", (True, False): "format", (False, True): "context", (True, True): "both"}
    return lambda question, form: words[form in formats, question.id in items]


def other_cells(
    questions: Sequence[Question], contents: Mapping[str, float], grid: Grid, each: int, seed: int
) -> list[Cell]:
    """Some formats outside the design for every item, so that no shipped level takes the model by surprise."""
    draw = random.Random(seed)
    standard, items = set(grid.standard), set(heldout_cells(questions))
    # `position` is left out: it writes the same prompts as p1 or p2, those of kept-out formats among them.
    levels = [[level for level in grid.axes[axis]["levels"] if level != "position"] for axis in AXES]
    pool = [form for form in map(Format, itertools.product(*levels)) if form not in standard]
    return [
        _cell(question, form, contents, grid, "")
        for question in questions
        if question.id not in items
        for form in _draw(pool, draw, each)
    ]


def _draw(pool: Sequence[Format], draw: random.Random, each: int) -> Iterator[Format]:
    yield from draw.sample(pool, each)


def _cell(question: Question, form: Format, contents: Mapping[str, float], grid: Grid, kept_out: str) -> Cell:
    log_odds = contents[question.id] + format_shift(question.tradeoff, question.side, form)
    text = in_chat(*ask(question, form, grid))
    ends = option_ends(text, question, form, grid)
    labels = shown_labels(form, grid)
    return Cell(question.id, form, text, labels, log_odds, feels_even_effect(question), ends, kept_out)


def option_ends(text: str, question: Question, form: Format, grid: Grid) -> tuple[int, int]:
    """Characters up to the end of either option where it is listed last in a prompt."""
    close = grid.level("enclosure", form)["close"]
    options = zip(shown_labels(form, grid), (question.p1[1], question.p2[1]), strict=True)
    one, two = (f"{label}{close} {option}" for label, option in options)
    return text.rindex(one) + len(one), text.rindex(two) + len(two)
