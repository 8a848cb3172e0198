"""One trade-off under one model: both sides' figures and what is seen only across them."""

from __future__ import annotations

from probe.analysis.bridge import Draws, split_by_bridges
from probe.analysis.budget import budget, symmetric_budget
from probe.analysis.cells import Cells
from probe.analysis.claim import Inference, ValidityCheck
from probe.analysis.comparison import compare
from probe.analysis.context import context_effects
from probe.analysis.context_factors import factor_results
from probe.analysis.corrections import corrected_gaps
from probe.analysis.effects import FactorResult
from probe.analysis.inference import infer
from probe.analysis.neutral import neutral_result, not_neutral
from probe.analysis.neutral_grids import NeutralGrids
from probe.analysis.noise import gap_to_noise
from probe.analysis.permutation import draws_for, seed_of
from probe.analysis.results import (
    BridgeResult,
    BudgetResult,
    SideValues,
    SymmetricBudgetResult,
    TradeOffResult,
)
from probe.analysis.sampled_protocol import sampled_instead
from probe.analysis.shapley import named_axes
from probe.analysis.side import Setting, SideFigures, Sides
from probe.analysis.specification import specification_curve
from probe.analysis.temperature import over_temperatures
from probe.analysis.validity_checks import failed_checks, mass_checks, neutral_check, numeric_check
from probe.analysis.whole_study import formats_random
from probe.store.facts import TradeOffFacts

__all__ = ["analyse_tradeoff"]


def analyse_tradeoff(
    name: str, cells: Cells | NeutralGrids, sides: Sides, facts: TradeOffFacts, setting: Setting
) -> TradeOffResult:
    """Everything that is said of one trade-off under one model, but for the claim: that needs the whole family.

    Args:
        name: Its id.
        cells: Its stated, bridge and revealed items; any side may be absent.
        sides: Figures of its sides.
        facts: Its family and principles.
        setting: What it shares with the model's other trade-offs.
    """
    s, r = sides.stated, sides.revealed
    formats = r.cells.formats if r else setting.formats
    parts = _budget(s, r)
    both = compare(s, r, setting.delta)
    inference = infer(name, s, r, setting) if s and r else None
    checks = _checks(s, r, inference, setting)
    factors = factor_results(r.cells.items, r.cells.z, setting.delta, facts.p1, facts.predicts) if r else {}
    return TradeOffResult(
        family=facts.family,
        p1=facts.p1,
        p2=facts.p2,
        stated=s.preference if s else None,
        revealed=r.preference if r else None,
        kl_revealed_stated=both.kl_revealed_stated,
        kl_stated_revealed=both.kl_stated_revealed,
        kl_error=both.kl_error,
        kl_below_floor=both.kl_below_floor,
        jsd=both.jsd,
        tv=both.tv,
        gap=both.gap,
        log_odds_gap=both.log_odds_gap,
        latent_gap=both.latent_gap,
        hard_switch=both.hard_switch,
        soft_switch=both.soft_switch,
        soft_switch_excess=both.soft_switch_excess,
        verdict=None,
        direction=both.direction,
        depends_on_form=both.depends_on_form,
        budget=parts,
        symmetric_budget=_symmetric(s, r),
        pivot_axes=named_axes(parts.format_by_axis, parts.format) if parts else (),
        varied_axes=dict(formats.varied),
        held_axes=dict(formats.fixed),
        bias=r.bias if r else None,
        bias_stated=s.bias if s else None,
        flips=r.flips if r else None,
        flips_stated=s.flips if s else None,
        decomposition=r.decomposition if r else None,
        decomposition_stated=s.decomposition if s else None,
        form_consistency=SideValues(s.consistency if s else None, r.consistency if r else None),
        option_mass=SideValues(s.mass if s else None, r.mass if r else None),
        gates=failed_checks(checks),
        bridge=_bridge(name, cells, sides, setting),
        context_effects=context_effects(r.cells.items, r.cells.z) if r else {},
        gu2025=sampled_instead(s, r),
        kl_stated_revealed_error=both.kl_stated_revealed_error,
        inference=inference,
        gap_to_noise=gap_to_noise(s, r, setting.delta) if s and r else None,
        gates_checked=checks,
        context_factors=factors,
        turning_factors=_reversing(factors),
        format_effects=r.effects if r else None,
        format_effects_stated=s.effects if s else None,
        corrections=r.corrections if r else None,
        corrections_stated=s.corrections if s else None,
        corrected_gaps=corrected_gaps(s.corrections, r.corrections) if s and r else None,
        neutral=neutral_result(s, r, setting.thresholds["not_neutral"]),
        specification=specification_curve(s, r, setting.formats),
        temperatures=over_temperatures(s, r, setting.delta) if s and r else None,
        formats_random=formats_random(s, r, setting) if s and r and inference and inference.gap_interval else None,
    )


def _reversing(factors: dict[str, FactorResult]) -> tuple[str, ...]:
    shares = {name: factor.information for name, factor in factors.items()}
    return named_axes(shares, sum(shares.values(), 0.0))


def _checks(
    stated: SideFigures | None, revealed: SideFigures | None, inference: Inference | None, setting: Setting
) -> tuple[ValidityCheck, ...]:
    masses = [(side.cells.mass, side.weights) if side else None for side in (stated, revealed)]
    of_masses = mass_checks(masses[0], masses[1], setting.thresholds)
    of_numbers = (numeric_check(inference.numeric_error, setting.thresholds),) if inference else ()
    return of_masses + _neutral_checks(stated, revealed, setting) + of_numbers + setting.checks


def _neutral_checks(
    stated: SideFigures | None, revealed: SideFigures | None, setting: Setting
) -> tuple[ValidityCheck, ...]:
    """A gate for each side that was offered a neutral option."""
    sides = {"stated": stated, "revealed": revealed}
    offered = {name: side for name, side in sides.items() if side and "neutral" in side.cells.formats.axes}
    return tuple(neutral_check(name, not_neutral(side), setting.thresholds) for name, side in offered.items())


def _budget(stated: SideFigures | None, revealed: SideFigures | None) -> BudgetResult | None:
    if revealed is None:
        return None
    scenarios = [item.cluster for item in revealed.cells.items]
    reference = stated.log_odds if stated else None
    return budget(revealed.cells.z, revealed.weights, scenarios, reference, revealed.cells.formats)


def _symmetric(stated: SideFigures | None, revealed: SideFigures | None) -> SymmetricBudgetResult | None:
    if stated is None or revealed is None:
        return None
    return symmetric_budget(stated.cells.z, stated.weights, revealed.cells.z, revealed.weights)


def _bridge(name: str, cells: Cells | NeutralGrids, sides: Sides, setting: Setting) -> BridgeResult | None:
    bridges, stated, revealed = cells.of_side("bridge"), sides.stated, sides.revealed
    if revealed is None or not bridges.items:
        return None
    return split_by_bridges(
        ([item.cluster for item in bridges.items], bridges.z),
        ([item.cluster for item in revealed.cells.items], revealed.cells.z),
        stated.clusters if stated else None,
        Draws(draws_for(setting.family), seed_of(setting.model, name, "bridge")),
    )
