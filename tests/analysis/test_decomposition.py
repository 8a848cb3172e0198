from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from probe.analysis.decomposition import decompose

from .build import QUICK, STANDARD, laid, steady

FORMATS = laid(STANDARD)


@steady
@given(arrays(float, (3, 32), elements=st.floats(-10, 10)))
def test_shares_add_up_to_one(z):
    parts = decompose(z, np.array([0.2, 0.3, 0.5]), FORMATS)
    if parts is None or parts.variance < 1e-9:
        return
    shares = [parts.items, *parts.axes.values(), parts.axis_interactions, parts.item_interactions]
    assert sum(shares) == pytest.approx(1, abs=1e-9)
    assert min(shares) >= 0


def test_planted_terms_fall_into_their_shares():
    formats = laid(QUICK)
    o, x = formats.order, formats.label
    item = np.array([3.0, -1.0])[:, None]
    apart = np.array([1.0, -3.0])[:, None]
    weights = np.array([0.75, 0.25])
    z = item + 0.5 * o + 0.25 * x + 1.5 * o * x + apart * o
    parts = decompose(z, weights, formats)
    squares = {"items": 3.0, "order": 0.25, "label_order": 0.0625, "both": 2.25, "apart": 3.0}
    total = sum(squares.values())
    assert parts.variance == pytest.approx(total)
    assert parts.items == pytest.approx(squares["items"] / total)
    expected = {"order": squares["order"] / total, "label_order": squares["label_order"] / total}
    assert parts.axes == pytest.approx(expected)
    assert parts.axis_interactions == pytest.approx(squares["both"] / total)
    assert parts.item_interactions == pytest.approx(squares["apart"] / total)


def test_without_variance_there_are_no_shares():
    assert decompose(np.zeros((2, 4)), np.array([0.5, 0.5]), laid(QUICK)) is None


def test_a_single_variant_leaves_everything_to_the_items():
    parts = decompose(np.array([[1.0], [2.0]]), np.array([0.5, 0.5]), laid({}))
    assert (parts.items, parts.axes) == (1.0, {})
