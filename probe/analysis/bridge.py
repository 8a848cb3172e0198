"""The general question narrowed to one scenario's kind of situation: specificity distinguished from choosing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from probe.analysis.claim import Interval
from probe.analysis.intervals import equal_weights, t_interval, welch
from probe.analysis.logspace import sigmoid
from probe.analysis.permutation import flip
from probe.analysis.preference import Clusters, deployed_log_odds
from probe.analysis.results import BridgeResult
from probe.analysis.weights import nested_weights

__all__ = ["Draws", "split_by_bridges"]

Cells = Float64[np.ndarray, "items variants"]


@dataclass(frozen=True, slots=True)
class Draws:
    """How many random combinations of signs are drawn where there are too many for all, and from which seed."""

    number: int
    seed: list[int]


def split_by_bridges(
    bridges: tuple[Sequence[str], Cells],
    choices: tuple[Sequence[str], Float64[np.ndarray, "choices choice_variants"]],
    stated: Clusters | None,
    draws: Draws,
) -> BridgeResult | None:
    """The latent gap in two steps, over the scenarios that have both a bridge and a choice.

    Args:
        bridges: Scenario of each bridge item, and its log-odds (nats).
        choices: Scenario of each revealed item, and its log-odds; a scenario's cells count equally. Formats may be
            others than the bridges' where only one of them offers a neutral option.
        stated: Root questions of the stated side; None without one.
        draws: For the sign-flip test of choice minus bridge.
    """
    of_bridge, of_choice = _by_scenario(*bridges), _by_scenario(*choices)
    paired = sorted(of_bridge.keys() & of_choice.keys())
    if not paired:
        return None
    own = [row for row, scenario in enumerate(bridges[0]) if scenario in of_choice]
    weights = nested_weights([bridges[0][row] for row in own])
    middle = np.array([of_bridge[scenario] for scenario in paired])
    differences = np.array([of_choice[scenario] for scenario in paired]) - middle
    tested = flip(differences, draws.number, draws.seed)
    return BridgeResult(
        scenarios=len(paired),
        deployed=sigmoid(deployed_log_odds(bridges[1][own], weights)),
        general_to_bridge=None if stated is None else float(middle.mean() - stated.weights @ stated.latent),
        bridge_to_choice=float(differences.mean()),
        by_scenario=dict(zip(paired, differences.tolist(), strict=True)),
        general_to_bridge_interval=_from_general(middle, stated),
        bridge_to_choice_interval=t_interval(differences, equal_weights(len(paired))),
        sign_flip_p=float(tested.p),
        sign_flip_exact=tested.exact,
    )


def _from_general(middle: Float64[np.ndarray, " scenarios"], stated: Clusters | None) -> Interval | None:
    if stated is None or min(len(middle), len(stated.names)) < 2:
        return None
    low, high = welch(middle, stated.latent, equal_weights(len(middle)), stated.weights).interval()
    return float(low), float(high)


def _by_scenario(scenarios: Sequence[str], z: Cells) -> dict[str, float]:
    names = np.array(scenarios)
    return {name: float(z[names == name].mean()) for name in sorted(set(scenarios))}
