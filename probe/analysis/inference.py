"""How sure the difference between the sides of one trade-off is: intervals over clusters and the test of R = S."""

from __future__ import annotations

from math import isfinite

import numpy as np
from scipy.special import expit

from probe.analysis.claim import ContentGap, FormGap, Inference, Interval, SideTest
from probe.analysis.intervals import DIFFERENCE, Estimate, kl_bias, kl_interval, mean_estimate, signed_root, welch
from probe.analysis.logspace import mixture_log_odds
from probe.analysis.permutation import Tested, arrange, draws_for, exchange, seed_of
from probe.analysis.preference import Clusters, within_form
from probe.analysis.side import Setting, SideFigures

__all__ = ["infer"]


def infer(name: str, stated: SideFigures, revealed: SideFigures, setting: Setting) -> Inference:
    """Intervals and test of R - S.

    Args:
        name: Id of the trade-off: a part of the seed.
        stated: Figures of the stated side.
        revealed: Figures of the revealed side.
        setting: Model, family and numeric floor.
    """
    r, s = revealed.clusters, stated.clusters
    enough = min(len(r.names), len(s.names)) >= 2
    gap = _gap(r, s) if enough else None
    tested = _tested(r, s, (setting.model, name), setting.family) if enough else None
    return Inference(
        gap_interval=None if gap is None else gap.ends(within=DIFFERENCE),
        gap_interval_90=None if gap is None else gap.ends(0.9, DIFFERENCE),
        gap_flat=gap is not None and _flat(gap),
        latent_gap_interval=welch(r.latent, s.latent, r.weights, s.weights).ends() if enough else None,
        kl_revealed_stated_interval=_kl_interval(r, s) if enough else None,
        kl_stated_revealed_interval=_kl_interval(s, r) if enough else None,
        kl_bias=_bias(r, s) if enough else None,
        test=_test(gap, tested, 0) if gap is not None and tested is not None else None,
        gap_by_form={form: _form_gap(r, within_form(s, form)) for form in sorted(set(s.forms))},
        numeric_error=setting.delta * (_slope(stated) + _slope(revealed)),
        content=None if tested is None else _content(r, s, tested),
    )


def _gap(r: Clusters, s: Clusters) -> Estimate:
    return welch(r.p, s.p, r.weights, s.weights)


def _kl_interval(p: Clusters, q: Clusters) -> Interval:
    root = signed_root(p.log_odds, q.log_odds, p.weights, q.weights)
    low, high = kl_interval(*root.interval())
    return float(low), float(high)


def _bias(r: Clusters, s: Clusters) -> float | None:
    bias = float(kl_bias(mean_estimate(r.p, r.weights), mean_estimate(s.p, s.weights)))
    return bias if isfinite(bias) else None


def _flat(gap: Estimate) -> bool:
    return float(gap.error) == 0


def _tested(r: Clusters, s: Clusters, names: tuple[str, str], family: int) -> Tested:
    """The tests of R - S and of the content gap, in this order, over the same arrangements."""
    arrangements = arrange(r.weights, s.weights, draws_for(family), seed_of(*names))
    revealed, stated = (np.stack([side.p, side.content_p]) for side in (r, s))
    return exchange(revealed, stated, r.weights, s.weights, arrangements)


def _test(gap: Estimate, tested: Tested, index: int) -> SideTest | None:
    """One of the tests; None where clusters vary on neither side."""
    if _flat(gap):
        return None
    t = abs(float(gap.value / gap.error))
    return SideTest(t, float(tested.p[index]), float(tested.p_by_t[index]), tested.arrangements, tested.exact)


def _content(r: Clusters, s: Clusters, tested: Tested) -> ContentGap:
    gap = welch(r.content_p, s.content_p, r.weights, s.weights)
    less = welch(r.content_p - r.p, s.content_p - s.p, r.weights, s.weights)
    return ContentGap(
        value=float(gap.value),
        interval=gap.ends(within=DIFFERENCE),
        interval_90=gap.ends(0.9, DIFFERENCE),
        flat=_flat(gap),
        test=_test(gap, tested, 1),
        less_deployed_interval=less.ends(),
        log_odds_gap=mixture_log_odds(r.content, r.weights) - mixture_log_odds(s.content, s.weights),
    )


def _form_gap(r: Clusters, s: Clusters) -> FormGap:
    enough = min(len(r.names), len(s.names)) >= 2
    return FormGap(float(r.weights @ r.p - s.weights @ s.p), _gap(r, s).ends(within=DIFFERENCE) if enough else None)


def _slope(side: SideFigures) -> float:
    """How much the side's mean p moves at most with all its log-odds: at most 1/4."""
    z = side.cells.z
    return float(side.weights @ (expit(z) * expit(-z)).mean(axis=1))
