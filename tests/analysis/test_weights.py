from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from probe.analysis.logspace import sigmoid
from probe.analysis.preference import deployed_log_odds
from probe.analysis.weights import cell_weights, nested_weights, revealed_weights, stated_weights

from .build import steady

roots = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("abc"), st.floats(-4, 4)), min_size=1)


@steady
@given(roots)
def test_stated_weights_are_a_mean_of_means_of_means(items):
    items = [(form, form + root, z) for form, root, z in items]
    values = np.array([z for *_, z in items])
    by_form = []
    for form in sorted({f for f, *_ in items}):
        by_root = []
        for root in sorted({r for f, r, _ in items if f == form}):
            by_root.append(np.mean([z for f, r, z in items if (f, r) == (form, root)]))
        by_form.append(np.mean(by_root))
    weights = stated_weights([f for f, *_ in items], [r for _, r, _ in items])
    assert weights @ values == pytest.approx(np.mean(by_form), abs=1e-12)
    assert weights.sum() == pytest.approx(1, abs=1e-14)


@steady
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.floats(-4, 4)), min_size=1))
def test_revealed_weights_are_a_mean_of_scenario_means(cells):
    values = np.array([z for _, z in cells])
    by_scenario = [np.mean([z for s, z in cells if s == name]) for name in sorted({s for s, _ in cells})]
    weights = revealed_weights([s for s, _ in cells])
    assert weights @ values == pytest.approx(np.mean(by_scenario), abs=1e-12)


@steady
@given(roots, st.integers(1, 4))
def test_a_deployed_preference_is_a_mean_over_every_level_of_the_tree(items, variants):
    """Brute force: variants in an item, items in a root, roots in a form, forms in the side."""
    rng = np.random.default_rng(len(items))
    z = np.array([[value] for *_, value in items]) + rng.normal(0, 2, (len(items), variants))
    forms, clusters = [f for f, *_ in items], [f + r for f, r, _ in items]
    p = expit(z).mean(axis=1)
    by_form = []
    for form in sorted(set(forms)):
        names = sorted({c for f, c in zip(forms, clusters, strict=True) if f == form})
        by_form.append(np.mean([p[[c == name for c in clusters]].mean() for name in names]))
    found = sigmoid(deployed_log_odds(z, stated_weights(forms, clusters)))
    assert found == pytest.approx(np.mean(by_form), abs=1e-12)


def test_the_number_of_authored_cells_carries_no_weight():
    small, large = ["a", "b", "c", "d", "e", "f"], ["u", "v", "w", "x", "y", "z"]
    clusters = [name for name in small for _ in range(4)] + [name for name in large for _ in range(27)]
    z = np.array([2.0 if name in small else -1.0 for name in clusters])[:, None]
    assert sigmoid(deployed_log_odds(z, revealed_weights(clusters))) == pytest.approx(0.575, abs=5e-4)
    by_item = nested_weights([str(i) for i in range(len(clusters))])
    assert sigmoid(deployed_log_odds(z, by_item)) == pytest.approx(0.348, abs=5e-4)


def test_variants_share_their_items_weight_equally():
    cells = cell_weights(np.array([0.25, 0.75]), 4)
    assert cells.tolist() == [[0.0625] * 4, [0.1875] * 4]
