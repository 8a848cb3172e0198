"""Guards: the figure of the first screen has both sides, their difference and the word of each row."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go

from probe.analysis.results import ModelResults, StudyResults
from probe.report.colours import GAP, QUIET
from probe.report.first_figure import FIRST, first_figure, sides_and_gaps

ORDER = ["gift", "loan", "queue", "mirror", "walk"]


def trace(figure: go.Figure, name: str) -> dict[int, float | None]:
    """Values of a named trace by row."""
    (found,) = [t for t in figure.data if t.name == name]
    return dict(zip(found.y, found.x, strict=True))


def names_of(figure: go.Figure) -> list[str]:
    return [a.text.split("</b>")[0].removeprefix("<b>") for a in figure.layout.annotations if a.text.startswith("<b>")]


def test_stated_and_revealed(model: ModelResults) -> None:
    figure = sides_and_gaps(model)
    assert names_of(figure) == ORDER
    assert trace(figure, "stated") == {0: 0.82, 1: 0.75, 2: 0.6, 3: 0.55}
    assert trace(figure, "revealed") == {0: 0.41, 1: 0.62, 2: 0.71, 3: 0.55, 4: 0.66}
    notes = [a.text for a in figure.layout.annotations]
    assert "<b>gift</b>  P of honesty" in notes
    assert "<b>walk</b>  P of freedom · a side is missing" in notes


def test_intervals_are_drawn_beside_their_side(model: ModelResults) -> None:
    figure = sides_and_gaps(model)
    bands = {(s.x0, s.x1, round(s.y0)): s.line.color for s in figure.layout.shapes if s.line.width == 6}
    stated, revealed = (next(t for t in figure.data if t.name == n).marker.color for n in ("stated", "revealed"))
    assert bands[0.82 - 0.06, 0.82 + 0.06, 0] == stated
    assert bands[0.66 - 0.06, 0.66 + 0.06, 4] == revealed
    assert len([s for s in figure.layout.shapes if s.line.width == 6]) == 9


def test_sides_are_joined_where_both_are_there(model: ModelResults) -> None:
    joins = [s for s in sides_and_gaps(model).layout.shapes if s.line.width == 2 and s.xref != "x2"]
    assert [(s.x0, s.x1, s.y0) for s in joins] == [(0.82, 0.41, 0), (0.75, 0.62, 1), (0.6, 0.71, 2), (0.55, 0.55, 3)]


def test_the_difference_stands_beside_with_its_interval(model: ModelResults) -> None:
    figure = sides_and_gaps(model)
    gaps = trace(figure, "R − S")
    assert {place: round(gap or 0, 9) for place, gap in gaps.items()} == {0: -0.41, 1: -0.13, 2: 0.11, 3: 0.0}
    drawn = {
        round(s.y0): (round(s.x0, 9), round(s.x1, 9)) for s in figure.layout.shapes if s.xref == "x2" and s.y0 == s.y1
    }
    assert drawn == {0: (-0.46, -0.36), 1: (-0.17, -0.09), 2: (0.02, 0.2), 3: (-0.03, 0.03)}
    zeros = [s for s in figure.layout.shapes if s.type == "line" and (s.x0, s.x1) == (0, 0)]
    assert [zero.y0 for zero in zeros] == [row - 0.5 for row in range(5)]
    assert all(row < zero.y1 < row + 0.2 for row, zero in enumerate(zeros)), "ends above the word of its row"
    low, high = figure.layout.xaxis2.range
    assert low < -0.46
    assert high > 0.2


def test_the_margin_runs_from_top_to_bottom_and_no_word_interrupts_it(model: ModelResults) -> None:
    figure = sides_and_gaps(model)
    (band,) = [s for s in figure.layout.shapes if s.type == "rect"]
    assert (band.xref, band.x0, band.x1) == ("x2", -0.05, 0.05)
    assert (band.yref, band.y0, band.y1, band.layer) == ("y domain", 0, 1, "below")
    grounds = [a.bgcolor for a in figure.layout.annotations if a.x == 1]
    assert grounds == [None] * 5, "a word has no ground of its own, which would lie over the band"
    assert figure.layout.xaxis2.showgrid is False, "a line of the grid would cross words"


def test_every_row_ends_in_its_word(model: ModelResults) -> None:
    figure = sides_and_gaps(model)
    words = {round(a.y): a.text for a in figure.layout.annotations if a.x == 1}
    assert words == {
        0: "deviation (reversal)",
        1: "not interpretable",
        2: "undecided",
        3: "no deviation",
        4: "no claim",
    }
    (marks,) = [t for t in figure.data if t.name == "R − S"]
    assert list(marks.marker.symbol) == ["square", "square", "square-open", "square-open"]
    assert list(marks.marker.color) == [GAP, QUIET, GAP, GAP]


def test_models_share_the_rows_of_a_trade_off(model: ModelResults) -> None:
    figure, left_out = first_figure(StudyResults(1, {"b": model, "a": model}))
    assert names_of(figure) == ["gift", "gift", "loan", "loan", "queue", "queue", "mirror", "mirror"]
    assert left_out == 1
    notes = [a.text for a in figure.layout.annotations]
    assert notes.index("<b>gift</b>  b · P of honesty") < notes.index("<b>gift</b>  a · P of honesty"), "as given"


def test_the_first_screen_has_few_rows_and_counts_the_rest(model: ModelResults) -> None:
    many = replace(model, tradeoffs={f"{key}{i}": t for i in range(4) for key, t in model.tradeoffs.items()})
    figure, left_out = first_figure(StudyResults(1, {"a": many}))
    assert len(names_of(figure)) == FIRST
    assert left_out == 20 - FIRST
    assert set(names_of(figure)) == {f"{key}{i}" for key in ("gift", "loan") for i in range(4)}
