from __future__ import annotations

import numpy as np
import pytest

from probe.analysis.formats import lay_formats
from probe.design.items import AXES
from probe.errors import StudyError

from .build import QUICK, STANDARD, STILL, TWO, laid


def test_variants_are_the_full_grid_in_row_major_order():
    formats = laid(STANDARD)
    assert formats.shape == (2, 2, 2, 2, 2)
    assert len(set(formats.variants)) == 32
    grid = formats.grid(np.arange(32.0)[None])
    assert grid[0, 1, 0, 0, 0, 0] == 16
    assert formats.variants[16].startswith("order=p2,label_order=p1,label_set=AB")
    assert formats.fixed == {"enclosure": "paren", "layout": "lines"}


def test_codes_are_balanced_and_orthogonal():
    formats = laid(STANDARD)
    assert formats.order.sum() == formats.label.sum() == formats.order @ formats.label == 0
    assert all(v.startswith("order=p1") == (o > 0) for v, o in zip(formats.variants, formats.order, strict=True))
    assert all((",label_order=p1" in v) == (x > 0) for v, x in zip(formats.variants, formats.label, strict=True))


def test_labels_that_follow_the_position_are_one_axis_named_slot():
    formats = laid({"order": TWO, "label_order": ("position",)})
    assert list(formats.varied) == ["slot"]
    assert formats.fixed["label_order"] == "position"
    assert (formats.label == formats.order).all()
    assert (formats.has_slot, formats.has_position, formats.has_label) == (True, False, False)


@pytest.mark.parametrize(
    ("order", "label_order", "expected"),
    [
        (TWO, TWO, (True, True, False)),
        (TWO, ("p1",), (True, False, False)),
        (("p1",), TWO, (False, True, False)),
        (("p1",), ("position",), (False, False, False)),
        (TWO, ("p1", "position"), (False, False, False)),
        (TWO, ("p1", "p2", "position"), (False, False, False)),
    ],
)
def test_what_can_be_told_apart(order, label_order, expected):
    formats = laid({"order": order, "label_order": label_order})
    assert (formats.has_position, formats.has_label, formats.has_slot) == expected


def test_an_axis_without_a_level_is_refused():
    with pytest.raises(StudyError, match="'cue' has no level"):
        lay_formats({**STILL, "cue": ()})


def test_every_axis_is_varied_or_held():
    formats = laid(QUICK)
    assert set(formats.varied) | set(formats.fixed) == set(AXES)
