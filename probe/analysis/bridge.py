"""The general question narrowed to one scenario's kind of situation: specificity told apart from choosing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from probe.analysis.logspace import sigmoid
from probe.analysis.preference import deployed_log_odds
from probe.analysis.results import BridgeResult
from probe.analysis.weights import nested_weights

__all__ = ["split_by_bridges"]

Cells = Float64[np.ndarray, "items variants"]


def split_by_bridges(
    bridges: tuple[Sequence[str], Cells],
    choices: tuple[Sequence[str], Float64[np.ndarray, "choices variants"]],
    stated: float | None,
) -> BridgeResult | None:
    """The latent gap in two steps, over the scenarios that have both a bridge and a choice.

    Args:
        bridges: Scenario of each bridge item, and its log-odds (nats).
        choices: Scenario of each revealed item, and its log-odds; a scenario's cells count equally.
        stated: Mean z of the stated side; None without one.
    """
    of_bridge, of_choice = _by_scenario(*bridges), _by_scenario(*choices)
    paired = sorted(of_bridge.keys() & of_choice.keys())
    if not paired:
        return None
    own = [row for row, scenario in enumerate(bridges[0]) if scenario in of_choice]
    weights = nested_weights([bridges[0][row] for row in own])
    mean = float(np.mean([of_bridge[scenario] for scenario in paired]))
    differences = {scenario: of_choice[scenario] - of_bridge[scenario] for scenario in paired}
    return BridgeResult(
        scenarios=len(paired),
        deployed=sigmoid(deployed_log_odds(bridges[1][own], weights)),
        general_to_bridge=None if stated is None else mean - stated,
        bridge_to_choice=float(np.mean(list(differences.values()))),
        by_scenario=differences,
    )


def _by_scenario(scenarios: Sequence[str], z: Cells) -> dict[str, float]:
    names = np.array(scenarios)
    return {name: float(z[names == name].mean()) for name in sorted(set(scenarios))}
