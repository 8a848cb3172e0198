"""Guards: how often each word is said where the truth is known; the words on arrays are the analysis' own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit

from probe.analysis.study import Terms, analyse
from simulation.word_cases import BIASES, apart_in_content, apart_in_use
from simulation.words import Drawn, Truth, draw_words, drawn, rejections, shares

from ..analysis.build import QUICK, Asked, facts, table

SEEDS = (1, 2, 3)
SETS = 2000


def mean_shares(truth: Truth) -> dict[str, float]:
    found = [shares(truth, SETS, np.random.default_rng(seed)) for seed in SEEDS]
    return {word: float(np.mean([one[word] for one in found])) for word in found[0]}


@pytest.mark.parametrize("bias", [0.0, 3.0, 6.0])
def test_words_on_arrays_are_those_of_the_analysis(bias):
    """Six sets of each kind of truth, with a position bias, through the whole analysis."""
    order = np.array([1.0, 1.0, -1.0, -1.0])
    truths = [Truth(1.2, -1.2, 0.3, bias), Truth(0.0, 0.0, 0.02, bias), Truth(3.0, 3.0, 0.2, bias)]
    for place, truth in enumerate([*truths, Truth(0.2, 0.4, 1.0, bias), Truth(1.0, 1.0, 0.2, bias, 0.0)]):
        data = drawn(truth, 2, np.random.default_rng(place))
        words, by_format = draw_words(data, np.random.default_rng(0), 1)
        for row in range(2):
            own = bias if truth.stated_bias is None else truth.stated_bias
            stated, revealed = (logit(side[row]) for side in data.content)
            items = [Asked(f"t/s{k}", "stated", z + own * order) for k, z in enumerate(stated)]
            items += [Asked(f"t/r{k}", "revealed", z + bias * order) for k, z in enumerate(revealed)]
            found = analyse(table(items, QUICK), facts(), {"m": 1e-9}, Terms(models=1)).models["m"].tradeoffs["t"]
            assert (found.verdict, found.claim.by_format) == (words[row], by_format[row])


def test_p_and_contents_are_those_of_the_truth():
    data = drawn(Truth(1.0, 1.0, 1e-9, 6.0), 3, np.random.default_rng(0))
    assert isinstance(data, Drawn)
    assert data.p[0] == pytest.approx(0.5028908998649422)
    assert data.content[1] == pytest.approx(0.7310585786300049)


@pytest.mark.slow
def test_the_test_alone_holds_its_level():
    for seed in SEEDS:
        assert 0.03 <= rejections(Truth(0.5, 0.5, 0.75, 0.0), SETS, np.random.default_rng(seed)) <= 0.07


@pytest.mark.slow
@pytest.mark.parametrize("bias", BIASES)
def test_wrong_words_are_rare(bias):
    for spread in (0.25, 0.5, 1.0):
        equal = mean_shares(Truth(0.5, 0.5, spread, bias))
        assert equal["deviation"] <= 0.03
        assert equal["masked"] <= 0.01
        margin = mean_shares(apart_in_content(0.05, spread, bias))
        assert margin["masked"] <= 0.04
        assert margin["no deviation"] <= 0.05
        beyond = mean_shares(apart_in_content(0.08, spread, bias))
        assert beyond["no preference"] <= 0.05
    if bias <= 1:
        used = mean_shares(apart_in_use(0.05, 0.5, bias))
        assert used["deviation"] <= 0.04
        assert used["no deviation"] <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize(("gap", "spread", "least"), [(0.3, 0.5, 0.9), (0.4, 0.75, 0.85), (0.6, 1.0, 0.95)])
def test_differences_are_found_with_and_without_a_bias(gap, spread, least):
    assert mean_shares(apart_in_content(gap, spread, 6.0))["masked"] >= least
    assert mean_shares(apart_in_content(gap, spread, 0.0))["deviation"] >= least


@pytest.mark.slow
def test_what_lies_between_gets_one_of_two_words():
    found = mean_shares(apart_in_content(0.3, 0.5, 3.0))
    assert found["deviation"] + found["masked"] >= 0.9


@pytest.mark.slow
def test_equality_is_found_where_it_can_be():
    assert mean_shares(Truth(3.0, 3.0, 0.5, 0.0))["no deviation"] >= 0.9
    assert mean_shares(Truth(0.0, 0.0, 0.02, 6.0))["no preference"] >= 0.95
