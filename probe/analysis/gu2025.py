"""What the published protocol would have reported: one sampled answer per prompt, from its exact distribution.

The protocol asks every prompt once, pools a side's answers and drops neutral ones. Each answer is a draw with its
own known probability, so the distribution of the estimate is enumerated and nothing is simulated. Nothing else
in this package uses the estimator.

References:
    Gu, Wang and Han (2025), arXiv 2506.00751; base and smoothing constant as in a public re-implementation.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.special import xlogy

__all__ = ["SMOOTHING", "AnswerShares", "Estimates", "answer_shares", "joint_estimates", "published_estimate"]

SMOOTHING = 0.001
"""What the published estimator adds to each stated share."""

Shares = Float64[np.ndarray, "*outcomes"]

Counts = tuple[Int64[np.ndarray, " pairs"], Int64[np.ndarray, " pairs"], Float64[np.ndarray, " pairs"]]
"""Answers for the first principle, answers for the second, and the probability of both."""


@dataclass(frozen=True, slots=True)
class AnswerShares:
    """Distribution of a side's share of answers for the first principle, among answers that are not neutral.

    Attributes:
        share: Possible shares, ascending.
        probability: Of each share; together with `none` they add up to 1.
        none: Probability that every answer is neutral, so that there is no share.
    """

    share: Float64[np.ndarray, " outcomes"]
    probability: Float64[np.ndarray, " outcomes"]
    none: float


@dataclass(frozen=True, slots=True)
class Estimates:
    """Joint distribution of both sides' shares and the estimate they lead to, given that both have one.

    Attributes:
        stated: Share of the stated side.
        revealed: Share of the revealed side.
        estimate: The published estimate (base 10).
        probability: Of each pair; they add up to 1.
        undefined: Probability that a side has no share.
    """

    stated: Float64[np.ndarray, " pairs"]
    revealed: Float64[np.ndarray, " pairs"]
    estimate: Float64[np.ndarray, " pairs"]
    probability: Float64[np.ndarray, " pairs"]
    undefined: float

    @property
    def mean(self) -> float:
        """Mean estimate."""
        return float(self.probability @ self.estimate)

    def percentile(self, share: float) -> float:
        """Least estimate that is not exceeded with probability `share`."""
        order = np.argsort(self.estimate, kind="stable")
        reached = np.cumsum(self.probability[order])
        # A sum of many small probabilities may fall short of the share by rounding.
        index = int(np.searchsorted(reached, share - 1e-12))
        return float(self.estimate[order[min(index, len(order) - 1)]])

    def chance(self, event: Bool[np.ndarray, " pairs"]) -> float:
        """Probability of an event."""
        return float(self.probability[event].sum())


def published_estimate(revealed: Shares, stated: Shares) -> Shares:
    """The published divergence of shares of answers, base 10: sum of R log10(R / (S + 0.001)) over both options.

    It is not a divergence: equal shares of 1 give log10(1 / 1.001) < 0, and 3 is the most there is.

    Example:
        >>> published_estimate(np.array([1.0, 1.0]), np.array([1.0, 0.0])).round(6).tolist()
        [-0.000434, 3.0]
    """
    first = xlogy(revealed, revealed / (stated + SMOOTHING))
    second = xlogy(1 - revealed, (1 - revealed) / (1 - stated + SMOOTHING))
    return np.asarray((first + second) / log(10))


def answer_shares(
    first: Float64[np.ndarray, " prompts"],
    neutral: Float64[np.ndarray, " prompts"] | None = None,
    asked: int | None = None,
) -> AnswerShares:
    """Distribution of the share of answers for the first principle if each prompt is asked once.

    Counts are Poisson-binomial, with neutral answers Poisson-multinomial.

    Args:
        first: Probability of an answer for the first principle, by prompt.
        neutral: Probability of a neutral answer, by prompt; None without a neutral option.
        asked: Number of prompts that are asked, drawn at random without repetition; None for all.

    Example:
        >>> shares = answer_shares(np.array([0.5, 0.5]))
        >>> shares.share.tolist(), shares.probability.tolist()
        ([0.0, 0.5, 1.0], [0.25, 0.5, 0.25])
    """
    none = np.zeros_like(first) if neutral is None else neutral
    asked = len(first) if asked is None else min(asked, len(first))
    a, b, weight = _counts(first, 1 - first - none, none, asked)
    answered = a + b > 0
    a, b = a[answered], b[answered]
    # Equal fractions are equal outcomes: 1/2 and 2/4 differ in nothing that the estimator sees.
    parts = np.gcd(a, b)
    key, first_at, index = np.unique((a // parts) * (asked + 1) + b // parts, return_index=True, return_inverse=True)
    share = (a / (a + b))[first_at]
    order = np.argsort(share)
    # Of no outcomes at all numpy makes a count, not a weight.
    probability = np.bincount(index, weights=weight[answered], minlength=len(key)).astype(np.float64)
    return AnswerShares(share[order], probability[order], float(weight[~answered].sum()))


def _counts(
    first: Float64[np.ndarray, " prompts"],
    second: Float64[np.ndarray, " prompts"],
    neutral: Float64[np.ndarray, " prompts"],
    asked: int,
) -> Counts:
    """Pairs of counts that can be, with their probability."""
    if asked < len(first):
        return _pairs(_some_asked(first, second, neutral, asked))
    if neutral.any():
        return _pairs(_all_asked(first, second, neutral))
    of_first = np.ones(1)
    for p, q in zip(first, second, strict=True):
        of_first = np.convolve(of_first, [q, p])
    (a,) = np.nonzero(of_first)  # every prompt is answered: the pairs add up to their number
    return a, asked - a, of_first[a]


def _pairs(counts: Float64[np.ndarray, "first_answers second_answers"]) -> Counts:
    a, b = np.nonzero(counts)
    return a, b, counts[a, b]


def _some_asked(
    first: Float64[np.ndarray, " prompts"],
    second: Float64[np.ndarray, " prompts"],
    neutral: Float64[np.ndarray, " prompts"],
    asked: int,
) -> Float64[np.ndarray, "first_answers second_answers"]:
    """Probability of each pair of counts, prompt by prompt: a prompt is asked or passed over.

    With i prompts left of which k must still be asked, the next one is asked with probability k/i, which makes
    every set of `asked` prompts equally likely.
    """
    state = np.zeros((asked + 1, asked + 1, asked + 1 if neutral.any() else 1))
    state[0, 0, 0] = 1.0
    # The third index counts neutral answers; without a neutral option it stays at 0.
    missing = asked - sum(np.indices(state.shape, sparse=True))
    for row in range(len(first)):
        take = np.clip(missing / (len(first) - row), 0.0, 1.0)
        moved = state * take
        state -= moved
        state[1:] += first[row] * moved[:-1]
        state[:, 1:] += second[row] * moved[:, :-1]
        state[:, :, 1:] += neutral[row] * moved[:, :, :-1]
    return np.asarray(state.sum(axis=2))


def _all_asked(
    first: Float64[np.ndarray, " prompts"],
    second: Float64[np.ndarray, " prompts"],
    neutral: Float64[np.ndarray, " prompts"],
) -> Float64[np.ndarray, "first_answers second_answers"]:
    """The same where every prompt is asked: what is not counted was neutral, so that it needs no index of its own."""
    state = np.zeros((len(first) + 1, len(first) + 1))
    state[0, 0] = 1.0
    for row, (p, q, none) in enumerate(zip(first, second, neutral, strict=True), start=1):
        before = state[:row, :row].copy()
        state[:row, :row] = 0.0
        state[1 : row + 1, :row] += p * before
        state[:row, 1 : row + 1] += q * before
        state[:row, :row] += none * before
    return state


def joint_estimates(stated: AnswerShares, revealed: AnswerShares) -> Estimates:
    """Every pair of shares with its estimate, given that both sides have a share.

    Raises:
        ValueError: a side is certain to have none.
    """
    probability = np.outer(stated.probability, revealed.probability)
    pairs = np.meshgrid(stated.share, revealed.share, indexing="ij")
    defined = float(probability.sum())
    if defined == 0.0:
        raise ValueError("a side has neutral answers only, so there is nothing to estimate")
    return Estimates(
        stated=pairs[0].reshape(-1),
        revealed=pairs[1].reshape(-1),
        estimate=published_estimate(pairs[1], pairs[0]).reshape(-1),
        probability=probability.reshape(-1) / defined,
        undefined=1 - (1 - stated.none) * (1 - revealed.none),
    )
