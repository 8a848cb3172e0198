"""Both sides at other temperatures than 1: dividing log-odds by T gives the choice at temperature T exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from probe.analysis.claim import ContentGap, Inference
from probe.analysis.divergence import kl_divergence, kl_floor
from probe.analysis.intervals import DIFFERENCE, PROBABILITY, mean_estimate, welch
from probe.analysis.logspace import mixture_log_odds
from probe.analysis.preference import Clusters, cluster_values
from probe.analysis.results import AtTemperature, GreedyLimit, SideAt, Temperatures, TradeOffResult
from probe.analysis.side import SideFigures

__all__ = ["TEMPERATURES", "as_at", "over_temperatures"]

TEMPERATURES = (0.3, 0.5, 0.7, 1.0, 1.5)
"""Fixed before reading; tests are run at 1 alone."""

Values = Float64[np.ndarray, " clusters"]


def over_temperatures(stated: SideFigures, revealed: SideFigures, delta: float) -> Temperatures | None:
    """S(T), R(T) and R(T) - S(T), deployed and of the contents; None where a side has fewer than two clusters.

    Args:
        stated: Figures of the stated side.
        revealed: Figures of the revealed side.
        delta: Numeric floor of a log-odds at temperature 1, nats; at T it is delta / T.
    """
    if min(len(side.clusters.names) for side in (stated, revealed)) < 2:
        return None
    return Temperatures(
        at=tuple(_at(stated, revealed, temperature, delta) for temperature in TEMPERATURES),
        greedy=_greedy(stated, revealed),
    )


def as_at(found: TradeOffResult, inference: Inference, at: AtTemperature) -> tuple[TradeOffResult, Inference]:
    """The figures that a word rests on with those of another temperature in their place; tests stay those at 1."""
    if found.stated is None or found.revealed is None or inference.content is None:
        raise ValueError("a side is absent or has a single cluster")
    stated, revealed = (
        replace(
            side,
            deployed=other.deployed,
            interval=other.interval,
            interval_90=other.interval_90,
            content=other.content,
            content_interval_90=other.content_interval_90,
        )
        for side, other in ((found.stated, at.stated), (found.revealed, at.revealed))
    )
    content = replace(at.content, flat=inference.content.flat, test=inference.content.test)
    return (
        replace(found, stated=stated, revealed=revealed, gap=at.gap, kl_below_floor=at.kl_below_floor),
        replace(inference, gap_interval=at.gap_interval, gap_interval_90=at.gap_interval_90, content=content),
    )


def _at(stated: SideFigures, revealed: SideFigures, temperature: float, delta: float) -> AtTemperature:
    s, r = (_clusters(side, temperature) for side in (stated, revealed))
    gap = welch(r.p, s.p, r.weights, s.weights)
    pooled = [mixture_log_odds(side.log_odds, side.weights) for side in (r, s)]
    return AtTemperature(
        temperature=temperature,
        stated=_side(s),
        revealed=_side(r),
        gap=float(gap.value),
        gap_interval=gap.ends(within=DIFFERENCE),
        gap_interval_90=gap.ends(0.9, DIFFERENCE),
        content=_content(r, s),
        kl_below_floor=kl_divergence(*pooled) <= kl_floor(delta / temperature),
    )


def _clusters(side: SideFigures, temperature: float) -> Clusters:
    items = side.cells.items
    return cluster_values(
        side.cells.z / temperature, side.weights, [item.cluster for item in items], [item.form for item in items]
    )


def _side(values: Clusters) -> SideAt:
    deployed, content = mean_estimate(values.p, values.weights), mean_estimate(values.content_p, values.weights)
    return SideAt(
        deployed=float(deployed.value),
        interval=deployed.ends(within=PROBABILITY),
        interval_90=deployed.ends(0.9, PROBABILITY),
        content=float(content.value),
        content_interval_90=content.ends(0.9, PROBABILITY),
    )


def _content(r: Clusters, s: Clusters) -> ContentGap:
    gap = welch(r.content_p, s.content_p, r.weights, s.weights)
    less = welch(r.content_p - r.p, s.content_p - s.p, r.weights, s.weights)
    return ContentGap(
        value=float(gap.value),
        interval=gap.ends(within=DIFFERENCE),
        interval_90=gap.ends(0.9, DIFFERENCE),
        flat=float(gap.error) == 0,
        test=None,
        less_deployed_interval=less.ends(),
        log_odds_gap=mixture_log_odds(r.content, r.weights) - mixture_log_odds(s.content, s.weights),
    )


def _greedy(stated: SideFigures, revealed: SideFigures) -> GreedyLimit:
    """Where T goes to 0 the likelier option is always chosen, and of two that are equally likely each half the time."""
    s, r = (_chosen(side) for side in (stated, revealed))
    weights = [side.clusters.weights for side in (stated, revealed)]
    sides = mean_estimate(s, weights[0]), mean_estimate(r, weights[1])
    gap = welch(r, s, weights[1], weights[0])
    return GreedyLimit(
        stated=float(sides[0].value),
        stated_interval=sides[0].ends(within=PROBABILITY),
        revealed=float(sides[1].value),
        revealed_interval=sides[1].ends(within=PROBABILITY),
        gap=float(gap.value),
        gap_interval=gap.ends(within=DIFFERENCE),
    )


def _chosen(side: SideFigures) -> Values:
    index = {name: k for k, name in enumerate(side.clusters.names)}
    cluster = np.array([index[item.cluster] for item in side.cells.items])
    share = np.heaviside(side.cells.z, 0.5).mean(axis=1)
    return np.bincount(cluster, side.weights * share) / np.bincount(cluster, side.weights)
