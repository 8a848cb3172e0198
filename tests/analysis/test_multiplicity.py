"""Guards: Holm's procedure is the closed test with Bonferroni; tests that could not be made still count."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis.multiplicity import holm

from .build import steady


@steady
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_it_is_the_closed_test_with_bonferroni(values):
    names = range(len(values))
    adjusted = holm(dict(enumerate(values)), len(values))
    for name in names:
        of_sets = [
            min(1.0, size * min(values[k] for k in chosen))
            for size in range(1, len(values) + 1)
            for chosen in combinations(names, size)
            if name in chosen
        ]
        assert adjusted[name] == pytest.approx(max(of_sets), abs=1e-15)


def test_a_test_that_was_not_made_counts_and_never_rejects():
    assert holm({"a": 0.01, "b": 0.02}, 5) == pytest.approx({"a": 0.05, "b": 0.08})
    assert holm({"a": 0.01, "b": 0.02}, 5) == {
        name: p for name, p in holm({"a": 0.01, "b": 0.02, "c": 1, "d": 1, "e": 1}, 5).items() if name in "ab"
    }


def test_a_family_holds_all_its_tests():
    with pytest.raises(ValueError, match="a family of 1 cannot hold 2 tests"):
        holm({"a": 0.1, "b": 0.2}, 1)
