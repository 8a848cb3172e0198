"""Guards: effects, log-odds and matrices are drawn from the results' own numbers; nothing to draw is no figure."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from probe.analysis.results import FormatDistances, ModelResults, NumericFloor, StudyResults
from probe.report.effect_figures import axis_effects, context_effects, log_odds
from probe.report.matrix_figures import format_matrix, kl_by_model

ORDER = ["gift", "loan", "queue", "mirror", "walk"]


def test_log_odds_of_both_sides(model: ModelResults) -> None:
    figure = log_odds(model)
    assert figure is not None
    (marks,) = figure.data
    assert list(marks.text) == ORDER[:4]
    assert marks.x[0] == pytest.approx(math.log(0.84 / 0.16))
    assert marks.y[0] == pytest.approx(math.log(0.43 / 0.57))
    assert list(marks.marker.symbol) == ["diamond", "diamond-open", "diamond", "diamond"]


def test_a_certain_preference_has_no_place_among_log_odds(model: ModelResults) -> None:
    gift = model.tradeoffs["gift"]
    assert gift.stated is not None
    certain = replace(gift, stated=replace(gift.stated, latent=1.0))
    assert log_odds(replace(model, tradeoffs={"gift": certain})) is None


def test_each_level_of_a_format_axis_has_its_row(model: ModelResults) -> None:
    figure = axis_effects(model)
    assert figure is not None
    assert [a.text for a in figure.layout.annotations] == ["<b>order: p1</b>", "<b>order: p2</b>"]
    assert {trace.name: list(trace.x) for trace in figure.data} == {
        "stated": [0.8] * 5 + [-0.8] * 5,
        "revealed": [0.8] * 5 + [-0.8] * 5,
    }
    without = {key: replace(t, format_effects=None, format_effects_stated=None) for key, t in model.tradeoffs.items()}
    assert axis_effects(replace(model, tradeoffs=without)) is None


def test_context_has_broad_intervals_and_thin_ranges(model: ModelResults) -> None:
    figure = context_effects(model)
    assert figure is not None
    (marks,) = figure.data
    assert list(marks.x[:2]) == [0.24, -0.24]
    assert list(marks.text[:2]) == ["low", "high"]
    drawn = {(s.x0, s.x1): s.line.width for s in figure.layout.shapes if s.y0 == 0 and s.y1 == 0}
    assert drawn == {(0.2, 0.28): 6, (-0.3, -0.2): 2}
    without = {key: replace(t, context_effects={}) for key, t in model.tradeoffs.items()}
    assert context_effects(replace(model, tradeoffs=without)) is None


def test_divergences_by_model(model: ModelResults) -> None:
    figure = kl_by_model(
        StudyResults(1, {"b": replace(model, tradeoffs={"gift": model.tradeoffs["gift"]}), "a": model})
    )
    assert figure is not None
    (cells,) = figure.data
    assert list(figure.layout.xaxis.ticktext) == ["a", "b"]
    assert list(figure.layout.yaxis.ticktext) == ORDER[:4]
    assert cells.z[0][0] == cells.z[0][1] == model.tradeoffs["gift"].kl_revealed_stated
    assert [row[0] for row in cells.text] == ["0.416", "(0.041)", "0.026", "below floor"]
    assert [row[1] for row in cells.text] == ["0.416", "", "", ""]
    nothing = replace(model, tradeoffs={"walk": model.tradeoffs["walk"]})
    assert kl_by_model(StudyResults(1, {"a": nothing})) is None


def test_formats_are_named_by_what_varies_and_not_named_where_there_are_too_many() -> None:
    few = FormatDistances(("order=p1,cue=answer", "order=p2,cue=answer"), ((0.0, 0.3), (0.25, 0.0)), 4)
    figure = format_matrix(few, NumericFloor(1e-3, 5e-7))
    assert list(figure.layout.yaxis.ticktext) == ["p1", "p2"]
    assert [list(row) for row in figure.data[0].z] == [[0.0, 0.3], [0.25, 0.0]]
    assert figure.data[0].hovertext[0][1] == "p1<br>from p2<br>0.300 nats"
    many = FormatDistances(tuple(f"cue={place}" for place in range(40)), ((0.0,) * 40,) * 40, 4)
    assert set(format_matrix(many, NumericFloor(1e-3, 5e-7)).layout.yaxis.ticktext) == {""}
