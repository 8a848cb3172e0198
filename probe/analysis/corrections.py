"""What would change if label and position bias were taken out, in three known ways; nothing is corrected in silence.

References:
    Zhao, Wallace, Feng, Klein and Singh (2021), arXiv 2102.09690: the prior of content-free inputs.
    Zheng and others (2024), arXiv 2309.03882: PriDe, the prior of a share of the questions themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import sha256
from math import ceil

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import expit

from probe.analysis.bias import biases
from probe.analysis.effects import CorrectedGaps, Correction, Corrections
from probe.analysis.flips import flips
from probe.analysis.formats import Formats
from probe.analysis.logspace import mixture_log_odds

__all__ = ["HELD_OUT", "corrected_gaps", "corrections", "held_out", "mirrored", "prior"]

HELD_OUT = 0.25
"""Share of a side's clusters on which PriDe estimates its prior; at least one."""

Answers = Float64[np.ndarray, "items variants"]
Weights = Float64[np.ndarray, " items"]


def mirrored(formats: Formats) -> Int64[np.ndarray, " variants"] | None:
    """For each variant the one that looks the same with the two options' contents exchanged.

    None if the design lacks such pairs: a pull towards a place cannot be distinguished from content then.

    Example:
        >>> from probe.analysis.formats import lay_formats
        >>> from probe.design.items import AXES
        >>> two = {axis: ("x",) for axis in AXES} | {"order": ("p1", "p2"), "label_order": ("p1", "p2")}
        >>> mirrored(lay_formats(two)).tolist()
        [3, 2, 1, 0]
    """
    swapped = {"p1": "p2", "p2": "p1"}
    column_of = {variant: column for column, variant in enumerate(formats.variants)}
    moved = [name for name, levels in formats.varied.items() if _mirrors(name, levels)]
    if not moved:
        return None
    axes = ["order" if name == "slot" else name for name in moved]
    found = []
    for variant in formats.variants:
        levels = dict(part.split("=", 1) for part in variant.split(","))
        levels |= {axis: swapped.get(levels[axis], levels[axis]) for axis in axes}
        found.append(column_of[",".join(f"{axis}={level}" for axis, level in levels.items())])
    return np.array(found, dtype=np.int64)


def _mirrors(name: str, levels: Sequence[str]) -> bool:
    return name in ("order", "label_order", "slot") and {"p1", "p2"} <= set(levels)


def prior(z: Answers, weights: Weights, mirror: Int64[np.ndarray, " variants"]) -> Float64[np.ndarray, " variants"]:
    """What each variant pulls towards whatever the content, as log-odds towards the first option, nats.

    An item's own prior is half the difference of two mirrored variants, in which its content cancels; priors are
    averaged over items as probabilities, as both references do.
    """
    own = (z - z[:, mirror]) / 2
    # In logs: as a probability a pull of 37 nats is 1, and its log-odds would be infinite.
    return np.array([mixture_log_odds(column, weights) for column in own.T])


def held_out(clusters: Sequence[str], share: float = HELD_OUT) -> frozenset[str]:
    """The clusters that a prior is estimated on: drawn by a hash of their names, so the same in every run.

    Empty below two clusters, since something must be left to correct.
    """
    ranked = sorted(set(clusters), key=lambda name: sha256(name.encode()).hexdigest())
    return frozenset(ranked[: ceil(share * len(ranked))]) if len(ranked) > 1 else frozenset()


def corrections(
    z: Answers,
    weights: Weights,
    clusters: Sequence[str],
    formats: Formats,
    unordered: Collection[str],
    delta: float,
    content_free: Float64[np.ndarray, "controls variants"],
) -> Corrections:
    """Each correction of one side, with what it changes.

    Args:
        z: Log-odds towards the first principle of the items that were read in every variant, nats.
        weights: Weight of each item; they add up to 1.
        clusters: Cluster of each item.
        formats: The grid of variants.
        unordered: Label sets without a declared order.
        delta: Numeric floor of a log-odds, nats.
        content_free: Log-odds of the model's content-free controls; none where it has no row.
    """

    def corrected(before: Answers, after: Answers, own: Weights, estimated_on: int) -> Correction:
        return _corrected(before, after, own, formats, unordered, delta, estimated_on)

    mirror = mirrored(formats)
    if mirror is None:
        return Corrections(None, None, None)
    flat = np.repeat(z.mean(axis=1)[:, None], z.shape[1], axis=1)
    of_controls = None
    if len(content_free):
        equal = np.full(len(content_free), 1 / len(content_free))
        of_controls = corrected(z, z - prior(content_free, equal, mirror), weights, len(content_free))
    of_share, names = None, held_out(clusters)
    if names:
        out = np.array([cluster in names for cluster in clusters])
        learnt = prior(z[out], weights[out] / weights[out].sum(), mirror)
        rest = weights[~out] / weights[~out].sum()
        of_share = corrected(z[~out], z[~out] - learnt, rest, int(out.sum()))
    return Corrections(corrected(z, flat, weights, 0), of_controls, of_share)


def _corrected(
    before: Answers,
    after: Answers,
    weights: Weights,
    formats: Formats,
    unordered: Collection[str],
    delta: float,
    estimated_on: int,
) -> Correction:
    left = biases(after, weights, formats, unordered)
    by_format, by_format_before = weights @ expit(after), weights @ expit(before)
    return Correction(
        items=len(before),
        estimated_on=estimated_on,
        deployed=float(by_format.mean()),
        uncorrected=float(by_format_before.mean()),
        by_format=(float(by_format.min()), float(by_format.max())),
        by_format_uncorrected=(float(by_format_before.min()), float(by_format_before.max())),
        changed=float(weights @ ((before > 0) != (after > 0)).mean(axis=1)),
        disagreement=flips(after, weights, delta).disagreement,
        disagreement_uncorrected=flips(before, weights, delta).disagreement,
        position=left.position,
        label=left.label,
        slot=left.slot,
    )


def corrected_gaps(stated: Corrections | None, revealed: Corrections | None) -> CorrectedGaps | None:
    """R - S after and before each correction; None without both sides."""
    if stated is None or revealed is None:
        return None
    return CorrectedGaps(
        grid_average=_gap(stated.grid_average, revealed.grid_average),
        content_free=_gap(stated.content_free, revealed.content_free),
        pride=_gap(stated.pride, revealed.pride),
    )


def _gap(stated: Correction | None, revealed: Correction | None) -> tuple[float, float] | None:
    if stated is None or revealed is None:
        return None
    return revealed.deployed - stated.deployed, revealed.uncorrected - stated.uncorrected
