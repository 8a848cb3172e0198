"""Guards: the enumerated distribution against every outcome written out, and the figures of the method."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis.gu2025 import answer_shares, joint_estimates, published_estimate

from .build import steady


def sides(stated, revealed):
    return joint_estimates(answer_shares(np.array(stated)), answer_shares(np.array(revealed)))


@pytest.mark.parametrize(
    ("stated", "revealed", "mean", "most"),
    [(0.5, 0.5, 0.0638, 0.2444), (0.7, 0.7, 0.0740, 0.2624), (0.9, 0.9, 0.0960, 0.3040), (0.9, 0.6, 0.3951, 1.7234)],
)
def test_eleven_and_six_equal_prompts(stated, revealed, mean, most):
    found = sides([stated] * 11, [revealed] * 6)
    assert found.mean == pytest.approx(mean, abs=5e-5)
    assert found.percentile(0.95) == pytest.approx(most, abs=5e-5)
    assert found.undefined == pytest.approx(0.0, abs=1e-15)


def test_prompts_that_disagree_firmly_are_not_a_binomial():
    half = [0.02] * 5 + [0.98] * 6
    mixed, equal = sides(half, [0.02] * 3 + [0.98] * 3).mean, sides([0.5] * 11, [0.5] * 6).mean
    assert mixed == pytest.approx(0.0053, abs=5e-5)
    assert equal / mixed == pytest.approx(12, abs=0.1)


def test_the_estimate_is_written_out():
    stated, revealed = 9 / 11, 2 / 6
    expected = revealed * math.log10(revealed / (stated + 0.001)) + 4 / 6 * math.log10(4 / 6 / (2 / 11 + 0.001))
    assert float(published_estimate(np.array(revealed), np.array(stated))) == pytest.approx(expected, abs=1e-15)


def every_outcome(first, neutral, asked):
    """Probability of each share, over all sets of prompts and all answers; None is the share of no answer."""
    found = {}
    sets = list(itertools.combinations(range(len(first)), asked))
    for chosen in sets:
        for answers in itertools.product("12n", repeat=asked):
            chance = 1 / len(sets)
            for row, answer in zip(chosen, answers, strict=True):
                chance *= {"1": first[row], "2": 1 - first[row] - neutral[row], "n": neutral[row]}[answer]
            a, b = answers.count("1"), answers.count("2")
            share = round(a / (a + b), 12) if a + b else None
            found[share] = found.get(share, 0.0) + chance
    return found


@steady
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=5),
    st.booleans(),
    st.integers(1, 5),
)
def test_shares_against_every_outcome(prompts, with_neutral, asked):
    neutral = np.array([n for _, n in prompts]) * with_neutral
    first = np.array([p for p, _ in prompts]) * (1 - neutral)
    asked = min(asked, len(prompts))
    expected = every_outcome(first, neutral, asked)
    found = answer_shares(first, neutral if with_neutral else None, asked)
    assert found.none == pytest.approx(expected.pop(None, 0.0), abs=1e-12)
    assert list(found.share) == sorted(set(found.share))
    at = dict(zip(found.share.round(12), found.probability, strict=True))
    for share, chance in expected.items():
        assert at.pop(share, 0.0) == pytest.approx(chance, abs=1e-12)
    assert sum(at.values()) == pytest.approx(0.0, abs=1e-12)


def test_asking_more_prompts_than_there_are_asks_all():
    p = np.array([0.2, 0.9])
    assert answer_shares(p, asked=11).probability.tolist() == answer_shares(p).probability.tolist()


def test_both_sides_need_an_answer():
    certain, never = np.array([0.0, 0.0]), np.array([0.5, 1.0])
    silent = answer_shares(certain, never)
    assert silent.none == pytest.approx(0.5)
    pair = joint_estimates(silent, answer_shares(np.array([0.3]), np.array([0.2])))
    assert pair.undefined == pytest.approx(1 - 0.5 * 0.8)
    assert pair.probability.sum() == pytest.approx(1.0)
    assert pair.chance(pair.revealed > pair.stated) == pytest.approx(0.3 / 0.8)


def test_a_side_that_only_answers_neutrally_has_no_estimate():
    silent = answer_shares(np.zeros(2), np.ones(2))
    assert silent.none == 1.0
    assert silent.share.size == silent.probability.size == 0
    with pytest.raises(ValueError, match="neutral answers only"):
        joint_estimates(silent, answer_shares(np.array([0.3])))


def test_against_answers_that_are_drawn():
    rng = np.random.default_rng(5)
    stated, revealed, neutral = rng.uniform(0, 0.8, 7), rng.uniform(0, 0.8, 4), np.full(4, 0.2)
    found = joint_estimates(answer_shares(stated), answer_shares(revealed, neutral))
    sets = 200_000
    s = (rng.random((sets, 7)) < stated).mean(axis=1)
    draw = rng.random((sets, 4))
    a, b = (draw < revealed).sum(axis=1), ((draw >= revealed) & (draw < 0.8)).sum(axis=1)
    told = a + b > 0
    r = a[told] / (a + b)[told]
    assert found.undefined == pytest.approx(1 - told.mean(), abs=0.003)
    assert found.mean == pytest.approx(published_estimate(r, s[told]).mean(), abs=0.005)
    assert found.percentile(0.05) <= np.quantile(published_estimate(r, s[told]), 0.06)
    assert found.chance(found.revealed < found.stated) == pytest.approx((r < s[told]).mean(), abs=0.005)
