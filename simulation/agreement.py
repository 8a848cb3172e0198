"""How far the estimators are from the truth of one table: the largest difference of each group of figures."""

from __future__ import annotations

from collections.abc import Iterable

from scipy.special import logit

from probe.analysis.results import BiasResult, BudgetResult, FlipsResult, Preference, TradeOffResult
from simulation.truth import BudgetTruth, SideTruth, Truth

__all__ = ["differences"]

Pair = tuple[float | None, float | None]


def differences(found: TradeOffResult, truth: Truth) -> dict[str, float]:
    """Largest absolute difference between results and definitions, by group of figures.

    Raises:
        ValueError: a figure is there on one side only, or the trade-off lacks a side.
    """
    sides = (
        (found.stated, found.bias_stated, found.flips_stated, truth.stated),
        (found.revealed, found.bias, found.flips, truth.revealed),
    )
    groups: dict[str, list[Pair]] = {"preferences": [], "biases": [], "flips": []}
    for preference, bias, flips, exact in sides:
        if preference is None or bias is None or flips is None or found.budget is None:
            raise ValueError("a side is absent")
        groups["preferences"] += _preferences(preference, exact)
        groups["biases"] += _biases(bias, exact)
        groups["flips"] += _flips(flips, exact)
        groups["budget"], groups["format term by axis"] = _budget(found.budget, truth.budget)
    groups["divergences"] = [
        (found.kl_revealed_stated, truth.kl_revealed_stated),
        (found.kl_stated_revealed, truth.kl_stated_revealed),
        (found.jsd, truth.jsd),
    ]
    groups["context effects"] = [
        pair
        for factor, levels in truth.context_effects.items()
        for level, (p, z) in levels.items()
        for pair in ((found.context_effects[factor][level].p, p), (found.context_effects[factor][level].z, z))
    ]
    agreement = found.bias_stated.acquiescence if found.bias_stated else None
    groups["bridge and acquiescence"] = [
        (found.bridge.bridge_to_choice if found.bridge else None, truth.bridge_to_choice),
        (agreement.towards_agreeing if agreement else None, truth.towards_agreeing),
    ]
    return {name: _largest(name, pairs) for name, pairs in groups.items()}


def _largest(name: str, pairs: Iterable[Pair]) -> float:
    largest = 0.0
    for one, other in pairs:
        if one is None and other is None:
            continue
        if one is None or other is None:
            raise ValueError(f"{name}: a figure is on one side only, found {one} and {other}")
        largest = max(largest, abs(one - other))
    return largest


def _preferences(found: Preference, exact: SideTruth) -> list[Pair]:
    return [
        (found.deployed, exact.deployed),
        (float(logit(found.latent)), exact.latent_log_odds),
        (found.greedy, exact.greedy),
        *((found.by_form[form].deployed, value) for form, value in exact.by_form.items()),
        *((found.by_cluster[name], value) for name, value in exact.by_cluster.items()),
    ]


def _biases(found: BiasResult, exact: SideTruth) -> list[Pair]:
    if found.slot is not None:
        return [(found.slot, exact.position), (found.content, exact.latent_log_odds)]
    told = [(value, exact.label_by_set[name]) for name, value in found.label_by_set.items() if value is not None]
    return [(found.position, exact.position), (found.content, exact.latent_log_odds), *told]


def _flips(found: FlipsResult, exact: SideTruth) -> list[Pair]:
    return [
        (found.rate, exact.flip_rate),
        (found.pivot_prevalence, exact.pivot_prevalence),
        (found.disagreement, exact.disagreement),
    ]


def _budget(found: BudgetResult, exact: BudgetTruth) -> tuple[list[Pair], list[Pair]]:
    terms: list[Pair] = [
        (found.total, exact.total),
        (found.format, exact.format),
        (found.context, exact.context),
        (found.scenarios, exact.scenarios),
        (found.gap, exact.gap),
    ]
    axes: list[Pair] = [
        (value, exact.format_by_axis["order" if axis == "slot" else axis])
        for axis, value in found.format_by_axis.items()
    ]
    return terms, axes
