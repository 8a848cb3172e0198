"""One side of a trade-off: its cells with their weights, and what is computed from them alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import log

import numpy as np
from jaxtyping import Float64

from probe.analysis.bias import acquiescence, biases
from probe.analysis.budget import format_information
from probe.analysis.cells import Cells
from probe.analysis.claim import ValidityCheck
from probe.analysis.corrections import corrections
from probe.analysis.decomposition import decompose, format_effects
from probe.analysis.effects import Corrections, FormatEffects
from probe.analysis.flips import flips
from probe.analysis.formats import Formats
from probe.analysis.neutral_grids import NeutralGrids, widened
from probe.analysis.preference import Clusters, cluster_values, deployed_log_odds, latent_log_odds, preference
from probe.analysis.results import BiasResult, DecompositionResult, FlipsResult, Preference
from probe.analysis.validity_checks import THRESHOLDS, mean_mass
from probe.analysis.weights import revealed_weights, stated_weights

__all__ = ["Setting", "SideFigures", "Sides", "form_consistency", "read_sides", "side_figures"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What all trade-offs of a model share.

    Attributes:
        formats: The grid of variants, without places of a neutral option.
        unordered: Label sets without a declared order.
        agreeing: Principle that an agree item's agreeing answer stands for.
        delta: Numeric floor of a log-odds, nats.
        checks: Gates of the model as a whole.
        thresholds: What gates and claims ask.
        model: Name of the model.
        family: Number of tests in the family of the study.
        content_free: Log-odds of the model's content-free controls that were read in every variant, one row each.
    """

    formats: Formats
    unordered: Collection[str]
    agreeing: Mapping[str, str]
    delta: float
    checks: tuple[ValidityCheck, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=lambda: THRESHOLDS)
    model: str = ""
    family: int = 1
    content_free: Float64[np.ndarray, "controls variants"] | None = None


@dataclass(frozen=True, slots=True)
class SideFigures:
    """Figures of one side.

    Attributes:
        cells: Its readings.
        weights: Weight of each item; they add up to 1.
        log_odds: Log-odds of the deployed preference, nats.
        latent: Mean z, nats.
        preference: Deployed and latent preference and what stands beside them.
        bias: Content and biases of the items that were read in every variant; None if there are none.
        flips: Flips and spread of these.
        decomposition: Variance of z of these.
        effects: Effects of formats on z of these.
        corrections: These, corrected for label and position in several ways.
        consistency: Question-form consistency of these.
        mass: Weighted mean option mass.
        clusters: Its root questions or scenarios.
    """

    cells: Cells
    weights: Float64[np.ndarray, " items"]
    log_odds: float
    latent: float
    preference: Preference
    bias: BiasResult | None
    flips: FlipsResult | None
    decomposition: DecompositionResult | None
    effects: FormatEffects | None
    corrections: Corrections | None
    consistency: float | None
    mass: float
    clusters: Clusters


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of one trade-off; None where the table holds none of a side's items."""

    stated: SideFigures | None
    revealed: SideFigures | None


def form_consistency(z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"]) -> float:
    """1 minus the generalised Jensen-Shannon divergence over an item's variants, in bits; 1 if all agree.

    References:
        Scherrer, Shi, Feder and Blei (2023), MoralChoice, arXiv 2307.14324.
    """
    return 1.0 - format_information(z, weights) / log(2)


def side_figures(cells: Cells | NeutralGrids, side: str, p1: str, setting: Setting) -> SideFigures | None:
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
    of_formats = _of_formats(own, weights, p1, setting)
    return SideFigures(
        cells=own,
        weights=weights,
        log_odds=deployed_log_odds(own.z, weights),
        latent=latent_log_odds(own.z, weights),
        preference=preference(own.z, weights, clusters, forms, own.formats),
        bias=of_formats.bias,
        flips=of_formats.flips,
        decomposition=of_formats.decomposition,
        effects=of_formats.effects,
        corrections=of_formats.corrections,
        consistency=of_formats.consistency,
        mass=mean_mass(own.mass, weights),
        clusters=cluster_values(own.z, weights, clusters, forms),
    )


@dataclass(frozen=True, slots=True)
class _OfFormats:
    bias: BiasResult | None = None
    flips: FlipsResult | None = None
    decomposition: DecompositionResult | None = None
    effects: FormatEffects | None = None
    corrections: Corrections | None = None
    consistency: float | None = None


def _of_formats(own: Cells, weights: Float64[np.ndarray, " items"], p1: str, setting: Setting) -> _OfFormats:
    """What only items that were read in every variant can tell; these share the weight of all."""
    varied = np.array([not item.fixed for item in own.items])
    if not varied.any():
        return _OfFormats()
    cells = own if varied.all() else own.of_varied()
    share = weights if varied.all() else weights[varied] / weights[varied].sum()
    agreement = acquiescence([item.id for item in cells.items], cells.z, p1, setting.agreeing)
    return _OfFormats(
        bias=biases(cells.z, share, own.formats, setting.unordered, agreement),
        flips=flips(cells.z, share, setting.delta),
        decomposition=decompose(cells.z, share, own.formats),
        effects=format_effects(cells.z, share, own.formats),
        corrections=corrections(
            cells.z,
            share,
            [item.cluster for item in cells.items],
            own.formats,
            setting.unordered,
            setting.delta,
            _prior_source(setting, cells.z.shape[1]),
        ),
        consistency=form_consistency(cells.z, share),
    )


def _prior_source(setting: Setting, variants: int) -> Float64[np.ndarray, "controls variants"]:
    """Content-free controls, which never have a neutral option, on the grid of a side that may have one."""
    return np.empty((0, variants)) if setting.content_free is None else widened(setting.content_free, variants)


def read_sides(cells: Cells | NeutralGrids, p1: str, setting: Setting) -> Sides:
    """Figures of both sides of one trade-off, each by itself."""
    return Sides(side_figures(cells, "stated", p1, setting), side_figures(cells, "revealed", p1, setting))
