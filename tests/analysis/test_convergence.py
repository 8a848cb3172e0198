"""Guards: convergence is a correlation within trade-offs, each cluster as much as another; what is unknown stays so."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from probe.analysis.convergence import convergence
from probe.analysis.study import Terms, analyse
from probe.analysis.texts import tabulate_texts
from probe.store.facts import ControlFacts

from .build import Asked, facts, steady, table
from .test_texts import favouring, text_row, text_table


def correlation_by_hand(found, without=None):
    """Each cluster as much as another, each trade-off about its own mean; `found` holds (group, cluster, x, y)."""
    kept = [one for one in found if one[1] != without]
    clusters = [cluster for _, cluster, _, _ in kept]
    weight = [1 / len(set(clusters)) / clusters.count(cluster) for cluster in clusters]
    moments = np.zeros(3)
    for group in {group for group, *_ in kept}:
        own = [(w, x, y) for w, (of, _, x, y) in zip(weight, kept, strict=True) if of == group]
        total = sum(w for w, _, _ in own)
        a, b = (sum(one[0] * one[k] for one in own) / total for k in (1, 2))
        for w, x, y in own:
            moments += w * np.array([(x - a) * (y - b), (x - a) ** 2, (y - b) ** 2])
    return moments[0] / math.sqrt(moments[1] * moments[2])


def test_convergence_is_within_trade_offs_and_clusters_count_equally():
    """Between the trade-offs the two methods agree, within them they do not; bridges and controls have no say."""
    rng = np.random.default_rng(5)
    asked, found = [], []
    for group, centre in (("t", -9.0), ("u", 9.0)):
        for cluster in range(5):
            for n in range(1 + cluster % 3):
                x, side = rng.normal(), ("stated", "revealed")[cluster % 2]
                form = "choose" if side == "stated" else "choice"
                item = Asked(f"{group}/{cluster}/f={n}", side, centre + x, form, f"{group}/{cluster}", tradeoff=group)
                asked.append((item, centre - x + rng.normal(0, 0.5)))
                found.append((group, item.cluster, item.z, asked[-1][1]))
    asked += [(Asked(f"t/b{n}", "bridge", 50.0 * n, "bridge", f"t/{n}"), 50.0 * n) for n in range(4)]
    known = {f"t/c{n}": ControlFacts("fact", "first") for n in range(6)}
    asked += [(Asked(name, "control", 40.0 * n, "fact"), 40.0 * n) for n, name in enumerate(known)]
    items = [item for item, _ in asked]
    rows = [text_row(item, (y - 100.0, -100.0, 5, 5, -10.0, -10.0)) for item, y in asked]
    about = facts(controls=known)
    about = replace(about, tradeoffs=dict.fromkeys(("t", "u"), about.tradeoffs["t"]))
    model = analyse(table(items), about, {"m": 1e-6}, Terms(tables={"texts": text_table(rows)})).models["m"]
    own = model.methods.convergence["sum"]
    names = sorted({cluster for _, cluster, _, _ in found})
    whole = correlation_by_hand(found)
    assert whole < -0.5
    assert own.correlation == pytest.approx(whole, abs=1e-9)
    assert (own.items, own.clusters) == (len(found), len(names))
    without = np.arctanh([correlation_by_hand(found, name) for name in names])
    error = math.sqrt((len(names) - 1) / len(names) * np.sum((without - without.mean()) ** 2))
    half = stats.t.ppf(0.975, len(names) - 1) * error
    ends = np.tanh([np.arctanh(whole) - half, np.arctanh(whole) + half])
    assert own.interval == pytest.approx(ends, abs=1e-9)
    of_t = [one for one in found if one[0] == "t"]
    beside = model.tradeoffs["t"].texts.convergence["sum"]
    assert (beside.correlation, beside.items) == (pytest.approx(correlation_by_hand(of_t)), len(of_t))


@pytest.mark.parametrize(
    ("x", "y", "size", "correlation", "has_interval"),
    [
        ([1, 2, 4, 3, 3, 5], [0, 2, 1, 2, 0, 3], 2, 0.584, True),
        ([1, 2, 4, 3], [0, 2, 1, 3], 2, 0.4, False),
        ([1, 2, 3, 5], [2, 4, 6, 10], 1, 1.0, False),
        ([1, 2, 3, 5], [0.3, 0.1 + 0.2, 0.3, 0.3], 1, None, False),
        ([1, 2, 3, 5], [1, 0, 0, 0], 1, -0.683, False),
    ],
    ids=["three clusters", "two", "in a line", "flat but for rounding", "flat without one"],
)
def test_convergence_that_is_not_known_is_not_made_up(x, y, size, correlation, has_interval):
    asked = [Asked(f"t/q{n}", "stated", 0.0, cluster=f"t/c{n // size}") for n in range(len(x))]
    items = tabulate_texts(text_table([text_row(item, favouring(1)) for item in asked]), facts())["m"].items
    found = convergence({f"t/q{n}": float(one) for n, one in enumerate(x)}, np.array(y, float), items, ["t"] * len(x))
    assert found.correlation == (correlation if correlation is None else pytest.approx(correlation, abs=1e-3))
    assert (found.interval is not None) == has_interval


@steady
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=5, max_size=12), st.booleans())
def test_convergence_is_a_correlation_with_a_jackknife(pairs, turned):
    """One item a cluster: Pearson's, whatever the coding of a trade-off; the interval by hand."""
    x, y = (np.round(np.array(one), 3) for one in zip(*pairs, strict=True))
    if (
        min(np.ptp(x), np.ptp(y)) < 0.5
        or min(min(np.ptp(np.delete(x, n)), np.ptp(np.delete(y, n))) for n in range(len(x))) < 0.5
    ):
        return
    rows = [text_row(Asked(f"t/q{n:02}", "stated", 0.0), favouring(1)) for n in range(len(x))]
    items = tabulate_texts(text_table(rows), facts())["m"].items
    labels = {item.id: float(value) for item, value in zip(items, -x if turned else x, strict=True)}
    found = convergence(labels, -y if turned else y, items, ["t"] * len(x))
    assert found.correlation == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-9)
    assert (found.items, found.clusters) == (len(x), len(x))
    n = len(x)
    with np.errstate(divide="ignore"):
        whole = np.arctanh(stats.pearsonr(x, y).statistic)
        without = [np.arctanh(stats.pearsonr(np.delete(x, k), np.delete(y, k)).statistic) for k in range(n)]
    if not np.isfinite([whole, *without]).all() or max(np.abs(without)) > 14:
        return
    error = np.sqrt((n - 1) / n * np.sum((np.array(without) - np.mean(without)) ** 2))
    half = stats.t.ppf(0.975, n - 1) * error
    assert found.interval == pytest.approx((np.tanh(whole - half), np.tanh(whole + half)), abs=1e-6)
