"""Guards: what report, table and figure show of the layers is what was found, with bands and without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.analysis.depth_results import DepthCurve, DepthResult, DepthSide
from probe.report.depth_figure import depth_curves
from probe.report.depth_text import apart_text, depth_line, depth_tables


def curve(values, width=None, clear=False, arises=2):
    low, high = (None, None) if width is None else (tuple(v - width for v in values), tuple(v + width for v in values))
    return DepthCurve(tuple(values), low, high, arises, clear)


STATED = DepthSide(16, 4, 4, curve((0.0, 1.0, 2.0), 0.5, clear=True), curve((0.0, 0.1, 0.5)), None, None, (0.1, 0.9))
REVEALED = replace(STATED, cells=8, content=curve((0.1, -1.0, -2.0), 0.5, clear=True, arises=3))
FOUND = DepthResult(3, (1, 3), STATED, REVEALED, 2, 3, 2e-6)


@pytest.fixture
def tables(monkeypatch):
    def made(found):
        monkeypatch.setattr("probe.report.depth_text.depths_of", lambda _: [("gift", found)] if found else [])
        return depth_tables(None)

    return made


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (FOUND, "from layer 2 on, with both bands from 3 on"),
        (replace(FOUND, apart_clearly_from=None), "from layer 2 on, bands hold 0"),
        (
            replace(FOUND, apart_clearly_from=None, stated=replace(STATED, content=curve((0.0, 1.0, 2.0)))),
            "from layer 2 on, no bands",
        ),
        (replace(FOUND, apart_from=None, apart_clearly_from=None), "one sign at the last layer"),
        (replace(FOUND, stated=None, apart_from=None), "one side alone was read"),
    ],
)
def test_where_the_sides_part_in_words(found, said):
    assert apart_text(found) == said
    assert said in depth_line("gift", found)


def test_the_table_has_a_row_for_each_side(tables):
    (table,) = tables(FOUND)
    assert "after each of 3 layers" in table.caption
    assert [row[:3] for row in table.rows] == [("gift", "stated", "16"), ("gift", "revealed", "8")]
    stated, revealed = table.rows
    assert stated[3:7] == ("+2.000 [+1.500, +2.500]", "2", "+0.500", "(2)")
    assert revealed[3:5] == ("-2.000 [-2.500, -1.500]", "3")
    assert stated[7:10] == ("–", "–", "0.900")
    assert stated[-1] == "2.0e-6"
    assert tables(None) == ()


def test_the_figure_has_every_curve_and_band():
    figure = depth_curves("gift<b>", FOUND)
    named = {trace.name: trace for trace in figure.data if trace.name}
    assert set(named) == {
        "stated",
        "revealed",
        *(f"{w}, {s}" for w in ("position", "option mass") for s in ("stated", "revealed")),
    }
    assert tuple(named["revealed"].y) == REVEALED.content.values
    assert tuple(named["revealed"].x) == (1, 2, 3)
    assert (named["position, stated"].yaxis, named["option mass, stated"].yaxis) == ("y2", "y3")
    assert tuple(named["option mass, stated"].x) == (1, 3)
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert [tuple(trace.y) for trace in bands] == [
        (*side.content.high, *reversed(side.content.low)) for side in (STATED, REVEALED)
    ]
    assert [shape.x0 for shape in figure.layout.shapes if shape.x0 == shape.x1] == [1.5]
    assert all("<b>" not in text for trace in figure.data for text in trace.hovertext or ())


@pytest.mark.parametrize(("layers", "step"), [(3, 1), (12, 1), (13, 2), (30, 3)])
def test_ticks_stand_at_layers_and_there_are_at_most_twelve(layers, step):
    axis = depth_curves("gift", replace(FOUND, layers=layers)).layout.xaxis
    assert (axis.tickmode, axis.tick0, axis.dtick) == ("linear", 1, step)


def test_without_bands_or_a_side_there_is_less_to_draw():
    bare = replace(FOUND, stated=None, revealed=replace(REVEALED, content=curve((0.1, -1.0, -2.0))), apart_from=None)
    figure = depth_curves("gift", bare)
    assert not [trace for trace in figure.data if trace.fill]
    assert not [shape for shape in figure.layout.shapes if shape.x0 == shape.x1]
    assert not [trace for trace in figure.data if trace.name and "stated" in trace.name]
