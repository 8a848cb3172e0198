"""Guards: pairs of outcomes form one connected graph in which every outcome is compared often enough."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from probe.imports.outcomes import connected_pairs


@given(st.integers(2, 40), st.integers(1, 9), st.integers(0, 3))
def test_graph(count, each, seed):
    names = [f"o{n:02d}" for n in range(count)]
    pairs = connected_pairs(names, each, seed)
    assert len(set(pairs)) == len(pairs)
    assert all(one < other for one, other in pairs)
    degree = Counter(name for pair in pairs for name in pair)
    assert min(degree[name] for name in names) >= min(each, count - 1)
    rows, columns = zip(*[(names.index(a), names.index(b)) for a, b in pairs], strict=True)
    graph = coo_array(([1] * len(pairs), (rows, columns)), shape=(count, count))
    assert connected_components(graph, directed=False)[0] == 1
    assert pairs == connected_pairs(names, each, seed)
