"""What context factors, formats and corrections do: the shapes in ``results.json``. Computes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from probe.analysis.claim import Interval

__all__ = ["FactorResult", "PooledFactor", "PredictedEffect"]


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
