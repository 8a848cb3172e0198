"""Guards: the prompts that are shown turn with one axis alone, the widest first; who never turns is not shown."""

from __future__ import annotations

import numpy as np
import pytest

from probe.analysis.cells import Cells, ItemRow
from probe.analysis.formats import lay_formats
from probe.report.flipped import Flipped, flipped_prompts

AXES = {
    "order": ("p1", "p2"),
    "label_order": ("p1", "p2"),
    "label_set": ("AB", "12", "KR"),
    "enclosure": ("paren",),
    "layout": ("lines",),
    "instruction": ("label",),
    "cue": ("answer",),
}
FORMATS = lay_formats(AXES)
SET = np.array(FORMATS.label_set)


def found(*z, fixed=False):
    items = tuple(
        ItemRow(f"t/i{n}", "t", "revealed", "choice", f"t/i{n}", f"t/i{n}", (), "x", "y", fixed) for n in range(len(z))
    )
    values = np.array([np.broadcast_to(one, len(FORMATS.variants)) for one in z], dtype=float)
    nothing = np.full_like(values, np.nan)
    return flipped_prompts(Cells(items, values, np.ones_like(values), FORMATS, nothing))


def test_the_axis_that_turns_it_is_named_with_both_probabilities():
    (one,) = found(2.0 * FORMATS.order)
    assert (one.item, one.axis, one.levels) == ("t/i0", "order", ("p1", "p2"))
    assert one.p == pytest.approx((0.8807970779778823, 0.11920292202211755))
    assert one.rest == "label_order=p1, label_set=AB"
    assert one.reported == "t/i0: order p1 0.881, p2 0.119 (label_order=p1, label_set=AB)"


def test_the_widest_pair_of_levels_is_taken():
    (one,) = found(np.select([SET == "AB", SET == "12"], [3.0, 1.0], -3.0))
    assert (one.axis, one.levels) == ("label_set", ("AB", "KR"))


def test_two_axes_together_are_no_single_axis():
    """Only order and label order at once take it across one half: no pair that differs in one axis does."""
    both = (FORMATS.order > 0) & (FORMATS.label > 0)
    neither = (FORMATS.order < 0) & (FORMATS.label < 0)
    assert found(np.select([both, neither], [3.0, -3.0], 0.0)) == ()


def test_three_are_shown_the_widest_first_and_none_that_holds():
    shown = found(5.0, *(size * FORMATS.order for size in (1.0, 3.0, 2.0, 0.5)), 0.1 * FORMATS.order)
    assert [one.item for one in shown] == ["t/i2", "t/i3", "t/i1"]


def test_a_text_that_is_asked_as_it_stands_has_no_formats():
    assert found(2.0 * FORMATS.order, fixed=True) == ()


def test_without_another_axis_there_is_nothing_in_brackets():
    assert Flipped("t/a", "order", ("p1", "p2"), (0.8, 0.25), "").reported == "t/a: order p1 0.800, p2 0.250"
