"""Guards: a dose curve draws what was measured, and tells none where there is none."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from probe.analysis.results import DoseCurve, DosePoint
from probe.report.dose_figures import dose_line, dose_text, dose_titled, psychometric_curve

POINTS = tuple(DosePoint(str(dose), dose, p, z) for dose, p, z in ((1, 0.2, -1.5), (10, 0.4, -0.5), (100, 0.7, 1.0)))


def curve(**changes):
    plain = {
        "scenario": "t/s", "factor": "jobs", "towards": "x", "points": POINTS, "indifference": 40.0, "crossings": 1,
        "slope": 1.25, "violations": 0, "equals_stated": None,
    }  # fmt: skip
    return DoseCurve(**{**plain, **changes})


def drawn(one, stated=0.6):
    found = SimpleNamespace(p1="x", stated=None if stated is None else SimpleNamespace(deployed=stated))
    return psychometric_curve("t", found, one)


def test_the_points_are_the_means_and_the_ticks_the_doses():
    (line,) = drawn(curve()).data
    assert list(line.y) == [0.2, 0.4, 0.7]
    assert list(drawn(curve()).layout.xaxis.ticktext) == ["1", "10", "100"]


@pytest.mark.parametrize(("dose", "place"), [(40.0, 1 + 30 / 90), (10.0, 1.0), (100.0, 2.0), (1.0, 0.0)])
def test_the_point_of_indifference_stands_where_its_dose_lies_between_the_doses(dose, place):
    uprights = [shape for shape in drawn(curve(indifference=dose)).layout.shapes if shape.x0 == shape.x1]
    assert [shape.x0 for shape in uprights] == [pytest.approx(place)]


def test_the_stated_preference_is_a_line_where_there_is_one():
    heights = [shape.y0 for shape in drawn(curve()).layout.shapes if shape.x0 == 0 and shape.x1 == 1]
    assert heights == [0.5, 0.6]
    assert [s.y0 for s in drawn(curve(), stated=None).layout.shapes if s.x0 == 0 and s.x1 == 1] == [0.5]


def test_in_words():
    assert dose_titled("t", curve()) == "t: s, by jobs"
    told = dose_line(curve())
    assert "Point of indifference: 40." in told
    assert "Against the prediction: 0 of 2 steps" in told
    assert "equals the stated preference at: no single dose." in told
    assert [dose_text(dose) for dose in (None, 0.5, 1050.0, 33.333)] == ["none", "0.5", "1,050", "33.33"]
