"""One side of a trade-off: its cells with their weights, and what is computed from them alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import log

import numpy as np
from jaxtyping import Float64

from probe.analysis.bias import acquiescence, biases
from probe.analysis.budget import format_information
from probe.analysis.cells import Cells
from probe.analysis.decomposition import decompose
from probe.analysis.flips import flips
from probe.analysis.formats import Formats
from probe.analysis.gates import mean_mass
from probe.analysis.preference import deployed_log_odds, latent_log_odds, preference
from probe.analysis.results import BiasResult, DecompositionResult, FlipsResult, Gate, Preference
from probe.analysis.weights import revealed_weights, stated_weights

__all__ = ["Setting", "SideFigures", "form_consistency", "side_figures"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What all trade-offs of a model share.

    Attributes:
        formats: The grid of variants.
        unordered: Label sets without a declared order.
        agreeing: Principle that an agree item's agreeing answer stands for.
        delta: Numeric floor of a log-odds, nats.
        gates: Closed gates of the model as a whole.
    """

    formats: Formats
    unordered: Collection[str]
    agreeing: Mapping[str, str]
    delta: float
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class SideFigures:
    """Figures of one side.

    Attributes:
        cells: Its readings.
        weights: Weight of each item; they add up to 1.
        log_odds: Log-odds of the deployed preference, nats.
        latent: Mean z, nats.
        preference: Deployed and latent preference and what stands beside them.
        bias: Content and biases.
        flips: Flips and spread.
        decomposition: Variance of z.
        consistency: Question-form consistency.
        mass: Weighted mean option mass.
    """

    cells: Cells
    weights: Float64[np.ndarray, " items"]
    log_odds: float
    latent: float
    preference: Preference
    bias: BiasResult
    flips: FlipsResult
    decomposition: DecompositionResult | None
    consistency: float
    mass: float


def form_consistency(z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"]) -> float:
    """1 minus the generalised Jensen-Shannon divergence over an item's variants, in bits; 1 if all agree.

    References:
        Scherrer, Shi, Feder and Blei (2023), MoralChoice, arXiv 2307.14324.
    """
    return 1.0 - format_information(z, weights) / log(2)


def side_figures(cells: Cells, side: str, p1: str, setting: Setting) -> SideFigures | None:
    """Figures of the side `side` of one trade-off; None if the table holds none of its items.

    Args:
        cells: The trade-off's items of all sides.
        side: ``stated`` or ``revealed``.
        p1: The first principle.
        setting: What the model's trade-offs share.
    """
    own = cells.of_side(side)
    if not own.items:
        return None
    forms, clusters = [item.form for item in own.items], [item.cluster for item in own.items]
    weights = stated_weights(forms, clusters) if side == "stated" else revealed_weights(clusters)
    agreement = acquiescence([item.id for item in own.items], own.z, p1, setting.agreeing)
    return SideFigures(
        cells=own,
        weights=weights,
        log_odds=deployed_log_odds(own.z, weights),
        latent=latent_log_odds(own.z, weights),
        preference=preference(own.z, weights, clusters, forms, setting.formats),
        bias=biases(own.z, weights, setting.formats, setting.unordered, agreement),
        flips=flips(own.z, weights, setting.delta),
        decomposition=decompose(own.z, weights, setting.formats),
        consistency=form_consistency(own.z, weights),
        mass=mean_mass(own.mass, weights),
    )
