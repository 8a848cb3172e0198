"""What context factors, formats and corrections do: the shapes in ``results.json``. Computes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from probe.analysis.claim import Interval

__all__ = [
    "AxisEffect",
    "Coherence",
    "ContentFloor",
    "CorrectedGaps",
    "Correction",
    "Corrections",
    "FactorResult",
    "FormatEffects",
    "FormatShares",
    "PairEffect",
    "PooledFactor",
    "PredictedEffect",
]


@dataclass(frozen=True, slots=True)
class AxisEffect:
    """One format axis, on z.

    Attributes:
        levels: Mean z at each level minus the mean of all, alike in all items (nats); they add up to 0.
        size: Their root mean square (nats).
        item_size: Root mean square of what the axis, averaged over the others, does to an item beyond that (nats).
    """

    levels: dict[str, float]
    size: float
    item_size: float


@dataclass(frozen=True, slots=True)
class PairEffect:
    """What two format axes do together, beyond the sum of their main effects, alike in all items.

    Attributes:
        axes: The two axes.
        cells: Effect in nats by level of the first axis and level of the second; rows and columns add up to 0.
        size: Root mean square over cells (nats).
        share: In the variance of z over items and variants.
    """

    axes: tuple[str, str]
    cells: dict[str, dict[str, float]]
    size: float
    share: float


@dataclass(frozen=True, slots=True)
class FormatEffects:
    """The balanced decomposition of z, term by term; squares of all sizes add up to the variance that formats make.

    Attributes:
        mean: Mean of z over all items and variants (nats).
        axes: Main effect of each axis that varied.
        pairs: Interaction of each two axes, the largest first.
        higher_size: Root mean square of the interactions of three and more axes (nats).
        item_higher_size: Root mean square of what several axes together do to an item, beyond all of the above.
    """

    mean: float
    axes: dict[str, AxisEffect]
    pairs: tuple[PairEffect, ...]
    higher_size: float
    item_higher_size: float


@dataclass(frozen=True, slots=True)
class FormatShares:
    """Of what a model's answers are made: shares of the mean square of z, which add up to 1.

    Attributes:
        mean_square: What is split (nats^2): mean of z^2 over items, formats, sides and trade-offs.
        content: What neither order nor label nor any other axis moves.
        order: What turns with the order; None where it was not varied apart from labels.
        label: What turns with the labels, label set by label set.
        listing: What turns with both.
        slot: What turns with order and label together, where they were not varied apart.
        rest: What the other axes do.
    """

    mean_square: float
    content: float
    order: float | None
    label: float | None
    listing: float | None
    slot: float | None
    rest: float


@dataclass(frozen=True, slots=True)
class Coherence:
    """Agreement with statements and with their plain denials; exactly one of each two is true.

    A bias towards a place or a label draws the sum to 0 whatever is read, so it stands beside content reliability.

    Attributes:
        pairs: Number of pairs.
        excess: Mean over pairs of p(X) + p(not X) - 1, of contents; positive if both are agreed with.
        interval: Its 95 % t interval over pairs; None below two.
        size: Root mean square over pairs of the same.
        by_item: The same of each pair, by the id of the statement.
        content_reliability: That of the model, repeated since neither figure is to be read alone.
    """

    pairs: int
    excess: float
    interval: Interval | None
    size: float
    by_item: dict[str, float]
    content_reliability: float | None


@dataclass(frozen=True, slots=True)
class ContentFloor:
    """What content looks like where there is none: root mean squares of the mean z of items and of controls (nats).

    Attributes:
        content: Of the items of both sides.
        equivalent: Of controls that word one act twice; None without any.
        equivalent_items: Their number.
        identical: Of controls that show one text twice: 0 up to rounding where order and labels are crossed.
        identical_items: Their number.
    """

    content: float
    equivalent: float | None
    equivalent_items: int
    identical: float | None
    identical_items: int


@dataclass(frozen=True, slots=True)
class PredictedEffect:
    """The declared last level of a factor minus its first, within scenarios, towards the declared principle.

    Attributes:
        towards: The principle that the file names.
        first: Where the prediction starts.
        last: Where it ends.
        scenarios: Number of scenarios that carry both levels.
        p: Mean over scenarios on p; positive if the choice moves as predicted.
        z: The same on z (nats).
        p_range: Least and largest scenario, on p.
        z_range: Least and largest scenario, on z.
        p_interval: 95 % t interval over scenarios; None below six.
        z_interval: The same on z.
    """

    towards: str
    first: str
    last: str
    scenarios: int
    p: float
    z: float
    p_range: Interval
    z_range: Interval
    p_interval: Interval | None
    z_interval: Interval | None


@dataclass(frozen=True, slots=True)
class FactorResult:
    """One context factor in one trade-off.

    Attributes:
        scenarios: Number of scenarios that cross the factor.
        information: Its Shapley value in the context term of the budget (nats), as a mean over all scenarios of
            which every cell is there; over factors these add up to the context term of those scenarios.
        turns: Probability that two different levels, all else in the scenario equal, choose differently; a cell
            chooses if its mean p is more than 0.05 from 0.5 and its log-odds above the numeric floor.
        p_size: Mean over scenarios of the largest minus the least level, on p.
        z_size: The same on z (nats).
        predicted: What the file predicts, measured; None without a prediction.
    """

    scenarios: int
    information: float
    turns: float
    p_size: float
    z_size: float
    predicted: PredictedEffect | None


@dataclass(frozen=True, slots=True)
class PooledFactor:
    """One factor over the trade-offs of a model whose gates are open.

    A level's sign depends on which principle a file names first, so sizes are pooled without sign, and signed only
    towards the principle that a file predicts.

    Attributes:
        tradeoffs: Number of trade-offs that carry the factor.
        p_size: Mean over them of `FactorResult.p_size`.
        z_size: The same on z (nats).
        turns: Mean of `FactorResult.turns`.
        predicted_tradeoffs: Number of trade-offs with a prediction.
        predicted_z: Mean of the predicted effect (nats); None without predictions.
        predicted_z_range: Least and largest trade-off.
        predicted_z_interval: 95 % t interval over trade-offs; None below six.
    """

    tradeoffs: int
    p_size: float
    z_size: float
    turns: float
    predicted_tradeoffs: int
    predicted_z: float | None
    predicted_z_range: Interval | None
    predicted_z_interval: Interval | None


@dataclass(frozen=True, slots=True)
class Correction:
    """One side, corrected for what labels and positions pull towards; nothing else in the results is corrected.

    Attributes:
        items: Number of items that were corrected.
        estimated_on: Number of controls or items that the bias was estimated on; those items are not corrected.
        deployed: Weighted mean of p after the correction.
        uncorrected: The same before it, on the same items.
        by_format: Least and largest mean of p that a single variant gives, after the correction.
        by_format_uncorrected: The same before it.
        changed: Weighted share of cells whose likelier option is another one after the correction.
        disagreement: Probability that two random variants of an item choose differently after the correction; None
            with a single variant.
        disagreement_uncorrected: The same before it.
        position: Position bias that is left (nats).
        label: Label bias that is left (nats).
        slot: Slot bias that is left (nats).
    """

    items: int
    estimated_on: int
    deployed: float
    uncorrected: float
    by_format: Interval
    by_format_uncorrected: Interval
    changed: float
    disagreement: float | None
    disagreement_uncorrected: float | None
    position: float | None
    label: float | None
    slot: float | None


@dataclass(frozen=True, slots=True)
class Corrections:
    """Three corrections side by side; None where one cannot be made.

    Attributes:
        grid_average: Every cell replaced by its item's mean log-odds over all formats.
        content_free: The prior that the model's content-free controls show, taken out.
        pride: The prior of a held-out part of the side's clusters, taken out of the others.
    """

    grid_average: Correction | None
    content_free: Correction | None
    pride: Correction | None


@dataclass(frozen=True, slots=True)
class CorrectedGaps:
    """R - S under each correction of both sides, with R - S of the same items before it; None without either."""

    grid_average: tuple[float, float] | None
    content_free: tuple[float, float] | None
    pride: tuple[float, float] | None
