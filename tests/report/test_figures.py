"""Guards: every figure draws the results' own numbers, at the right row; names are text."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import pytest

from probe.analysis.results import ModelResults
from probe.report import figures
from probe.report.page import Page
from probe.report.truth import compare, read_truth

ORDER = ["gift", "loan", "queue", "mirror", "walk"]


def trace(figure: go.Figure, name: str) -> dict[int, float | None]:
    """Values of a named trace by row."""
    (found,) = [t for t in figure.data if t.name == name]
    return dict(zip(found.y, found.x, strict=True))


def row_names(figure: go.Figure) -> list[str]:
    return [a.text.split("</b>")[0].removeprefix("<b>") for a in figure.layout.annotations if a.text.startswith("<b>")]


def test_stated_and_revealed(model: ModelResults) -> None:
    figure = figures.stated_and_revealed(model)
    assert row_names(figure) == ORDER
    assert trace(figure, "stated") == {0: 0.82, 1: 0.75, 2: 0.6, 3: 0.55}
    assert trace(figure, "revealed") == {0: 0.41, 1: 0.62, 2: 0.71, 3: 0.55, 4: 0.66}
    notes = " ".join(a.text for a in figure.layout.annotations)
    assert "not interpretable" in notes
    assert "a side is missing" in notes


def test_intervals_are_drawn_beside_their_side(model: ModelResults) -> None:
    figure = figures.stated_and_revealed(model)
    bands = {(s.x0, s.x1, round(s.y0)): s.line.color for s in figure.layout.shapes if s.line.width == 6}
    stated, revealed = (next(t for t in figure.data if t.name == n).marker.color for n in ("stated", "revealed"))
    assert bands[0.82 - 0.06, 0.82 + 0.06, 0] == stated
    assert bands[0.66 - 0.06, 0.66 + 0.06, 4] == revealed
    assert len([s for s in figure.layout.shapes if s.line.width == 6]) == 9


def test_sides_are_joined_where_both_are_there(model: ModelResults) -> None:
    joins = [s for s in figures.stated_and_revealed(model).layout.shapes if s.line.width == 2]
    assert [(s.x0, s.x1, s.y0) for s in joins] == [(0.82, 0.41, 0), (0.75, 0.62, 1), (0.6, 0.71, 2), (0.55, 0.55, 3)]


def test_principles_stand_at_their_ends(model: ModelResults) -> None:
    ends = {a.text: a.x for a in figures.stated_and_revealed(model).layout.annotations}
    assert ends["← kindness"] == 0
    assert ends["honesty →"] == 1


def test_budget(model: ModelResults) -> None:
    figure = figures.budget(model)
    assert figure.layout.barmode == "stack"
    assert [t.name for t in figure.data] == ["format", "context", "scenarios", "gap"]
    assert row_names(figure) == ORDER
    for place, key in enumerate(ORDER):
        budget = model.tradeoffs[key].budget
        assert budget is not None
        drawn = [trace(figure, name)[place] for name in ("format", "context", "scenarios", "gap")]
        assert drawn == [budget.format, budget.context, budget.scenarios, budget.gap]
        if budget.total is not None:
            assert math.isclose(sum(x or 0 for x in drawn), budget.total)
    assert figure.data[3].text[0] == "74 %"
    assert all(part.text[4] == "" for part in figure.data)


def test_pivots(model: ModelResults) -> None:
    figure = figures.pivots(model)
    assert [t.name for t in figure.data] == ["order", "label order", "label set", "instruction", "cue"]
    assert trace(figure, "order")[0] == 0.061
    assert trace(figure, "cue")[2] == 0.003
    assert len({t.marker.color for t in figure.data}) == 5
    assert any("order and label order" in a.text for a in figure.layout.annotations)


def test_biases(model: ModelResults) -> None:
    figure = figures.biases(model)
    assert [t.name for t in figure.data] == [
        "position, revealed",
        "label, revealed",
        "position, stated",
        "label, stated",
    ]
    assert trace(figure, "position, revealed") == dict.fromkeys(range(5), 0.81)
    assert trace(figure, "label, stated") == dict.fromkeys(range(4), 0.29)
    low, high = figure.layout.xaxis.range
    assert low < 0
    assert high > 0.81


def test_option_mass(model: ModelResults) -> None:
    figure = figures.option_mass(model)
    assert trace(figure, "stated") == {0: 0.992, 1: 0.312, 2: 0.992, 3: 0.992}
    assert trace(figure, "revealed")[1] == 0.9


def test_planted_and_measured(model: ModelResults, truth_json: str) -> None:
    figure = figures.planted_and_measured(compare(read_truth(truth_json), model))
    stated, revealed = figure.data
    assert dict(zip(stated.x, stated.y, strict=True)) == {0.821: 0.82, 0.601: 0.6, 0.55: 0.55}
    assert dict(zip(revealed.x, revealed.y, strict=True))[0.66] == 0.66


DRAWERS = [figures.stated_and_revealed, figures.budget, figures.pivots, figures.biases, figures.option_mass]


@pytest.mark.parametrize("draw", DRAWERS)
def test_names_are_no_markup(hostile: Page, draw: object) -> None:
    assert callable(draw)
    (model,) = hostile.results.models.values()
    drawn = draw(model).to_json()
    assert "<a href" not in drawn
    assert "<script" not in drawn
    assert "&lt;" in drawn


@pytest.mark.parametrize("draw", DRAWERS)
def test_backgrounds_are_left_to_the_page(model: ModelResults, draw: object) -> None:
    assert callable(draw)
    layout = draw(model).layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.font.color is None


def test_a_model_without_trade_offs_draws_empty_figures(model: ModelResults) -> None:
    empty = ModelResults(model.numeric_floor, {}, {})
    assert all(not any(t.x for t in draw(empty).data) for draw in DRAWERS)
