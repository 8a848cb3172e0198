"""Where the distance of single choices from the stated preference comes from: additive, without residual.

The chain rule of mutual information over format within item, context within scenario, scenario, and side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from probe.analysis.divergence import kl_divergence, kl_from_log_odds
from probe.analysis.formats import Formats
from probe.analysis.logspace import item_log_odds, mixture_log_odds
from probe.analysis.preference import deployed_log_odds
from probe.analysis.results import BudgetResult, SymmetricBudgetResult
from probe.analysis.shapley import split_format

__all__ = ["budget", "format_information", "symmetric_budget"]

Cells = Float64[np.ndarray, "items variants"]
ItemValues = Float64[np.ndarray, " items"]


def format_information(z: Cells, weights: ItemValues) -> float:
    """I(choice; format | item), nats: mean KL of a cell from its item's mean."""
    return float(weights @ kl_from_log_odds(z, item_log_odds(z)[:, None]).mean(axis=1))


def budget(
    z: Cells, weights: ItemValues, scenarios: Sequence[str], stated: float | None, formats: Formats
) -> BudgetResult:
    """Split the mean KL of a revealed cell from the stated preference.

    Args:
        z: Revealed log-odds towards the first principle, nats.
        weights: Weight of each item (context cell); they add up to 1.
        scenarios: Scenario of each item.
        stated: Log-odds of the stated mean; None if there is none: the gap is then unknown.
        formats: The grid of variants.

    References:
        Cover and Thomas (2006), Elements of Information Theory, section 2.5.
    """
    of_item = item_log_odds(z)
    names = np.array(scenarios)
    of_scenario = np.empty_like(of_item)
    for name in set(scenarios):
        own = names == name
        of_scenario[own] = mixture_log_odds(of_item[own], weights[own])
    pooled = deployed_log_odds(z, weights)
    total = None if stated is None else float(weights @ kl_from_log_odds(z, stated).mean(axis=1))
    return BudgetResult(
        total=total,
        format=float(weights @ kl_from_log_odds(z, of_item[:, None]).mean(axis=1)),
        context=float(weights @ kl_from_log_odds(of_item, of_scenario)),
        scenarios=float(weights @ kl_from_log_odds(of_scenario, pooled)),
        gap=None if stated is None else kl_divergence(pooled, stated),
        format_by_axis=split_format(z, weights, formats),
    )


def symmetric_budget(
    stated: Cells,
    stated_weights: ItemValues,
    revealed: Float64[np.ndarray, "choices formats"],
    revealed_weights: Float64[np.ndarray, " choices"],
) -> SymmetricBudgetResult:
    """Split I(choice; side, item, format), the sides weighted 1/2: shows the format term of both.

    The sides may have been asked in different numbers of formats.
    """
    sides = [(stated, stated_weights), (revealed, revealed_weights)]
    means = [deployed_log_odds(z, w) for z, w in sides]
    middle = mixture_log_odds(np.array(means), np.ones(2))
    total = side = item = form = 0.0
    for (z, weights), mean in zip(sides, means, strict=True):
        total += float(weights @ kl_from_log_odds(z, middle).mean(axis=1)) / 2
        side += kl_divergence(mean, middle) / 2
        item += float(weights @ kl_from_log_odds(item_log_odds(z), mean)) / 2
        form += format_information(z, weights) / 2
    return SymmetricBudgetResult(total=total, side=side, item=item, format=form)
