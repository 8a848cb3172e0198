"""Guards: the typical size solves its equation and covers; the omnibus test holds its error; formats add theirs."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, t, ttest_ind

from probe.analysis.preference import Clusters
from probe.analysis.side import Setting
from probe.analysis.study import analyse
from probe.analysis.whole_study import omnibus, root_mean_square, study_level
from probe.store.facts import TradeOffFacts

from .build import STANDARD, Asked, facts, laid, table

SETTING = Setting(laid(STANDARD), (), {}, 1e-5, model="m")


def q(t, gaps, squares):
    return sum(gap**2 / (square + t**2) for gap, square in zip(gaps, squares, strict=True))


def test_the_typical_size_solves_its_equation():
    gaps, squares = np.array([0.3, -0.5, 0.1, -0.2]), np.array([0.001, 0.002, 0.004, 0.001])
    size, (low, high) = root_mean_square(gaps, squares)
    assert q(size, gaps, squares) == pytest.approx(4)
    assert q(low, gaps, squares) == pytest.approx(chi2.ppf(0.975, 4))
    assert q(high, gaps, squares) == pytest.approx(chi2.ppf(0.025, 4))
    assert root_mean_square(-gaps, squares) == root_mean_square(gaps, squares)


def test_noise_alone_has_size_zero():
    size, bounds = root_mean_square(np.array([0.01, -0.02, 0.015]), np.full(3, 0.01))
    assert (size, bounds[0]) == (0.0, 0.0)
    assert root_mean_square(np.zeros(3), np.zeros(3)) == (0.0, (0.0, 0.0))
    assert root_mean_square(np.ones(3), np.array([0.1, np.nan, np.nan])) is None


@pytest.mark.parametrize("size", [0.0, 0.1, 0.3])
def test_the_interval_covers(size):
    rng = np.random.default_rng(5)
    errors = rng.uniform(0.03, 0.15, 12)
    covered = 0
    for _ in range(400):
        gaps = rng.normal(0, size, 12) + rng.normal(0, errors)
        low, high = root_mean_square(gaps, errors**2)[1]
        covered += low <= size <= high
    assert 0.92 <= covered / 400 <= 0.995


def clusters(p):
    p = np.asarray(p, dtype=float)
    z = np.log(p / (1 - p))
    names = tuple(f"c{k}" for k in range(len(p)))
    return Clusters(names, names, np.full(len(p), 1 / len(p)), z, z, z)


def test_the_omnibus_test_is_that_over_all_arrangements():
    rng = np.random.default_rng(2)
    data = {name: (rng.uniform(0.3, 0.6, 4), rng.uniform(0.4, 0.7, 3)) for name in "ab"}
    ways, observed = [], 0.0
    for s, r in data.values():
        both = np.concatenate([s, r])
        observed += ttest_ind(r, s, equal_var=False).statistic ** 2
        ways.append(
            [
                ttest_ind(both[list(own)], np.delete(both, list(own)), equal_var=False).statistic ** 2
                for own in itertools.combinations(range(7), 3)
            ]
        )
    exact = np.mean([sum(way) >= observed - 1e-9 for way in itertools.product(*ways)])
    p, tested = omnibus({name: (clusters(s), clusters(r)) for name, (s, r) in data.items()}, SETTING)
    assert tested == 2
    assert p == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 9999))


def test_a_saturated_trade_off_is_left_out():
    flat = (clusters([0.99990, 0.99991, 0.99992]), clusters([0.9997, 0.99971, 0.99972]))
    spread = (clusters([0.4, 0.5, 0.6]), clusters([0.45, 0.5, 0.55]))
    coarse = replace(SETTING, delta=0.01)
    assert omnibus({"a": flat}, coarse) == (None, 0)
    assert omnibus({"a": flat, "b": spread}, coarse) == omnibus({"b": spread}, coarse)
    assert omnibus({"a": flat}, SETTING)[1] == 1


def study(rng, tradeoffs=3, of_variant=0.0):
    """Clusters of unequal content; `of_variant` nats per level of the cue, on the revealed side."""
    cue = np.array([1.0 if "cue=answer" in name else -1.0 for name in laid(STANDARD).variants])
    items, z = [], {}
    for name in (f"t{k}" for k in range(tradeoffs)):
        for side in ("stated", "revealed"):
            for k in range(6):
                z[name, side, k] = rng.normal(0.5 if side == "stated" else -0.5, 0.4) + cue * of_variant * (
                    side != "stated"
                )
                items.append(Asked(f"{name}/{side}{k}", side, z[name, side, k], tradeoff=name))
    about = {f"t{k}": TradeOffFacts("f", "first", "second") for k in range(tradeoffs)}
    found = analyse(table(items, STANDARD), facts(STANDARD, tradeoffs=about), {"m": 1e-6})
    return z, found.models["m"]


def test_formats_add_the_variance_of_level_means_over_their_number():
    z, model = study(np.random.default_rng(3), of_variant=0.8)
    p = {key: 1 / (1 + np.exp(-np.asarray(value))) for key, value in z.items()}
    for name, found in model.tradeoffs.items():
        r, s = (np.array([np.broadcast_to(p[name, side, k], 32) for k in range(6)]) for side in ("revealed", "stated"))
        welch = ttest_ind(r.mean(axis=1), s.mean(axis=1), equal_var=False)
        fixed = np.sqrt(r.mean(axis=1).var(ddof=1) / 6 + s.mean(axis=1).var(ddof=1) / 6)
        by_format = r.mean(axis=0) - s.mean(axis=0)
        cue = np.array(["cue=answer" in variant for variant in laid(STANDARD).variants])
        levels = np.array([by_format[cue].mean(), by_format[~cue].mean()])
        random = found.formats_random
        assert random.error_fixed == pytest.approx(fixed)
        assert random.error**2 == pytest.approx(fixed**2 + levels.var(ddof=1) / 2)
        parts = np.array([fixed**2, levels.var(ddof=1) / 2])
        assert random.df == pytest.approx(parts.sum() ** 2 / (parts[0] ** 2 / welch.df + parts[1] ** 2 / 1))
        half = t.ppf(0.975, random.df) * random.error
        assert random.interval == pytest.approx((max(found.gap - half, -1), min(found.gap + half, 1)))


def test_the_study_level_of_a_study():
    z, model = study(np.random.default_rng(4), of_variant=0.8)
    found = model.study_level
    gaps = np.array([t.gap for t in model.tradeoffs.values()])
    fixed, random = (
        np.array([getattr(t.formats_random, name) for t in model.tradeoffs.values()])
        for name in ("error_fixed", "error")
    )
    assert found.tradeoffs == found.typical_size_tradeoffs == found.omnibus_tradeoffs == 3
    assert found.omnibus_p == pytest.approx(1e-4)
    assert found.generalisability_items == pytest.approx(1 - (fixed**2).mean() / (gaps**2).mean())
    assert found.generalisability_items_and_formats == pytest.approx(1 - (random**2).mean() / (gaps**2).mean())
    squares = []
    for name in model.tradeoffs:
        r, s = (
            [np.mean(1 / (1 + np.exp(-np.broadcast_to(z[name, side, k], 32)))) for k in range(6)]
            for side in ("revealed", "stated")
        )
        df = ttest_ind(r, s, equal_var=False).df
        squares.append((np.var(r, ddof=1) + np.var(s, ddof=1)) / 6 * df / (df - 2))
    assert q(found.typical_size, gaps, squares) == pytest.approx(3)
    assert found == model.study_level_ungated


def test_one_trade_off_is_no_study():
    assert study_level({}, SETTING) is None
    assert study(np.random.default_rng(4), tradeoffs=1)[1].study_level is None


def test_content_reliability_is_one_without_formats_and_nothing_without_content():
    rng = np.random.default_rng(8)
    _, plain = study(rng)
    assert plain.content_reliability == pytest.approx(1.0)
    noise = [Asked(f"t/{s}{k}", s, rng.normal(0, 1, 32)) for s in ("stated", "revealed") for k in range(60)]
    assert analyse(table(noise, STANDARD), facts(STANDARD), {"m": 1e-6}).models["m"].content_reliability < 0.35


def test_content_reliability_by_hand():
    rng = np.random.default_rng(9)
    z = {f"t/{side}": rng.normal(1, 1, 32) for side in ("stated", "revealed")}
    found = analyse(table([Asked(k, k[2:], v) for k, v in z.items()], STANDARD), facts(STANDARD), {"m": 1e-6})
    rest = [",".join(p for p in v.split(",") if "order" not in p) for v in laid(STANDARD).variants]
    content, error = 0.0, 0.0
    for values in z.values():
        means = [
            np.mean([x for x, other in zip(values, rest, strict=True) if other == key]) for key in sorted(set(rest))
        ]
        assert len(means) == 8
        content += np.mean(means) ** 2
        error += np.var(means, ddof=1) / 8
    assert found.models["m"].content_reliability == pytest.approx(1 - error / content)
