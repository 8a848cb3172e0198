"""Guards: every figure draws the results' own numbers, at the right row; names are text."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import pytest

from probe.analysis.results import ModelResults
from probe.design.items import EVERY_AXIS
from probe.report import colours, figures, first_figure
from probe.report.page import Page
from probe.report.truth import compare, read_truth

ORDER = ["gift", "loan", "queue", "mirror", "walk"]


def trace(figure: go.Figure, name: str) -> dict[int, float | None]:
    """Values of a named trace by row."""
    (found,) = [t for t in figure.data if t.name == name]
    return dict(zip(found.y, found.x, strict=True))


def row_names(figure: go.Figure) -> list[str]:
    return [a.text.split("</b>")[0].removeprefix("<b>") for a in figure.layout.annotations if a.text.startswith("<b>")]


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


def luminance(colour: str) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_on_a_bar_can_be_read_and_no_bar_has_a_colour_of_a_side() -> None:
    bars = {*colours.TERMS.values(), *(colours.axis_colour(axis) for axis in ("slot", "another", *EVERY_AXIS))}
    assert not bars.intersection({colours.STATED, colours.REVEALED})
    for colour in bars:
        assert (luminance(colour) + 0.05) / (luminance(colours.INK) + 0.05) >= 4.5, colour


def test_every_axis_has_a_colour_of_its_own() -> None:
    assert len({colours.axis_colour(axis) for axis in ("slot", "another", *EVERY_AXIS)}) == len(EVERY_AXIS) + 2


def test_format_effects(model: ModelResults) -> None:
    figure = figures.format_effects(model)
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


DRAWERS = [first_figure.sides_and_gaps, figures.budget, figures.format_effects, figures.biases, figures.option_mass]


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
