"""How often the preferred option pivots: counted again pair by pair, by hand and from the readings' own columns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from probe.analysis.cells import Cells, ItemRow
from probe.analysis.formats import lay_formats
from probe.design.items import AXES

LEVELS = dict.fromkeys(AXES, ("x",)) | {
    "order": ("p1", "p2"),
    "label_order": ("p1", "p2"),
    "label_set": ("a", "b", "c"),
}


def row(name: str, cluster: str, *, tradeoff: str = "t", fixed: bool = False) -> ItemRow:
    return ItemRow(name, tradeoff, "stated", "choose", cluster, None, (), "p", "q", fixed)


def cells(z, rows) -> Cells:
    formats = lay_formats(LEVELS)
    return Cells(tuple(rows), z, np.ones_like(z), formats, np.full_like(z, np.nan))


@pytest.fixture
def pivots(script):
    return script("pivots")


def test_pairs_differ_in_one_axis_alone(pivots) -> None:
    formats = lay_formats(LEVELS)
    found = pivots.pairs_by_axis(formats)
    assert {axis: len(pairs) for axis, pairs in found.items()} == {"order": 6, "label_order": 6, "label_set": 12}
    for axis, pairs in found.items():
        for one, other in pairs:
            a, b = (dict(part.split("=") for part in formats.variants[n].split(",")) for n in (one, other))
            assert [name for name in a if a[name] != b[name]] == [axis]


def test_rates_are_those_counted_pair_by_pair(pivots) -> None:
    rng = np.random.default_rng(5)
    z = rng.normal(size=(5, 12))
    z[0, :3] = 0.01
    rows = [row("t/a", "t/a"), row("t/a~p1", "t/a"), row("t/a~p2", "t/a"), row("t/b", "t/b"), row("t/c", "t/c")]
    found = pivots.pivots(cells(z, rows), 0.1)
    names = {"any two formats": list(itertools.combinations(range(12), 2)), **pivots.pairs_by_axis(lay_formats(LEVELS))}
    for name, pairs in names.items():
        items = [
            np.mean([abs(own[a]) > 0.1 and abs(own[b]) > 0.1 and (own[a] > 0) != (own[b] > 0) for a, b in pairs])
            for own in z
        ]
        clusters = [np.mean(items[:3]), items[3], items[4]]
        assert found[name].rate == pytest.approx(np.mean(clusters), abs=1e-12)
        assert (found[name].pairs, found[name].clusters) == (len(pairs), 3)
        low, high = found[name].interval
        assert low <= found[name].rate <= high
        half = 4.302652729911275 * np.std(clusters, ddof=1) / 3**0.5
        assert high == pytest.approx(min(1.0, np.mean(clusters) + half))
        assert low == pytest.approx(max(0.0, np.mean(clusters) - half))
        near = [np.mean([min(abs(own[a]), abs(own[b])) <= 0.1 for a, b in pairs]) for own in z]
        assert found[name].within == pytest.approx(np.mean([np.mean(near[:3]), near[3], near[4]]))


def test_a_model_that_follows_the_order_pivots_there_alone(pivots) -> None:
    formats = lay_formats(LEVELS)
    found = pivots.pivots(cells(formats.order[None].repeat(3, axis=0), [row(f"t/{n}", f"t/{n}") for n in "abc"]), 0.1)
    assert {name: one.rate for name, one in found.items()} == {
        "any two formats": pytest.approx(36 / 66),
        "order": 1.0,
        "label_order": 0.0,
        "label_set": 0.0,
    }


def test_what_is_asked_in_one_format_does_not_count(pivots) -> None:
    z = np.ones((1, 12))
    assert pivots.pivots(cells(z, [row("t/a", "t/a", fixed=True)]), 0.1) == {}


def test_families_are_apart(pivots) -> None:
    formats = lay_formats(LEVELS)
    z = np.stack([formats.order, np.ones(12)])
    rows = [row("t/a", "t/a"), row("u/a", "u/a", tradeoff="u")]
    found = dict(pivots.by_family(cells(z, rows), {"t": "turning", "u": "steady"}, 0.1))
    assert {name: one.rate for name, one in found.items()} == {"steady": 0.0, "turning": pytest.approx(36 / 66)}
