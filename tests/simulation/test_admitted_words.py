"""Guards: levels are chosen on controls by chance, and a choice among them makes no wrong word likelier."""

from __future__ import annotations

import numpy as np
import pytest

from simulation.admitted_words import Levels, admitted_cases, admitted_shares
from simulation.word_cases import apart_in_content
from simulation.words import WORDS, Truth

SEEDS = (1, 2, 3)
CASES = admitted_cases()


def mean_shares(case: Levels, sets: int = 1000) -> dict[str, float]:
    found = [admitted_shares(case, sets, np.random.default_rng(seed)) for seed in SEEDS]
    return {word: float(np.mean([one[word] for one in found])) for word in found[0]}


def test_every_set_gets_one_word_and_some_lose_a_level():
    for case in CASES.values():
        found = admitted_shares(case, 40, np.random.default_rng(0))
        assert sum(found[word] for word in WORDS) == pytest.approx(1.0)
        assert 0 < found["dropped"] <= 1


def test_dropping_the_label_set_that_hides_the_contents_uncovers_them():
    """With 5 nats under one set alone the gap of p is halved; where that set is dropped it is whole."""
    hidden = Levels(apart_in_content(0.6, 0.5, 0.0), 9.0)
    found = admitted_shares(hidden, 60, np.random.default_rng(0))
    assert found["dropped"] == 1.0  # known answers fail under 9 nats
    assert found["deviation"] >= 0.95
    assert found["by format"] == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("bias", [0.0, 3.0, 6.0])
def test_wrong_words_stay_as_rare_as_without_a_choice(bias):
    for spread in (0.25, 0.5):
        equal = mean_shares(Levels(Truth(0.5, 0.5, spread, bias), 5.0))
        assert equal["deviation"] <= 0.03
        assert equal["masked"] <= 0.01
        margin = mean_shares(Levels(apart_in_content(0.05, spread, bias), 5.0))
        assert margin["masked"] <= 0.04
        assert margin["no deviation"] <= 0.05
        beyond = mean_shares(Levels(apart_in_content(0.08, spread, bias), 5.0))
        assert beyond["no preference"] <= 0.05
    assert mean_shares(Levels(apart_in_content(0.05, 0.25, 0.0), 5.0))["deviation"] <= 0.04
