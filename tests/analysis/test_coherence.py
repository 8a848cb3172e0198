"""Guards: only marked pairs count, each p is towards agreeing, and a place that pulls makes the figure 0."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from probe.analysis.study import analyse

from .build import QUICK, Asked, facts, laid, table

ORDER = laid(QUICK).order
FLOORS = {"m": 1e-9}


def coherence(pairs, bias=0.0, contradicted=None, **changes):
    """`pairs`: of each root question its z and its mate's towards agreeing; even roots agree with the first principle."""
    items, agreeing = [], {}
    for number, both in enumerate(pairs):
        for place, z in enumerate(both):
            name = f"t/s{number}{'~mate' * place}"
            first = (number + place) % 2 == 0
            agreeing[name] = "first" if first else "second"
            towards = z if first else -z
            items.append(Asked(name, "stated", towards + bias * ORDER, form="agree", cluster=f"t/s{number}"))
    named = tuple(f"t/s{number}" for number in range(len(pairs))) if contradicted is None else contradicted
    about = facts(agreeing=agreeing, contradicted=named, **changes)
    return analyse(table([*items, Asked("t/r", "revealed", 1.0)]), about, FLOORS).models["m"].coherence


def test_agreement_with_both_is_positive_and_with_neither_negative():
    found = coherence([(2.0, 1.0), (-1.0, -3.0), (4.0, -4.0)])
    expected = [expit(2.0) + expit(1.0) - 1, expit(-1.0) + expit(-3.0) - 1, 0.0]
    assert list(found.by_item.values()) == pytest.approx(expected)
    assert list(found.by_item) == ["t/s0", "t/s1", "t/s2"]
    assert found.excess == pytest.approx(np.mean(expected))
    assert found.size == pytest.approx(np.sqrt(np.mean(np.square(expected))))
    half = 4.302652729911275 * np.std(expected, ddof=1) / np.sqrt(3)  # t(.975, 2)
    assert found.interval == pytest.approx((np.mean(expected) - half, np.mean(expected) + half))
    assert found.pairs == 3


def test_content_counts_and_not_what_a_place_adds():
    assert coherence([(2.0, 1.0)], bias=6.0).excess == pytest.approx(coherence([(2.0, 1.0)]).excess)
    assert coherence([(2.0, 1.0)]).interval is None


def test_pairs_that_are_not_marked_are_left_out():
    found = coherence([(2.0, 1.0), (5.0, 5.0)], contradicted=("t/s0",))
    assert list(found.by_item) == ["t/s0"]
    assert coherence([(2.0, 1.0)], contradicted=()) is None


def test_half_a_pair_tells_nothing():
    one = [Asked("t/s0", "stated", 2.0, form="agree"), Asked("t/r", "revealed", 1.0)]
    about = facts(agreeing={"t/s0": "first", "t/s0~mate": "second"}, contradicted=("t/s0",))
    assert analyse(table(one), about, FLOORS).models["m"].coherence is None


def test_reliability_of_content_stands_beside_it():
    axes = {**QUICK, "label_set": ("AB", "12")}
    pull = np.where(np.array(laid(axes).label_set) == "AB", 1.0, -1.0)
    items = [Asked("t/s0", "stated", 2.0 + pull, form="agree"), Asked("t/s0~mate", "stated", 1.0 - pull, form="agree")]
    about = facts(axes, agreeing={"t/s0": "first", "t/s0~mate": "second"}, contradicted=("t/s0",))
    found = analyse(table([*items, Asked("t/r", "revealed", 1.0)], axes), about, FLOORS).models["m"]
    assert found.coherence.content_reliability == found.content_reliability
    assert 0 < found.content_reliability < 1
