"""Conditions without which a figure is not to be claimed from; a closed gate hides no figure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float64

from probe.analysis.results import ControlResult, Gate
from probe.analysis.weights import cell_weights

__all__ = ["THRESHOLDS", "control_gates", "low_percentile", "mass_gates", "mean_mass"]

THRESHOLDS: Mapping[str, float] = MappingProxyType(
    {
        "option_mass_mean": 0.5,
        "option_mass_p10": 0.1,
        "option_mass_difference": 0.25,
        "dominated": 0.9,
        "fact": 0.9,
        "equivalent": 0.8,
    }
)
"""What each gate asks: at least this much, for the difference at most."""

Masses = tuple[np.ndarray, np.ndarray]
"""Option mass, items x variants, and the weights of the items."""


def mean_mass(mass: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"]) -> float:
    """Weighted mean option mass: how much of the next token is an answer at all."""
    return float(weights @ mass.mean(axis=1))


def low_percentile(
    mass: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"], share: float = 0.1
) -> float:
    """Least mass that at least `share` of the weight does not exceed.

    Example:
        >>> low_percentile(np.array([[0.2, 0.9, 0.9, 0.9]]), np.ones(1))
        0.2
    """
    order = np.argsort(mass, axis=None)
    reached = np.cumsum(cell_weights(weights, mass.shape[1]).flat[order])
    # A sum of many small weights may fall short of the share by rounding.
    place = int(np.searchsorted(reached, share - 1e-12))
    return float(mass.flat[order[min(place, len(order) - 1)]])


def mass_gates(stated: Masses | None, revealed: Masses | None) -> tuple[Gate, ...]:
    """The gates on option mass that are closed."""
    found: list[Gate] = []
    means: list[float] = []
    for side, masses in (("stated", stated), ("revealed", revealed)):
        if masses is None:
            continue
        means.append(mean_mass(*masses))
        for gate, value in (("option_mass_mean", means[-1]), ("option_mass_p10", low_percentile(*masses))):
            if value < THRESHOLDS[gate]:
                found.append(Gate(gate, side, value, THRESHOLDS[gate]))
    if len(means) == 2:
        difference, most = abs(means[0] - means[1]), THRESHOLDS["option_mass_difference"]
        if difference > most:
            found.append(Gate("option_mass_difference", "both", difference, most))
    return tuple(found)


def control_gates(controls: Mapping[str, ControlResult]) -> tuple[Gate, ...]:
    """The gates on a model's controls that are closed; they close every trade-off of the model."""
    return tuple(
        Gate(kind, "control", controls[kind].passed or 0.0, THRESHOLDS[kind])
        for kind in ("dominated", "fact", "equivalent")
        if kind in controls and (controls[kind].passed or 0.0) < THRESHOLDS[kind]
    )
