"""What is said of three options: how often the neutral one is chosen, and how far the sides are apart over all three.

References:
    Arm with a neutral option: arXiv 2601.21975. Chain rule: Cover and Thomas (2006), section 2.5.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.special import expit, logsumexp

from probe.analysis.cells import Cells
from probe.analysis.divergence import kl_divergence
from probe.analysis.formats import Formats
from probe.analysis.intervals import PROBABILITY, cut, t_interval
from probe.analysis.logspace import log_probabilities, mixture_log_odds, sigmoid, softplus
from probe.analysis.results import NeutralResult, NeutralSide
from probe.analysis.side import SideFigures
from probe.analysis.weights import cell_weights

__all__ = ["conditional_log_odds", "neutral_result", "not_neutral", "three_way_kl"]


_Both = tuple[float, float] | tuple[None, None]
"""D(R || S) and D(S || R), or neither."""


def neutral_result(stated: SideFigures | None, revealed: SideFigures | None, least: float) -> NeutralResult | None:
    """Neutral answers of both sides and what lies between them; None where no side was offered the option.

    Args:
        stated: Figures of the stated side.
        revealed: Figures of the revealed side.
        least: Probability of an answer that is not neutral below which there are no conditional figures.
    """
    of_stated, of_revealed = (None if side is None else _side(side, least) for side in (stated, revealed))
    if of_stated is None and of_revealed is None:
        return None
    three: _Both = (None, None)
    conditional: _Both = (None, None)
    if stated is not None and revealed is not None:
        if _all_offered(stated.cells) and _all_offered(revealed.cells):
            three = three_way_kl(revealed, stated), three_way_kl(stated, revealed)
        if min(not_neutral(stated), not_neutral(revealed)) >= least:
            s, r = (conditional_log_odds(side.cells, side.weights) for side in (stated, revealed))
            conditional = kl_divergence(r, s), kl_divergence(s, r)
    return NeutralResult(of_stated, of_revealed, *three, *conditional)


def not_neutral(side: SideFigures) -> float:
    """Probability that one of the two principles is chosen, given that an option is; 1 where there are only two."""
    return sigmoid(-_pooled_neutral(side)) if _offered(side.cells).any() else 1.0


def conditional_log_odds(cells: Cells, weights: Float64[np.ndarray, " items"]) -> float:
    """Log-odds of P1 of the pooled marginals, given that the answer is not neutral: sum p1 / sum (p1 + p2).

    Without a neutral option these are the log-odds of the deployed preference.
    """
    answered = np.log(cell_weights(weights, cells.z.shape[1])) + _log_not_neutral(cells)
    first, second = log_probabilities(cells.z)
    return float(logsumexp(first + answered) - logsumexp(second + answered))


def three_way_kl(one: SideFigures, other: SideFigures) -> float:
    """D(one || other) over P1, P2 and neutral, of pooled marginals, in nats.

    By the chain rule: the divergence of neutral from not neutral, and that of P1 from P2 as often as it is not neutral.
    """
    z, other_z = _pooled_neutral(one), _pooled_neutral(other)
    choice = kl_divergence(*(conditional_log_odds(side.cells, side.weights) for side in (one, other)))
    return kl_divergence(z, other_z) + sigmoid(-z) * choice


def _side(side: SideFigures, least: float) -> NeutralSide | None:
    offered = _offered(side.cells)
    if not offered.any():
        return None
    given, formats = not_neutral(side), side.cells.formats
    weights = side.weights[offered] / side.weights[offered].sum()
    z = conditional_log_odds(side.cells.take(np.flatnonzero(offered).tolist()), weights)
    return NeutralSide(
        p1=given * sigmoid(z),
        p2=given * sigmoid(-z),
        neutral=sigmoid(_pooled_neutral(side)),
        neutral_interval=_interval(side),
        p1_given_not_neutral=sigmoid(z) if given >= least else None,
        by_place=_by_position(weights @ side.cells.neutral_share[offered], formats),
        place_moves=formats.positions > 1,
        items=int(offered.sum()),
    )


def _offered(cells: Cells) -> np.ndarray:
    return np.asarray(~np.isnan(cells.neutral).any(axis=1))


def _all_offered(cells: Cells) -> bool:
    return bool(_offered(cells).all())


def _log_not_neutral(cells: Cells) -> Float64[np.ndarray, "items variants"]:
    """Logarithm of the probability of an answer that is not neutral; 0 where all are."""
    return -softplus(np.where(np.isnan(cells.neutral), -np.inf, cells.neutral))


def _pooled_neutral(side: SideFigures) -> float:
    """Log-odds of a neutral answer in the weighted mean over the items that were offered it."""
    own = _offered(side.cells)
    z, weights = side.cells.neutral[own], side.weights[own]
    return mixture_log_odds(z, cell_weights(weights, z.shape[1]))


def _by_position(by_variant: Float64[np.ndarray, " variants"], formats: Formats) -> dict[str, float]:
    levels = formats.varied.get("neutral") or (formats.fixed["neutral"],)
    means = by_variant.reshape(-1, len(levels)).mean(axis=0)
    return dict(zip(levels, means.tolist(), strict=True))


def _interval(side: SideFigures) -> tuple[float, float] | None:
    """95 % t interval of the neutral share over cluster means, cut to probabilities."""
    names = [item.cluster for item in side.cells.items]
    distinct = sorted(set(names))
    of_items = expit(side.cells.neutral).mean(axis=1)
    rows = [[row for row, name in enumerate(names) if name == cluster] for cluster in distinct]
    weights = np.array([side.weights[own].sum() for own in rows])
    means = np.array([float(side.weights[own] @ of_items[own]) for own in rows]) / weights
    found = t_interval(means, weights) if _all_offered(side.cells) else None
    return None if found is None else cut(found, PROBABILITY)
