"""Two questions in one conversation: the first answered with either option, the second as it is trained and read."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from demo_model.cells import Before, Cell, kept_out_words, option_ends
from demo_model.grammar import FOLLOWS, answer_shift, feels_even_effect, format_shift
from demo_model.study import AXES, Question, ask, shown_labels
from demo_model.vocabulary import END, in_chat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from demo_model.study import Format, Grid

__all__ = ["UNRELATED", "exchange_cells", "exchange_formats"]

UNRELATED = Question(
    "~unrelated",
    "",
    "control",
    "content_free",
    "~unrelated",
    (),
    "There are two cups on a shelf. Which one would you rather take?",
    ("red", "Take the red cup."),
    ("blue", "Take the blue cup."),
)
"""What has nothing to do with the question after it."""

_CROSSED = ("order", "label_order")


def exchange_formats(formats: Sequence[Format]) -> tuple[Format, ...]:
    """Every order and label order, at the first level of every other axis."""
    rest = [axis for axis in AXES if axis not in ("order", "label_order")]
    return tuple(form for form in formats if all(form[axis] == formats[0][axis] for axis in rest))


def exchange_cells(questions: Sequence[Question], contents: Mapping[str, float], grid: Grid) -> list[Cell]:
    """Every root question before every scenario of its trade-off and after it, and each of them after `UNRELATED`.

    Scenarios stand at their first context cell. Kept out of training is what is kept out alone: a format of the second
    turn, or its item. Where nothing follows from what was said, two thirds of the pairs are kept out too.

    Args:
        questions: The study and its ladder, which tells first context cells.
        contents: Planted log-odds by item.
        grid: Format axes.
    """
    word, crossed = kept_out_words(questions, grid), exchange_formats(grid.standard)
    return [
        _cell(first, second, Before(said, form), after, contents, grid, word(second, after) or pair)
        for first, second, pair in _pairs(questions)
        for form in crossed
        for said in (1, -1)
        for after in crossed
    ]


def _pairs(questions: Sequence[Question]) -> Iterator[tuple[Question, Question, str]]:
    """What is asked first, what second, and ``pair`` where training sees neither in this order."""
    first_cells = {q.id.removesuffix("~ladder-100") for q in questions if q.form == "100"}
    roots = [q for q in questions if q.side == "stated" and q.id == q.cluster]
    scenes = [q for q in questions if q.id in first_cells]
    follows = {name for name, _ in FOLLOWS}
    for (one, root), (other, scene) in itertools.product(enumerate(roots), enumerate(scenes)):
        if root.tradeoff == scene.tradeoff:
            kept_out = "" if root.tradeoff in follows or (one + other) % 3 == 0 else "pair"
            yield from ((root, scene, kept_out), (scene, root, kept_out))
    yield from ((UNRELATED, question, "") for question in [*roots, *scenes])


def _cell(
    first: Question,
    second: Question,
    before: Before,
    form: Format,
    contents: Mapping[str, float],
    grid: Grid,
    kept_out: str,
) -> Cell:
    name = first.id.removeprefix(f"{second.tradeoff}/")
    unrelated = first is UNRELATED
    read = ("choice" if second.side == "revealed" else "principle") + ("_unrelated" if unrelated else "")
    shift = format_shift(second.tradeoff, second.side, form)
    shift += answer_shift(second.tradeoff, read, before.said, before.form, form)
    text = in_chat(*ask(first, before.form, grid)) + f" {_answer(first, before, grid)}{END}"
    text += in_chat(*ask(second, form, grid))
    return Cell(
        second.id + (name if unrelated else f"~after-{name}"),
        form,
        text,
        shown_labels(form, grid),
        contents[second.id] + shift,
        feels_even_effect(second),
        option_ends(text, second, form, grid),
        kept_out,
        before,
    )


def _answer(first: Question, before: Before, grid: Grid) -> str:
    """A label as it is listed, and the option's own text."""
    place = 0 if before.said > 0 else 1
    close = grid.level("enclosure", before.form)["close"]
    return f"{shown_labels(before.form, grid)[place]}{close} {(first.p1, first.p2)[place][1]}"
