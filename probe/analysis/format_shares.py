"""Content against format: of what answers are made, as shares of the mean square of the log-odds, without residual."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float64

from probe.analysis.effects import FormatShares
from probe.analysis.formats import Formats
from probe.analysis.side import SideFigures, Sides

__all__ = ["content_reliability", "format_shares", "mean_squares"]

Squares = dict[str, float]


def mean_squares(
    z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"], formats: Formats
) -> Squares:
    """Mean squares of content, order, label, listing, slot and the rest, in nats squared; they add up to that of z.

    Within every combination of the other axes, z is split into what neither order nor labels turn, what turns with
    the order, with the label order, and with both. An item's content is the mean of the first over the
    combinations, and what the first does besides is the rest.

    Args:
        z: Log-odds, nats.
        weights: Weight of each item; they add up to 1.
        formats: The grid of variants.
    """
    codes = _codes(formats)
    parts = {name: _within(z * code, formats) for name, code in codes.items()}
    even = _within(z, formats)
    content = even.mean(axis=1)
    squares = {name: float(weights @ (part**2).mean(axis=1)) for name, part in parts.items()}
    squares["content"] = float(weights @ content**2)
    total = float(weights @ (z**2).mean(axis=1))
    return {**squares, "rest": max(total - sum(squares.values()), 0.0)}


def format_shares(sides: Iterable[Sides]) -> FormatShares | None:
    """Over the items of all trade-offs that were read in every variant; each side of each trade-off weighs alike.

    None where no side was read in several formats, or no answer leans to either option.
    """
    found = [one for both in sides for side in (both.stated, both.revealed) if side and (one := _of_side(side))]
    if not found:
        return None
    mean = {name: sum(one.get(name, 0.0) for one in found) / len(found) for name in sorted(set().union(*found))}
    total = sum(mean.values())
    if total <= 0:
        return None
    share = {name: value / total for name, value in mean.items()}
    return FormatShares(
        mean_square=total,
        content=share["content"],
        order=share.get("order"),
        label=share.get("label"),
        listing=share.get("listing"),
        slot=share.get("slot"),
        rest=share["rest"],
    )


def content_reliability(sides: Iterable[Sides]) -> float | None:
    """How far an item's content would be the same in as many other formats, about 0: 1 less its error's share.

    An item's content is its mean log-odds over the combinations of all axes but order and label order, each with both
    of these averaged out; its squared error is their variance over their number. Both are averaged over items, sides
    and trade-offs. None where no side has several combinations, or no answer leans to either option.
    """
    found = [one for both in sides for side in (both.stated, both.revealed) if side and (one := _content_error(side))]
    content, error = (sum(one[k] for one in found) for k in (0, 1))
    return max(0.0, 1 - error / content) if content > 0 else None


def _content_error(side: SideFigures) -> tuple[float, float] | None:
    """Mean square of a side's contents, and of their errors."""
    varied = np.array([not item.fixed for item in side.cells.items])
    even = _within(side.cells.z[varied], side.cells.formats) if varied.any() else np.empty((0, 1))
    if even.shape[1] < 2:
        return None
    weights = side.weights[varied] / side.weights[varied].sum()
    return float(weights @ even.mean(axis=1) ** 2), float(weights @ even.var(axis=1, ddof=1)) / even.shape[1]


def _of_side(side: SideFigures) -> Squares | None:
    varied = np.array([not item.fixed for item in side.cells.items])
    if not varied.any() or not side.cells.formats.varied:
        return None
    weights = side.weights[varied]
    return mean_squares(side.cells.z[varied], weights / weights.sum(), side.cells.formats)


def _codes(formats: Formats) -> dict[str, Float64[np.ndarray, " variants"]]:
    if formats.has_slot:
        return {"slot": formats.order}
    codes = {}
    if formats.has_position:
        codes["order"] = formats.order
    if formats.has_label:
        codes["label"] = formats.label
    if formats.has_position and formats.has_label:
        codes["listing"] = formats.order * formats.label
    return codes


def _within(values: Float64[np.ndarray, "items variants"], formats: Formats) -> Float64[np.ndarray, "items others"]:
    """Means over order and label order, for each combination of the other axes."""
    grid = formats.grid(values)
    own = tuple(d + 1 for d, name in enumerate(formats.varied) if name in ("order", "label_order", "slot"))
    return np.asarray((grid.mean(axis=own) if own else grid).reshape(len(values), -1))
