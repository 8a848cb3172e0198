"""Guards: every interval and the test of one trade-off equal scipy's on its cluster means; two one-sided tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, rel_entr

from probe.analysis.intervals import DIFFERENCE, cut, equal_weights, welch
from probe.analysis.study import analyse
from probe.analysis.words import Adjusted, judge

from .build import Asked, facts, table


def kl(p, q):
    return rel_entr(p, q) + rel_entr(1 - p, 1 - q)


def found(stated, revealed, delta=1e-6):
    items = [Asked(f"t/q{k}", "stated", z) for k, z in enumerate(stated)]
    items += [Asked(f"t/s{k:02}", "revealed", z) for k, z in enumerate(revealed)]
    return analyse(table(items), facts(), {"m": delta}).models["m"].tradeoffs["t"]


def drawn(seed, stated=9, revealed=8, spread=0.6):
    rng = np.random.default_rng(seed)
    return rng.normal(1, spread, (stated, 4)), rng.normal(-0.5, spread, (revealed, 4))


@pytest.mark.parametrize("seed", range(3))
def test_intervals_and_test_equal_scipys(seed):
    s, r = drawn(seed)
    p, q = expit(r).mean(axis=1), expit(s).mean(axis=1)
    own = found(s, r).inference
    theirs = stats.ttest_ind(p, q, equal_var=False)
    for interval, level in ((own.gap_interval, 0.95), (own.gap_interval_90, 0.9)):
        ends = theirs.confidence_interval(level)
        assert interval == pytest.approx((ends.low, ends.high), abs=1e-12)
    latent = stats.ttest_ind(r.mean(axis=1), s.mean(axis=1), equal_var=False).confidence_interval()
    assert own.latent_gap_interval == pytest.approx((latent.low, latent.high), abs=1e-12)
    assert own.test.statistic == pytest.approx(abs(theirs.statistic), rel=1e-12)
    assert (own.test.exact, own.test.arrangements) == (True, 24310)
    bias = (p.var(ddof=1) / 8 + q.var(ddof=1) / 9) / (2 * (m := (p.mean() + q.mean()) / 2) * (1 - m))
    assert own.kl_bias == pytest.approx(bias, rel=1e-12)
    z = [(expit(x) * expit(-x)).mean() for x in (r, s)]
    assert own.numeric_error == pytest.approx(1e-6 * sum(z), rel=1e-12)


def test_the_test_of_one_trade_off_equals_scipys():
    s, r = drawn(8, 4, 7, 2.0)
    p, q = expit(r).mean(axis=1), expit(s).mean(axis=1)

    def unlikely(a, b, axis):
        return np.round(1 - stats.ttest_ind(a, b, axis=axis, equal_var=False).pvalue, 12)

    def studentised(a, b, axis):
        return np.round(np.abs(stats.ttest_ind(a, b, axis=axis, equal_var=False).statistic), 12)

    theirs, by_t = (
        stats.permutation_test((p, q), statistic, n_resamples=np.inf, alternative="greater").pvalue
        for statistic in (unlikely, studentised)
    )
    assert found(s, r).inference.test.p == pytest.approx(theirs, abs=1e-12)
    assert theirs != pytest.approx(by_t, abs=1e-3)


def test_both_divergences_have_intervals_of_their_own():
    s, r = drawn(1)
    p, q = expit(r).mean(axis=1), expit(s).mean(axis=1)
    own = found(s, r).inference

    def jackknifed(a, b):
        def root(x, y):
            return np.sign(x.mean() - y.mean()) * np.sqrt(2 * kl(x.mean(), y.mean()))

        parts = []
        for k, x in enumerate((a, b)):
            rest = [np.delete(x, i) for i in range(len(x))]
            without = np.array([root(one, b) if k == 0 else root(a, one) for one in rest])
            parts.append((len(x) - 1) / len(x) * ((without - without.mean()) ** 2).sum())
        df = sum(parts) ** 2 / (parts[0] ** 2 / (len(a) - 1) + parts[1] ** 2 / (len(b) - 1))
        half = stats.t.ppf(0.975, df) * np.sqrt(sum(parts))
        low, high = sorted([(root(a, b) - half) ** 2 / 2, (root(a, b) + half) ** 2 / 2])
        return (0.0 if abs(root(a, b)) < half else low), high

    assert own.kl_revealed_stated_interval == pytest.approx(jackknifed(p, q), rel=1e-8)
    assert own.kl_stated_revealed_interval == pytest.approx(jackknifed(q, p), rel=1e-8)
    assert own.kl_revealed_stated_interval != pytest.approx(own.kl_stated_revealed_interval, rel=1e-3)


def test_no_deviation_is_two_one_sided_tests():
    """On data sets around the margin; in some of them only the 90 % interval lies within it."""
    rng = np.random.default_rng(8)
    base = found(*drawn(2, 5, 4))
    p, q = rng.normal(0.6, 0.03, (400, 8)) + rng.uniform(-0.05, 0.05, (400, 1)), rng.normal(0.6, 0.03, (400, 9))
    above = stats.ttest_ind(p + 0.05, q, axis=1, equal_var=False, alternative="greater").pvalue
    below = stats.ttest_ind(p - 0.05, q, axis=1, equal_var=False, alternative="less").pvalue
    gap = welch(p, q, equal_weights(8), equal_weights(9))
    wide, narrow = (np.stack(gap.interval(level), axis=1) for level in (0.95, 0.9))
    words = [
        judge(
            base,
            replace(
                base.inference,
                gap_interval=tuple(w),
                gap_interval_90=tuple(n),
                content=replace(base.inference.content, interval_90=(-0.01, 0.01)),
            ),
            Adjusted(1.0, 1.0, 1),
            0.05,
        ).verdict
        for w, n in zip(wide.tolist(), narrow.tolist(), strict=True)
    ]
    assert [word == "no deviation" for word in words] == (np.maximum(above, below) < 0.05).tolist()
    assert 20 < words.count("no deviation") < 380
    only = (np.abs(narrow).max(axis=1) < 0.05) & (np.abs(wide).max(axis=1) >= 0.05)
    assert only.sum() > 5


def test_intervals_of_differences_end_where_differences_do():
    """Two clusters a side, far apart: one degree of freedom and 12 errors each way."""
    t = found([5.0, -5.0], [6.0, -4.0])
    contents = t.inference.content
    at = [one for t in t.temperatures.at for one in (t.gap_interval, t.gap_interval_90, t.content.interval_90)]
    forms = [one.interval for one in t.inference.gap_by_form.values()]
    bounds = [
        t.inference.gap_interval,
        t.inference.gap_interval_90,
        contents.interval,
        contents.interval_90,
        *at,
        *forms,
    ]
    assert bounds == [(-1.0, 1.0)] * len(bounds)
    assert t.temperatures.greedy.gap_interval == (-1.0, 1.0)
    assert len(forms) == 1


def test_no_word_depends_on_where_intervals_are_cut():
    """Every word, of intervals and margins that reach far beyond where a difference can be, and of the same cut."""
    rng, base = np.random.default_rng(4), found(*drawn(2, 5, 4))
    seen = set()
    for _ in range(3000):
        ends, half, gap = rng.choice([0.02, 0.1, 0.6, 3.0], 2), rng.choice([0.01, 0.2, 2.0], 2), rng.uniform(-1, 1, 2)
        gap *= ends.clip(max=1)
        raw = [(float(g - h * f), float(g + h * f)) for g, h in zip(gap, half, strict=True) for f in (1.0, 0.8)]
        p, margin = Adjusted(*rng.choice([0.001, 0.5], 2).tolist(), 1), float(rng.choice([0.025, 0.05, 0.1]))

        def word(bounds, gap=gap, p=p, margin=margin):
            content = replace(
                base.inference.content, value=float(gap[1]), interval=bounds[2], interval_90=bounds[3], flat=False
            )
            inference = replace(base.inference, gap_interval=bounds[0], gap_interval_90=bounds[1], content=content)
            ruling = judge(replace(base, gap=float(gap[0])), inference, p, margin)
            return ruling.verdict, ruling.by_format, ruling.at_ceiling

        kept = [cut(bounds, DIFFERENCE) for bounds in raw]
        assert word(kept) == word(raw)
        seen.add(word(raw)[0])
    assert seen >= {"deviation", "masked", "no deviation", "undecided"}


def test_extreme_sides_keep_finite_figures():
    s, r = np.linspace(700, 760, 9), np.linspace(-760, -700, 8)
    own = found(s, r).inference
    assert own.gap_interval == pytest.approx((-1, -1))
    assert np.isfinite(own.kl_revealed_stated_interval).all()
    assert own.kl_bias is None or np.isfinite(own.kl_bias)
    assert found(np.full(9, 800.0), np.full(8, 800.0)).verdict == "no deviation"
