"""Guards: a specification curve is sorted, has each format's interval, and its dots stand under their own format."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.analysis.results import SpecificationCurve, TradeOffResult
from probe.report.curve_figures import curve_line, specification_curve

CURVE = SpecificationCurve(
    formats=("order=p1,cue=answer", "order=p1,cue=choice", "order=p2,cue=answer", "order=p2,cue=choice"),
    stated=(0.5, 0.5, 0.5, 0.5),
    revealed=(0.75, 0.25, 0.625, 0.375),
    low=(0.125, -0.5, 0.0, -0.25),
    high=(0.375, 0.0, 0.25, 0.0),
)
VARIED = {"order": ("p1", "p2"), "cue": ("answer", "choice")}


@pytest.fixture
def found(gift: TradeOffResult) -> TradeOffResult:
    return replace(gift, specification=CURVE, varied_axes=VARIED, gap=0.0)


def test_formats_are_sorted_with_their_intervals(found: TradeOffResult) -> None:
    figure = specification_curve("gift", found)
    assert figure is not None
    curve = figure.data[0]
    assert list(curve.x) == [0, 1, 2, 3]
    assert list(curve.y) == [-0.25, -0.125, 0.125, 0.25]
    assert list(curve.error_y.array) == [0.25, 0.125, 0.125, 0.125]
    assert list(curve.error_y.arrayminus) == [0.25, 0.125, 0.125, 0.125]
    assert "order=p1,cue=choice" in curve.text[0]


def test_dots_say_the_levels_of_each_format(found: TradeOffResult) -> None:
    figure = specification_curve("gift", found)
    assert figure is not None
    told = figure.layout.yaxis2.ticktext
    assert told == ("order p1", "order p2", "cue answer", "cue choice")
    dots = {(rank, told[line]) for trace in figure.data[1:] for rank, line in zip(trace.x, trace.y, strict=True)}
    assert dots == {
        (0, "order p1"),
        (0, "cue choice"),
        (1, "order p2"),
        (1, "cue choice"),
        (2, "order p2"),
        (2, "cue answer"),
        (3, "order p1"),
        (3, "cue answer"),
    }


def test_the_summary_counts_both_signs() -> None:
    assert curve_line(CURVE) == "R − S from -0.250 to +0.250 over 4 formats, above 0 in 2 and below 0 in 2"


def test_one_format_has_no_curve(found: TradeOffResult, gift: TradeOffResult) -> None:
    one = SpecificationCurve(("order=p1",), (0.5,), (0.5,), (None,), (None,))
    assert specification_curve("gift", replace(found, specification=one)) is None
    assert specification_curve("gift", replace(gift, specification=None)) is None


def test_a_format_without_an_interval_has_its_mark(found: TradeOffResult) -> None:
    bare = replace(CURVE, low=(None,) * 4, high=(None,) * 4)
    figure = specification_curve("gift", replace(found, specification=bare))
    assert figure is not None
    assert list(figure.data[0].error_y.array) == [None] * 4
    assert len(figure.data[0].y) == 4
