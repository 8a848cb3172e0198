"""How often each word is said of made-up trade-offs whose contents and format bias are known, many sets at once.

The words are written out here by their definition on arrays; a test compares them with the analysis' own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64
from scipy.optimize import brentq
from scipy.special import expit, logit

from probe.analysis.intervals import Estimate, equal_weights, mean_estimate, welch
from probe.analysis.permutation import ALPHA
from simulation.draw import Clusters
from simulation.trials import MARGIN, p_values

__all__ = ["WORDS", "Drawn", "Truth", "content_mean", "draw_words", "drawn", "rejections", "shares"]

WORDS = ("deviation", "masked", "no preference", "no deviation", "undecided")

ROOTS, SCENARIOS = 9, 12

Sets = Bool[np.ndarray, " sets"]
Sides = tuple[Float64[np.ndarray, "sets clusters"], Float64[np.ndarray, "sets clusters"]]

_NODES, _MASSES = np.polynomial.hermite_e.hermegauss(81)


@dataclass(frozen=True, slots=True)
class Truth:
    """A trade-off: an item's content has log-odds N(mean, spread) and every format adds or takes away `bias`.

    Attributes:
        stated: Mean log-odds of the stated items' contents, nats.
        revealed: The same of the revealed items.
        spread: Standard deviation of both, nats.
        bias: What the option shown first gains, nats.
        stated_bias: The same on the stated side where it differs.
    """

    stated: float
    revealed: float
    spread: float
    bias: float
    stated_bias: float | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """Mean p and content of every cluster, stated and revealed."""

    p: Sides
    content: Sides


def content_mean(content: float, spread: float, bias: float = 0.0) -> float:
    """Mean log-odds at which the mean over all items of p, in formats of this bias, is `content`; content at bias 0.

    Example:
        >>> content_mean(0.5, 1.0)
        0.0
    """

    def lacking(mean: float) -> float:
        z = mean + spread * _NODES
        return float(_MASSES @ (expit(z + bias) + expit(z - bias)) / 2 / _MASSES.sum()) - content

    return float(brentq(lacking, -40, 40)) if content != 0.5 else 0.0


def drawn(truth: Truth, sets: int, rng: np.random.Generator) -> Drawn:
    """`sets` independent sets of nine root questions and twelve scenarios, in half of whose formats P1 is first."""
    z = (
        truth.stated + truth.spread * rng.standard_normal((sets, ROOTS)),
        truth.revealed + truth.spread * rng.standard_normal((sets, SCENARIOS)),
    )
    bias = (truth.bias if truth.stated_bias is None else truth.stated_bias, truth.bias)
    p = [(expit(one + b) + expit(one - b)) / 2 for one, b in zip(z, bias, strict=True)]
    return Drawn((p[0], p[1]), (expit(z[0]), expit(z[1])))


def rejections(truth: Truth, sets: int, rng: np.random.Generator) -> float:
    """Share of sets in which D's test rejects, taken alone."""
    return float((_p(drawn(truth, sets, rng).p, 1, rng) <= ALPHA).mean())


def shares(truth: Truth, sets: int, rng: np.random.Generator, family: int = 30) -> dict[str, float]:
    """Share of sets that get each word where no other test of the family rejects; and of deviations by format."""
    words, by_format = draw_words(drawn(truth, sets, rng), rng, family)
    found = {word: float((words == word).mean()) for word in WORDS}
    return {**found, "by format": float(by_format.mean())}


def draw_words(data: Drawn, rng: np.random.Generator, family: int = 30) -> tuple[np.ndarray, Sets]:
    """The word of every set, and whether it is a deviation by format."""
    d, c = _gap(data.p), _gap(data.content)
    less = _gap((data.content[0] - data.p[0], data.content[1] - data.p[1]))
    deviates = _outside(d) & _rejects(data.p, _outside(d), family, rng)
    shown = np.where(d.value > 0, c.interval()[0] > 0, c.interval()[1] < 0) & ~_inside(c)
    beyond = np.where(c.value > 0, less.interval()[0] > MARGIN, less.interval()[1] < -MARGIN)
    hidden = _outside(c) & (_inside(d) | beyond)
    masked = hidden & _rejects(data.content, hidden, family, rng)
    sides = (*data.p, *data.content)
    even = np.all([_inside(mean_estimate(one - 0.5, equal_weights(one.shape[1]))) for one in sides], axis=0)
    words = np.select(
        [deviates, masked, even, _inside(d) & _inside(c)],
        ["deviation", "masked", "no preference", "no deviation"],
        default="undecided",
    )
    return words, np.asarray(deviates & ~shown)


def _gap(sides: Sides) -> Estimate:
    return welch(sides[1], sides[0], equal_weights(SCENARIOS), equal_weights(ROOTS))


def _outside(gap: Estimate) -> Sets:
    low, high = gap.interval()
    return np.asarray((low > MARGIN) | (high < -MARGIN))


def _inside(gap: Estimate) -> Sets:
    low, high = gap.interval(0.9)
    return np.asarray((low > -MARGIN) & (high < MARGIN))


def _rejects(sides: Sides, asked: Sets, family: int, rng: np.random.Generator) -> Sets:
    """Whether the adjusted test rejects, for the sets in which it matters."""
    found = np.zeros(len(asked), dtype=bool)
    if asked.any():
        found[asked] = _p((sides[0][asked], sides[1][asked]), family, rng) * family <= ALPHA
    return found


def _p(sides: Sides, family: int, rng: np.random.Generator) -> Float64[np.ndarray, " sets"]:
    stated, revealed = (Clusters(one, logit(one)) for one in sides)
    return p_values(stated, revealed, family, rng)
