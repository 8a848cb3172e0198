"""What the format pulls towards, whatever is asked: position, label, listing order, agreement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float64

from probe.analysis.formats import Formats
from probe.analysis.results import AcquiescenceResult, BiasResult

__all__ = ["acquiescence", "biases"]


def biases(
    z: Float64[np.ndarray, "items variants"],
    weights: Float64[np.ndarray, " items"],
    formats: Formats,
    unordered: Collection[str],
    agreement: AcquiescenceResult | None = None,
) -> BiasResult:
    """Content and biases of one side, in nats.

    Args:
        z: Log-odds towards the first principle.
        weights: Weight of each item; they add up to 1.
        formats: The grid of variants.
        unordered: Label sets without a declared order: which of their labels is the first is arbitrary, so
            their label bias has a size but no sign.
        agreement: What the agree pairs show.
    """
    mean = weights @ z
    of_label = formats.label * mean
    sets = np.array(formats.label_set)
    by_set = {name: float(of_label[sets == name].mean()) for name in sorted(set(formats.label_set))}
    signed = ~np.isin(sets, list(unordered))
    has_label = formats.has_label
    both = has_label and formats.has_position
    return BiasResult(
        content=float(mean.mean()),
        position=float((formats.order * mean).mean()) if formats.has_position else None,
        label=_mean_where(of_label, signed) if has_label else None,
        listing=_mean_where(formats.order * of_label, signed) if both else None,
        slot=float((formats.order * mean).mean()) if formats.has_slot else None,
        label_by_set={n: None if n in unordered else v for n, v in by_set.items()} if has_label else {},
        label_rms=float(np.sqrt(np.mean(np.square(list(by_set.values()))))) if has_label else None,
        acquiescence=agreement,
    )


def _mean_where(values: Float64[np.ndarray, " variants"], chosen: Bool[np.ndarray, " variants"]) -> float | None:
    return float(values[chosen].mean()) if chosen.any() else None


def acquiescence(
    items: Sequence[str],
    z: Float64[np.ndarray, "items variants"],
    p1: str,
    agreeing: Mapping[str, str],
) -> AcquiescenceResult | None:
    """What the agreeing answer gains, over root questions with their negated mates.

    Within a pair the content enters both items alike and agreement enters them with opposite signs.

    Args:
        items: Ids; the mate of ``X`` is ``X~mate``.
        z: Log-odds towards `p1`, nats.
        p1: The first principle.
        agreeing: Which principle the agreeing answer of an item stands for.
    """
    mean = dict(zip(items, z.mean(axis=1), strict=True))
    towards, content = [], []
    for item in items:
        mate = f"{item}~mate"
        if mate not in mean or item not in agreeing:
            continue
        sign = 1.0 if agreeing[item] == p1 else -1.0
        towards.append(sign * (mean[item] - mean[mate]) / 2)
        content.append((mean[item] + mean[mate]) / 2)
    if not towards:
        return None
    return AcquiescenceResult(
        towards_agreeing=float(np.mean(towards)), content=float(np.mean(content)), pairs=len(towards)
    )
