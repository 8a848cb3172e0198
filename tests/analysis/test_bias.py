from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis.bias import acquiescence, biases

from .build import QUICK, STANDARD, TWO, laid, steady

ONE = np.ones(1)
terms = st.floats(-3, 3)


@steady
@given(terms, terms, terms, terms)
def test_planted_terms_come_back(content, position, label, listing):
    formats = laid(STANDARD)
    o, x = formats.order, formats.label
    z = content + position * o + label * x + listing * o * x
    found = biases(np.array([z, z]), np.array([0.3, 0.7]), formats, ())
    expected = (content, position, label, listing)
    assert (found.content, found.position, found.label, found.listing) == pytest.approx(expected, abs=1e-12)
    assert found.slot is None
    assert found.label_rms == pytest.approx(abs(label), abs=1e-12)


def test_items_count_by_their_weights():
    formats = laid(QUICK)
    o, x = formats.order, formats.label
    z = np.array([1.0 + 2.0 * o - 0.5 * x + 0.3 * o * x, -3.0 - 1.0 * o + 1.5 * x - 0.9 * o * x])
    found = biases(z, np.array([0.75, 0.25]), formats, ())
    planted = (0.0, 1.25, 0.0, 0.0)
    assert (found.content, found.position, found.label, found.listing) == pytest.approx(planted, abs=1e-12)
    slot = laid({"order": TWO, "label_order": ("position",)})
    followed = biases(np.array([2.0 * slot.order, -1.0 * slot.order]), np.array([0.75, 0.25]), slot, ())
    assert followed.slot == pytest.approx(1.25)


def test_sets_with_opposite_signs_cancel_in_the_mean_and_not_in_the_rms():
    formats = laid({**QUICK, "label_set": ("AB", "12")})
    sign = np.where(np.array(formats.label_set) == "AB", 1.0, -1.0)
    found = biases((2.0 * sign * formats.label)[None], ONE, formats, ())
    assert found.label == pytest.approx(0, abs=1e-14)
    assert found.label_rms == pytest.approx(2, abs=1e-14)
    assert found.label_by_set == pytest.approx({"AB": 2.0, "12": -2.0})


def test_a_set_without_an_order_has_a_size_and_no_sign():
    formats = laid({**QUICK, "label_set": ("AB", "KR")})
    of_set = np.where(np.array(formats.label_set) == "AB", 1.0, 7.0)
    z = (of_set * formats.label + 0.5 * formats.order + of_set * formats.order * formats.label)[None]
    found = biases(z, ONE, formats, ("KR",))
    assert found.label == pytest.approx(1.0)
    assert found.label_by_set == {"AB": pytest.approx(1.0), "KR": None}
    assert found.label_rms == pytest.approx(5.0)
    assert found.listing == pytest.approx(1.0)
    assert found.position == pytest.approx(0.5)
    alone = biases(z[:, np.array(formats.label_set) == "KR"], ONE, laid({**QUICK, "label_set": ("KR",)}), ("KR",))
    assert (alone.label, alone.listing) == (None, None)
    assert alone.label_rms == pytest.approx(7.0)


def test_labels_that_follow_the_position_give_slot_bias_only():
    formats = laid({"order": TWO, "label_order": ("position",)})
    found = biases((1.0 + 2.0 * formats.order)[None], ONE, formats, ())
    assert (found.content, found.slot) == pytest.approx((1.0, 2.0))
    assert (found.position, found.label, found.listing, found.label_rms) == (None,) * 4
    assert found.label_by_set == {}


def test_labels_held_to_a_principle_give_position_and_no_label():
    formats = laid({"order": TWO, "label_order": ("p1",)})
    found = biases((1.0 + 2.0 * formats.order)[None], ONE, formats, ())
    assert found.position == pytest.approx(2.0)
    assert (found.label, found.listing, found.slot, found.label_rms) == (None,) * 4


def test_an_order_that_stands_still_gives_label_and_no_position():
    formats = laid({"label_order": TWO})
    found = biases((1.0 + 2.0 * formats.label)[None], ONE, formats, ())
    assert found.label == pytest.approx(2.0)
    assert (found.position, found.listing, found.slot) == (None,) * 3


def test_agreement_is_told_apart_from_content_whichever_principle_it_stands_for():
    items = ["t/a", "t/a~mate", "t/a~p1", "t/b", "t/b~mate", "t/c", "t/d", "t/d~mate"]
    # content 1.0 and 0.4, agreement 0.7 and 0.3; t/b's statement speaks for the second principle; t/d has no answers
    # that agree or not.
    z = np.array([1.7, 0.3, 9.0, 0.1, 0.7, 5.0, 6.0, 8.0])[:, None] + [-2.0, 0.5, 1.5]
    agreeing = {"t/a": "x", "t/a~mate": "y", "t/a~p1": "x", "t/b": "y", "t/b~mate": "x", "t/c": "x"}
    found = acquiescence(items, z, "x", agreeing)
    assert found.towards_agreeing == pytest.approx(0.5)
    assert found.content == pytest.approx(0.7)
    assert found.pairs == 2


def test_without_pairs_agreement_is_unknown():
    assert acquiescence(["t/a", "t/b"], np.zeros((2, 2)), "x", {"t/a": "x"}) is None
