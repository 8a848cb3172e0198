"""Words over the admitted levels of the format axes, with the word over all formats beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from probe.analysis.cells import Cells
from probe.analysis.claim import ValidityCheck
from probe.analysis.claims import claim_all
from probe.analysis.controls import content_free_log_odds, control_results
from probe.analysis.formats import SLOT, Formats, lay_formats
from probe.analysis.levels import admit, is_for_choosing, kept_variants, known_controls, level_figures
from probe.analysis.neutral_grids import NeutralGrids
from probe.analysis.results import Admitted, Levels, ModelResults, TradeOffResult
from probe.analysis.side import Setting, Sides, read_sides
from probe.analysis.tradeoff import analyse_tradeoff
from probe.analysis.validity_checks import control_checks
from probe.store.facts import StudyFacts

__all__ = ["find_levels", "over_admitted", "restricted", "word_over_admitted"]

Dropped = Sequence[tuple[str, str]]


def find_levels(cells: NeutralGrids, sides: Iterable[Sides], facts: StudyFacts, setting: Setting) -> Levels | None:
    """Figures of every level and which levels are admitted; None with one format.

    Args:
        cells: Of the model.
        sides: Figures of its trade-offs.
        facts: The study.
        setting: What the trade-offs share.
    """
    formats = setting.formats
    if not formats.varied:
        return None
    sound = setting.thresholds["sound_probability"]
    half = known_controls(cells.plain, facts.controls, sound, choosing=True)
    dropped = admit(half, formats)
    return Levels(
        by_axis=level_figures(known_controls(cells.plain, facts.controls, sound), sides, formats),
        dropped=dropped,
        formats=int(kept_variants(formats, dropped).sum()),
        of=len(formats.variants),
        chosen_on=len(half.mass),
    )


def over_admitted(
    cells: NeutralGrids, facts: StudyFacts, setting: Setting, levels: Levels | None, written: tuple[ValidityCheck, ...]
) -> dict[str, TradeOffResult]:
    """All trade-offs over the admitted formats, gates on controls read on the half that levels were not chosen on.

    Empty where no level is dropped: nothing was chosen, and every control judges.

    Args:
        cells: Of the model.
        facts: The study.
        setting: What the trade-offs share over all formats.
        levels: From `find_levels`.
        written: Gates on written answers.
    """
    if levels is None or not levels.dropped:
        return {}
    plain = restricted(cells.plain, levels.dropped)
    kept = NeutralGrids(plain, restricted(cells.offered, levels.dropped) if cells.offered else None)
    controls = control_results(
        _judging(plain), facts.controls, plain.formats, facts.unordered_label_sets, setting.thresholds
    )
    own = replace(
        setting,
        formats=plain.formats,
        checks=control_checks(controls, setting.thresholds) + written,
        content_free=content_free_log_odds(plain, facts.controls),
    )
    found = {}
    for name, about in sorted(facts.tradeoffs.items()):
        of_tradeoff = kept.of_tradeoff(name)
        found[name] = analyse_tradeoff(name, of_tradeoff, read_sides(of_tradeoff, about.p1, own), about, own)
    return found


def restricted(cells: Cells, dropped: Dropped) -> Cells:
    """The cells in the formats that have none of these levels."""
    kept = kept_variants(cells.formats, dropped)
    formats = _without(cells.formats, dropped)
    return Cells(cells.items, cells.z[:, kept], cells.mass[:, kept], formats, cells.neutral[:, kept])


def word_over_admitted(
    models: Mapping[str, ModelResults],
    admitted: Mapping[str, Mapping[str, TradeOffResult]],
    family: int,
    thresholds: Mapping[str, float],
) -> dict[str, ModelResults]:
    """The same results with claims over the admitted formats, and over all of them where these differ.

    Args:
        models: Results by model over all formats, without claims.
        admitted: Trade-offs of each model over its admitted formats; empty where these are all.
        family: Number of tests planned.
        thresholds: What gates and claims ask.
    """
    own = {name: replace(one, tradeoffs=dict(admitted[name]) or one.tradeoffs) for name, one in models.items()}
    claimed = claim_all(own, family, thresholds)
    if not any(admitted.values()):
        return claimed
    over_all = claim_all(models, family, thresholds)
    return {name: _both(over_all[name], claimed[name]) if admitted[name] else claimed[name] for name in models}


def _both(over_all: ModelResults, claimed: ModelResults) -> ModelResults:
    reported = {
        name: _beside(one, claimed.tradeoffs[name], over_all.levels) for name, one in over_all.tradeoffs.items()
    }
    return replace(over_all, tradeoffs=reported)


def _beside(over_all: TradeOffResult, own: TradeOffResult, levels: Levels | None) -> TradeOffResult:
    gates = replace(over_all, gates=own.gates, gates_checked=own.gates_checked)
    stated, revealed = own.stated, own.revealed
    if levels is None or own.inference is None or stated is None or revealed is None or own.gap is None:
        return gates
    if over_all.verdict is None or over_all.claim is None or own.latent_gap is None:
        return gates
    admitted = Admitted(
        formats=levels.formats,
        of=levels.of,
        stated=stated.deployed,
        revealed=revealed.deployed,
        gap=own.gap,
        latent_gap=own.latent_gap,
        inference=own.inference,
        temperatures=own.temperatures,
        verdict_over_all=over_all.verdict,
        reason_over_all=over_all.claim.reason,
    )
    return replace(gates, verdict=own.verdict, direction=own.direction, claim=own.claim, admitted=admitted)


def _judging(cells: Cells) -> Cells:
    """Without the controls that levels were chosen on."""
    rows = range(len(cells.items))
    return cells.take([row for row in rows if cells.items[row].fixed or not is_for_choosing(cells.items[row].id)])


def _without(formats: Formats, dropped: Dropped) -> Formats:
    gone = set(dropped)
    axes: dict[str, tuple[str, ...]] = {axis: (level,) for axis, level in formats.fixed.items()}
    for axis, levels in formats.varied.items():
        axes["order" if axis == SLOT else axis] = tuple(level for level in levels if (axis, level) not in gone)
    return lay_formats(axes)
