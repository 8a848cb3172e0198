from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from probe.analysis.budget import format_information
from probe.analysis.shapley import named_axes, split_format, subset_information

from .build import QUICK, STANDARD, laid, steady

ONE = np.ones(1)
STANDARD_FORMATS = laid(STANDARD)
THREE = laid({**QUICK, "label_set": ("AB", "12", "XY")})


def entropy(p):
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


def by_definition(grid, weights, subset):
    others = tuple(k + 1 for k in range(grid.ndim - 1) if k not in subset)
    p = expit(grid)
    kept = entropy(p.mean(axis=others)).reshape(len(grid), -1).mean(axis=1)
    return weights @ (entropy(p.reshape(len(grid), -1).mean(axis=1)) - kept)


@steady
@given(arrays(float, (2, 12), elements=st.floats(-6, 6)), st.floats(0.05, 0.95))
def test_shares_equal_the_mean_gain_over_all_orders_of_joining(z, w):
    weights = np.array([w, 1 - w])
    grid = THREE.grid(z)
    shares = split_format(z, weights, THREE)
    for k, name in enumerate(THREE.varied):
        gains = []
        for order in permutations(range(3)):
            before = set(order[: order.index(k)])
            gains.append(by_definition(grid, weights, before | {k}) - by_definition(grid, weights, before))
        assert shares[name] == pytest.approx(np.mean(gains), abs=1e-11)


@steady
@given(arrays(float, (2, 32), elements=st.floats(-20, 20)))
def test_shares_add_up_and_are_not_negative(z):
    weights = np.array([0.3, 0.7])
    shares = split_format(z, weights, STANDARD_FORMATS)
    assert sum(shares.values()) == pytest.approx(format_information(z, weights), abs=1e-12)
    assert min(shares.values()) >= -1e-12


@steady
@given(arrays(float, (1, 32), elements=st.floats(-6, 6)))
def test_shares_do_not_depend_on_which_label_order_is_called_the_first(z):
    turned = STANDARD_FORMATS.grid(z)[:, :, ::-1].reshape(1, 32)
    expected = split_format(z, ONE, STANDARD_FORMATS)
    assert split_format(turned, ONE, STANDARD_FORMATS) == pytest.approx(expected, abs=1e-13)


@steady
@given(arrays(float, (2, 32), elements=st.floats(-6, 6)), st.sampled_from([(1,), (2,), (1, 2), (3, 5)]))
def test_the_named_axis_does_not_depend_on_how_levels_are_coded(z, turned):
    """Naming either label order, either order or any other level the first is the same design."""
    weights = np.array([0.4, 0.6])
    there = np.flip(STANDARD_FORMATS.grid(z), axis=turned).reshape(2, 32)
    shares = [split_format(each, weights, STANDARD_FORMATS) for each in (z, there)]
    total = format_information(z, weights)
    ranked = sorted(shares[0].values(), reverse=True)
    if total > 1e-9 and abs(ranked[0] - ranked[1] - 0.1 * total) > 1e-9 * total:
        assert set(named_axes(shares[0], total)) == set(named_axes(shares[1], total))


@pytest.mark.parametrize("turned", [(1,), (2,), (1, 2), (3, 5)])
def test_axes_of_equal_shares_are_named_alike_however_levels_are_coded(turned):
    z = np.full((2, 32), 1.78320312)
    z[0, [16, 29]] = z[1, [6, 29]] = 0
    z[1, 1] = 4
    weights = np.array([0.4, 0.6])
    there = np.flip(STANDARD_FORMATS.grid(z), axis=turned).reshape(2, 32)
    total = format_information(z, weights)
    shares = [split_format(each, weights, STANDARD_FORMATS) for each in (z, there)]
    assert named_axes(shares[0], total) == named_axes(shares[1], total) == ("label_set", "instruction")


def test_shares_that_differ_by_rounding_rank_by_name():
    for nudge in (1e-15, -1e-15):
        assert named_axes({"order": 0.325 + nudge, "cue": 0.325 - nudge, "slot": 0.35}, 1.0) == ("slot", "cue")


def test_the_coding_of_labels_matters_and_is_that_of_the_principle():
    formats = laid(QUICK)
    z = (0.5 + 2 * formats.label)[None]
    shares = split_format(z, ONE, formats)
    assert (round(shares["order"], 3), round(shares["label_order"], 3)) == (0.0, 0.316)
    by_listing = (0.5 + 2 * formats.order * formats.label)[None]
    assert [round(v, 3) for v in split_format(by_listing, ONE, formats).values()] == [0.158, 0.158]


def test_information_of_every_subset_grows_with_the_subset():
    z = np.random.default_rng(1).normal(0, 2, (3, 32))
    info = subset_information(STANDARD_FORMATS.grid(z), np.full(3, 1 / 3))
    assert info[0] == 0
    for small in range(32):
        for k in range(5):
            assert info[small | 1 << k] >= info[small] - 1e-13
    grid = STANDARD_FORMATS.grid(z)
    assert info[0b10001] == pytest.approx(by_definition(grid, np.full(3, 1 / 3), {0, 4}), abs=1e-12)


def test_without_a_varied_axis_there_is_nothing_to_share():
    assert split_format(np.array([[1.0]]), ONE, laid({})) == {}


@pytest.mark.parametrize(
    ("shares", "named"),
    [
        ({"order": 0.6, "cue": 0.3, "label_set": 0.1}, ("order",)),
        ({"cue": 0.46, "order": 0.54, "label_set": 0.0}, ("order", "cue")),
        ({"cue": 0.5, "order": 0.5}, ("cue", "order")),
        ({"slot": 1.0}, ("slot",)),
    ],
)
def test_two_axes_are_named_if_they_are_within_a_tenth(shares, named):
    assert named_axes(shares, sum(shares.values())) == named


def test_shares_are_finite_at_extreme_log_odds():
    formats = laid(QUICK)
    shares = split_format(np.array([[900.0, 900.0, -900.0, -900.0], [900.0] * 4]), np.array([0.5, 0.5]), formats)
    assert shares == pytest.approx({"order": np.log(2) / 2, "label_order": 0.0}, abs=1e-12)


def test_small_information_of_sure_answers_is_not_lost_in_rounding():
    z = np.array([[38.0, 38.0, 44.0, 44.0]])
    q = expit(-z[0])
    expected = np.mean(q * np.log(q / q.mean()))
    assert 0 < expected < 1e-16
    assert split_format(z, ONE, laid(QUICK))["order"] == pytest.approx(expected, rel=1e-9)
    assert split_format(-z, ONE, laid(QUICK))["order"] == pytest.approx(expected, rel=1e-9)


def test_information_is_never_negative_by_rounding():
    for z in np.linspace(-3, 3, 200):
        assert (subset_information(np.full((1, 3, 2, 7), z), ONE) >= 0).all()


def test_no_axis_is_named_without_format_variation():
    assert named_axes({"order": 0.0}, 0.0) == ()
