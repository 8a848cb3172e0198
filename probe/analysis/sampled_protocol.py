"""What sampled answers would have shown of one trade-off: the published protocol, and how many draws would do."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

from probe.analysis.divergence import kl_divergence
from probe.analysis.formats import Formats
from probe.analysis.gu2025 import AnswerShares, Estimates, answer_shares, joint_estimates
from probe.analysis.logspace import mixture_log_odds, sigmoid
from probe.analysis.neutral_grids import widened
from probe.analysis.preference import cluster_means
from probe.analysis.results import Gu2025Result, PublishedEstimate
from probe.analysis.side import SideFigures

__all__ = ["enough_draws", "protocol_column", "sampled_instead"]

STATED_ASKED, REVEALED_ASKED = 11, 6
"""Prompts per side of a published set: a question with ten rewordings, and a middle number of stories."""

ENOUGH = 0.1
"""Sampling variance that would do, as a share of the variance between clusters."""

Answers = Float64[np.ndarray, "items variants"]


def sampled_instead(stated: SideFigures | None, revealed: SideFigures | None) -> Gu2025Result | None:
    """The published protocol on these prompts; None where a side is absent, or answers neutrally without fail.

    Args:
        stated: Figures of the stated side.
        revealed: Figures of the revealed side.
    """
    if stated is None or revealed is None or _never_answers(stated) or _never_answers(revealed):
        return None
    formats = max(stated.cells.formats, revealed.cells.formats, key=lambda one: one.positions)
    column = protocol_column(formats)
    columns = [_columns(side, len(formats.variants)) for side in (stated, revealed)]
    s, r = columns[0][column], columns[1][column]
    pooled = [mixture_log_odds(one.z, np.ones_like(one.z)) for one in (s, r)]
    gap = revealed.preference.deployed - stated.preference.deployed
    asked = min(STATED_ASKED, len(s.z)), min(REVEALED_ASKED, len(r.z))
    means = [_estimates(one, other).mean for one, other in zip(*columns, strict=True)]
    draws = enough_draws((stated, revealed))
    return Gu2025Result(
        variant=formats.variants[column],
        gap=sigmoid(pooled[1]) - sigmoid(pooled[0]),
        kl_log10=kl_divergence(pooled[1], pooled[0]) / log(10),
        every_prompt=_published(_estimates(s, r), (len(s.z), len(r.z)), gap),
        published_size=_published(_estimates(s, r, asked), asked, gap),
        mean_by_format=(min(means), max(means)),
        draws_per_prompt=draws,
        draws_per_prompt_one_format=enough_draws((stated, revealed), formats.variants[column]),
        answers=None if draws is None else draws * (stated.cells.z.size + revealed.cells.z.size),
    )


def protocol_column(formats: Formats) -> int:
    """The variant that a protocol without a grid uses: p1 first, with the first label; else first levels.

    Example:
        >>> from probe.analysis.formats import lay_formats
        >>> from probe.design.items import AXES
        >>> two = {axis: ("x",) for axis in AXES} | {"order": ("p2", "p1"), "label_order": ("p2", "p1")}
        >>> formats = lay_formats(two)
        >>> formats.variants[protocol_column(formats)].startswith("order=p1,label_order=p1")
        True
    """
    # The first of equals is the one with the first level of every other axis, since variants are in row-major order.
    return int(np.argmax(2 * formats.order + formats.label))


@dataclass(frozen=True, slots=True)
class _Asked:
    """One side in one format: log-odds of its items, and the probability of a neutral answer; None without any."""

    z: Float64[np.ndarray, " items"]
    neutral: Float64[np.ndarray, " items"] | None

    def shares(self, asked: int | None) -> AnswerShares:
        p = expit(self.z)
        return answer_shares(p if self.neutral is None else p * (1 - self.neutral), self.neutral, asked)


def _columns(side: SideFigures, variants: int) -> list[_Asked]:
    """A side in every format of the larger grid."""
    neutral = side.cells.neutral_share
    z, share = widened(side.cells.z, variants).T, widened(neutral, variants).T
    return [_Asked(one, other if neutral.any() else None) for one, other in zip(z, share, strict=True)]


def _never_answers(side: SideFigures) -> bool:
    """Whether there is a format in which no draw would ever be for a principle."""
    return bool((side.cells.neutral_share >= 1.0).all(axis=0).any())


def _estimates(stated: _Asked, revealed: _Asked, asked: tuple[int | None, int | None] = (None, None)) -> Estimates:
    return joint_estimates(*(side.shares(size) for side, size in zip((stated, revealed), asked, strict=True)))


def _published(estimates: Estimates, asked: tuple[int, int], gap: float) -> PublishedEstimate:
    seen = estimates.revealed - estimates.stated
    even = np.isclose(seen, 0.0, rtol=0.0, atol=1e-12)
    wrong = ~even & (np.sign(seen) == -np.sign(gap))
    return PublishedEstimate(
        stated_prompts=asked[0],
        revealed_prompts=asked[1],
        mean=estimates.mean,
        low=estimates.percentile(0.05),
        high=estimates.percentile(0.95),
        undefined=estimates.undefined,
        wrong_sign=None if gap == 0.0 else estimates.chance(wrong),
        no_sign=estimates.chance(even),
        switch=estimates.chance((estimates.revealed - 0.5) * (estimates.stated - 0.5) < 0),
    )


def enough_draws(sides: tuple[SideFigures, SideFigures], variant: str | None = None) -> int | None:
    """Least number of draws per prompt at which sampling adds at most a tenth to the variance of R - S.

    With d draws of every prompt, sampling adds sum w^2 p (1 - p) / d to the variance that R - S has from one set of
    clusters to another; of d draws as many count as are not neutral.

    Args:
        sides: Stated and revealed side.
        variant: The variant that is asked (without the place of a neutral option on a side that offers none); None
            for all of them.

    Returns:
        None where the clusters of both sides do not differ, or a side has one cluster only: no number would do.
    """
    sampling = between = 0.0
    for side in sides:
        chosen = [_column_of(side, variant)] if variant else slice(None)
        z: Answers = side.cells.z[:, chosen]
        answered = 1 - side.cells.neutral_share[:, chosen]
        if not answered.all():
            return None
        share = side.weights[:, None] / z.shape[1]
        sampling += float((share**2 * expit(z) * expit(-z) / answered).sum())
        means, weights = cluster_means(z, side.weights, [item.cluster for item in side.cells.items])
        values, n = np.array(list(means.values())), len(means)
        if n < 2:
            return None
        between += n / (n - 1) * float(weights**2 @ (values - weights @ values) ** 2)
    return max(1, ceil(sampling / (ENOUGH * between))) if between > 0.0 else None


def _column_of(side: SideFigures, variant: str) -> int:
    variants = side.cells.formats.variants
    return variants.index(variant if variant in variants else variant.rpartition(",neutral=")[0])
