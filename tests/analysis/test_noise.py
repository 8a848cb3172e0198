"""Guards: the gap against the format information of both sides; below its floor the noise divides nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, rel_entr

from probe.analysis.study import analyse

from .build import Asked, facts, laid, table

FORMATS = laid({"order": ("p1", "p2"), "label_order": ("p1", "p2")})


def found(items, delta=1e-6):
    return analyse(table(items), facts(), {"m": delta}).models["m"].tradeoffs["t"].gap_to_noise


def information(z):
    p = expit(z)
    q = p.mean(axis=1, keepdims=True)
    return (rel_entr(p, q) + rel_entr(1 - p, 1 - q)).mean(axis=1)


def test_it_is_the_gap_over_the_mean_of_both_sides_format_information():
    rng = np.random.default_rng(0)
    s, r = rng.normal(1, 1, (3, 4)), rng.normal(-1, 1, (5, 4))
    items = [Asked(f"t/q{k}", "stated", z) for k, z in enumerate(s)]
    items += [Asked(f"t/s{k}", "revealed", z) for k, z in enumerate(r)]
    one = found(items)
    noise = (information(s).mean() + information(r).mean()) / 2
    p, q = expit(r).mean(), expit(s).mean()
    assert one.noise == pytest.approx(noise, abs=1e-14)
    assert one.ratio == pytest.approx((rel_entr(p, q) + rel_entr(1 - p, 1 - q)) / noise, rel=1e-12)
    assert one.same_sign == np.mean(expit(r).mean(axis=0) < expit(s).mean(axis=0))


def test_a_gap_that_turns_with_the_format_is_seen():
    turning = 1.0 + np.where(FORMATS.order > 0, 0.5, -0.4)
    one = found([Asked("t/q", "stated", 1.0), Asked("t/s", "revealed", turning)])
    assert one.same_sign == 0.5


def test_noise_below_its_floor_is_told_and_divides_nothing():
    items = [Asked("t/q", "stated", 1.0), Asked("t/s", "revealed", -1.0 + 0.01 * FORMATS.order)]
    small = found(items, delta=0.05)
    assert (small.ratio, small.noise_below_floor) == (None, True)
    assert found(items).ratio > 100


def test_without_a_gap_no_format_has_its_sign():
    assert found([Asked("t/q", "stated", 1.0), Asked("t/s", "revealed", 1.0)]).same_sign is None
