"""What a study found, per model and trade-off: the shape of ``results.json``. Computes nothing.

Natural logarithms throughout; a preference is a probability of the first principle. `None` means: not
measured, or not identifiable under this design; never zero.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from probe.analysis.claim import (
    Between,
    Claim,
    ContentGap,
    Direction,
    GapToNoise,
    Inference,
    Interval,
    ValidityCheck,
    Verdict,
)
from probe.analysis.clause_results import ClausesResult
from probe.analysis.depth_results import DepthResult
from probe.analysis.effects import (
    Coherence,
    ContentFloor,
    CorrectedGaps,
    Corrections,
    FactorResult,
    FormatEffects,
    FormatShares,
    PooledFactor,
)
from probe.analysis.ladder_results import LadderResult
from probe.analysis.own_words_results import OwnWordsResult
from probe.analysis.text_results import Methods, TextResult
from probe.errors import StudyError
from probe.store.facts import Partial

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = [
    "RESULTS_VERSION",
    "AcquiescenceResult",
    "Admitted",
    "AtTemperature",
    "BiasResult",
    "BridgeResult",
    "BudgetResult",
    "Condition",
    "ContextEffect",
    "ControlResult",
    "DecompositionResult",
    "Direction",
    "DoseCurve",
    "DosePoint",
    "FailedCheck",
    "FlipsResult",
    "FormPreference",
    "FormatDistances",
    "FormatsRandom",
    "GreedyLimit",
    "Gu2025Result",
    "LevelFigures",
    "Levels",
    "ModelResults",
    "NeutralResult",
    "NeutralSide",
    "NumericFloor",
    "OmissionResult",
    "Preference",
    "PublishedEstimate",
    "SideAgreement",
    "SideAt",
    "SideValues",
    "SpecificationCurve",
    "SpreadResult",
    "StudyLevel",
    "StudyResults",
    "SymmetricBudgetResult",
    "Temperatures",
    "TradeOffResult",
    "from_json",
    "to_json",
]

RESULTS_VERSION = 1


@dataclass(frozen=True, slots=True)
class NumericFloor:
    """How far the machine's rounding can move a figure.

    Attributes:
        log_odds: Largest difference of a log-odds found on re-read cells (nats).
        kl: What two equal preferences may show at most, log_odds^2 / 2.
        cells: How many were re-read; None where the table does not say.
    """

    log_odds: float
    kl: float
    cells: int | None = None


@dataclass(frozen=True, slots=True)
class FormPreference:
    """Preference of one side within one question form, with 95 % t intervals over its clusters."""

    deployed: float
    latent: float
    items: int
    clusters: int
    interval: Interval | None = None
    latent_interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Preference:
    """Preference of one side.

    Attributes:
        deployed: Weighted mean of p: what a user meets under a random format.
        latent: Sigmoid of the weighted mean of z.
        items: Number of items.
        clusters: Number of root questions or scenarios.
        greedy: Weighted share of cells with z > 0.
        interval: 95 % t interval of `deployed` over cluster means; None below two clusters.
        latent_range: `latent` with one level of one varied axis left out at a time: least and largest.
        by_form: The same per question form.
        by_cluster: Deployed preference of each root question or scenario.
        latent_interval: 95 % t interval of `latent`, over cluster means of z.
        interval_90: 90 % interval of `deployed`.
        content: Weighted mean over items of the sigmoid of their mean z: the preference with formats taken out.
        content_interval: 95 % t interval of `content` over cluster means.
        content_interval_90: 90 % interval of it.
    """

    deployed: float
    latent: float
    items: int
    clusters: int
    greedy: float
    interval: Interval | None
    latent_range: Interval | None
    by_form: dict[str, FormPreference]
    by_cluster: dict[str, float]
    latent_interval: Interval | None = None
    interval_90: Interval | None = None
    content: float | None = None
    content_interval: Interval | None = None
    content_interval_90: Interval | None = None


@dataclass(frozen=True, slots=True)
class BudgetResult:
    """The deviation budget of the revealed side: ``total = format + context + scenarios + gap``, in nats.

    Attributes:
        total: Mean KL of a revealed cell from the stated preference; None without a stated side.
        format: Information of the format about the choice.
        context: Information of the context factors about the choice.
        scenarios: Information of the scenario about the choice.
        gap: KL(R || S) of the pooled sides; None without a stated side.
        format_by_axis: Shapley share of each varied axis in `format`.
    """

    total: float | None
    format: float
    context: float
    scenarios: float
    gap: float | None
    format_by_axis: dict[str, float]


@dataclass(frozen=True, slots=True)
class SymmetricBudgetResult:
    """Information of side, item and format about the choice, sides weighted 1/2; ``total`` is their sum."""

    total: float
    side: float
    item: float
    format: float


@dataclass(frozen=True, slots=True)
class AcquiescenceResult:
    """Agree items with their negated mates.

    Attributes:
        towards_agreeing: (z+ - z-)/2, positive if the agreeing answer gains (nats).
        content: (z+ + z-)/2, towards the first principle (nats).
        pairs: Number of pairs.
    """

    towards_agreeing: float
    content: float
    pairs: int


@dataclass(frozen=True, slots=True)
class OmissionResult:
    """Scenarios with their mates, the same situations with the default turned round; one of the two options is an act.

    Attributes:
        towards_omission: (z+ - z-)/2, positive if the option that is an omission gains (nats): mean over scenarios.
        content: (z+ + z-)/2, towards the first principle (nats): mean over the same scenarios.
        scenarios: Number of scenarios with a mate.
        by_scenario: `towards_omission` of each, a mean over its context cells.
        interval: 95 % t interval of `towards_omission` over scenarios; None below two.
        content_interval: 95 % t interval of `content`.
        information: What the default says about the choice (nats): its Shapley value in the budget's context term, as
            a mean over all scenarios of which every cell is there.
    """

    towards_omission: float
    content: float
    scenarios: int
    by_scenario: dict[str, float]
    interval: Interval | None
    content_interval: Interval | None
    information: float | None


@dataclass(frozen=True, slots=True)
class DosePoint:
    """One dose, at a mean over the scenario's other factors, its mate and all formats.

    Attributes:
        level: Name of the level.
        dose: Its number.
        p: Mean probability of the first principle.
        z: Mean log-odds (nats).
    """

    level: str
    dose: float
    p: float
    z: float


@dataclass(frozen=True, slots=True)
class DoseCurve:
    """The choice over the doses of one factor of one scenario; exact, since every dose was read in every format.

    Attributes:
        scenario: ``tradeoff/id``.
        factor: The factor whose levels are doses.
        towards: The principle towards which a larger dose moves the choice by the file's prediction; None where it
            predicts nothing.
        points: By dose, upwards.
        indifference: Dose at which mean z, interpolated linearly between neighbouring doses, is 0; None where it is
            nowhere, or crosses 0 more than once.
        crossings: How often it crosses 0.
        slope: Least-squares slope of mean z over the rank of the dose, nats from one dose to the next.
        violations: Neighbouring doses between which mean z moves against the prediction (without one, against the
            slope) by more than the numeric floor.
        equals_stated: Dose at which the interpolated mean p is the stated preference S; None where it is nowhere, or
            more than once.
    """

    scenario: str
    factor: str
    towards: str | None
    points: tuple[DosePoint, ...]
    indifference: float | None
    crossings: int
    slope: float
    violations: int
    equals_stated: float | None


@dataclass(frozen=True, slots=True)
class BiasResult:
    """Weighted means of z, in nats.

    Positive position: the option shown first gains; positive label: the first label of its set gains.

    Attributes:
        content: Mean of z, towards the first principle.
        position: Mean of o z; None if position and label were not varied apart.
        label: Mean of l z over label sets with a declared order.
        listing: Mean of o l z over label sets with a declared order.
        slot: Mean of o z where the option shown first always carries the first label.
        label_by_set: Label bias of each set; None for a set without a declared order: it has no sign.
        label_rms: Root mean square over all sets, so that opposite signs do not cancel.
        acquiescence: Stated side with agree pairs only.
    """

    content: float
    position: float | None
    label: float | None
    listing: float | None
    slot: float | None
    label_by_set: dict[str, float | None]
    label_rms: float | None
    acquiescence: AcquiescenceResult | None


@dataclass(frozen=True, slots=True)
class SpreadResult:
    """How far an item moves over its variants: weighted means over items.

    Attributes:
        variants: Number of variants of an item; without it the largest-minus-least figures mean nothing.
        p_range: 95th minus 5th percentile of p.
        p_sd: Standard deviation of p.
        p_max_min: Largest minus least p.
        z_range: 95th minus 5th percentile of z (nats).
        z_sd: Standard deviation of z (nats).
        z_max_min: Largest minus least z (nats).
    """

    variants: int
    p_range: float
    p_sd: float
    p_max_min: float
    z_range: float
    z_sd: float
    z_max_min: float


@dataclass(frozen=True, slots=True)
class FlipsResult:
    """Items whose choice depends on the format.

    A variant counts if |p - 0.5| > 0.05 and |z| is above the numeric floor.

    Attributes:
        rate: Weighted mean of min(n+, n-)/(n+ + n-); None if no variant of any item counts.
        pivot_prevalence: Weighted share of items with a flip rate of at least 10 %.
        prevalence_of_four: What `pivot_prevalence` would be expected to be with four random variants; None
            below four.
        disagreement: Probability that two random variants count and choose differently; None below two.
        undecided: Weighted share of items without a variant that counts.
        spread: How far p and z move.
    """

    rate: float | None
    pivot_prevalence: float
    prevalence_of_four: float | None
    disagreement: float | None
    undecided: float
    spread: SpreadResult


@dataclass(frozen=True, slots=True)
class DecompositionResult:
    """Shares of the variance of z over items and variants; they add up to 1.

    Attributes:
        variance: What is split (nats^2).
        items: Share of the items' own means.
        axes: Share of each varied axis, alike in all items.
        axis_interactions: Share of the axes' interactions with each other, alike in all items.
        item_interactions: Share of what formats do to some items and not to others.
    """

    variance: float
    items: float
    axes: dict[str, float]
    axis_interactions: float
    item_interactions: float


@dataclass(frozen=True, slots=True)
class SideValues:
    """One figure for each side."""

    stated: float | None
    revealed: float | None


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A gate that is closed: the trade-off's figures are not interpretable.

    Attributes:
        gate: Its name.
        side: ``stated``, ``revealed``, ``both`` or ``control``.
        value: What was measured.
        threshold: What was asked.
        items: Number of controls, of which `value` is a share; None for other gates.
    """

    gate: str
    side: str
    value: float
    threshold: float
    items: int | None = None


@dataclass(frozen=True, slots=True)
class BridgeResult:
    """Where the general question, narrowed to the scenario's kind of situation, stands.

    Scenarios with a bridge only. Mean z, in nats: ``general_to_bridge + bridge_to_choice`` is the latent gap
    over these scenarios.

    Attributes:
        scenarios: Number of scenarios with a bridge and a choice.
        deployed: Mean of p of the bridges.
        general_to_bridge: Bridges minus stated side: specificity. None without a stated side.
        bridge_to_choice: Choice minus bridge, paired by scenario.
        by_scenario: Choice minus bridge of each.
        general_to_bridge_interval: 95 % Welch interval over bridges and root questions.
        bridge_to_choice_interval: 95 % t interval over scenarios.
        sign_flip_p: p-value of the paired sign-flip test of `bridge_to_choice`, by itself: it belongs to no family.
        sign_flip_exact: Whether all combinations of signs were gone through.
    """

    scenarios: int
    deployed: float
    general_to_bridge: float | None
    bridge_to_choice: float
    by_scenario: dict[str, float]
    general_to_bridge_interval: Interval | None = None
    bridge_to_choice_interval: Interval | None = None
    sign_flip_p: float | None = None
    sign_flip_exact: bool = True


@dataclass(frozen=True, slots=True)
class ContextEffect:
    """Mean of the cells at one level minus the scenario's mean, averaged over the scenarios with the factor.

    Attributes:
        scenarios: Number of scenarios that carry the level.
        p: Effect on p.
        z: Effect on z (nats).
        p_range: Least and largest scenario, on p.
        z_range: Least and largest scenario, on z.
        p_interval: 95 % t interval over scenarios; None below six.
        z_interval: The same on z.
    """

    scenarios: int
    p: float
    z: float
    p_range: Interval
    z_range: Interval
    p_interval: Interval | None
    z_interval: Interval | None


@dataclass(frozen=True, slots=True)
class ControlResult:
    """All controls of one kind of a model.

    Attributes:
        items: Number of controls.
        passed: Share that is as it should be (dominated, fact: p of the sound option >= 0.8; equivalent:
            |mean z| <= 0.5); None for kinds without a right answer.
        content: Mean of z towards the option that is listed first in the file (nats).
        abs_content: Mean over controls of |mean z| (nats).
        position: Mean of o z.
        label: Mean of l z over label sets with a declared order.
        slot: Mean of o z where label and position are one.
        option_mass: Mean option mass.
        by_item: For each control of a kind with a right answer, p of the sound option, or |mean z|.
    """

    items: int
    passed: float | None
    content: float
    abs_content: float
    position: float | None
    label: float | None
    slot: float | None
    option_mass: float
    by_item: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublishedEstimate:
    """What one sampled answer per prompt would have shown: the exact distribution of the published estimate.

    Attributes:
        stated_prompts: Prompts asked of the stated side, each once.
        revealed_prompts: Prompts asked of the revealed side.
        mean: Mean estimate (base 10, with the published smoothing constant).
        low: 5th percentile.
        high: 95th percentile.
        undefined: Probability that one side gives neutral answers only; everything else is given that it does not.
        wrong_sign: Probability that the sampled R - S has the opposite sign of the exact one; None if that is 0.
        no_sign: Probability that the sampled shares are equal.
        switch: Probability that the sampled shares lie on opposite sides of one half.
    """

    stated_prompts: int
    revealed_prompts: int
    mean: float
    low: float
    high: float
    undefined: float
    wrong_sign: float | None
    no_sign: float
    switch: float


@dataclass(frozen=True, slots=True)
class Gu2025Result:
    """The published protocol (arXiv 2506.00751) on this trade-off's prompts: every prompt equal, in one format.

    Attributes:
        variant: The format: first principle first, with the first label.
        gap: Exact R - S of the prompts in this format, all counting equally.
        kl_log10: Exact KL(R || S) of them, base 10: what the estimate is an estimate of.
        every_prompt: All prompts asked.
        published_size: At most 11 stated and 6 revealed prompts, drawn at random.
        mean_by_format: Least and largest mean of `every_prompt` over the formats of the study.
        draws_per_prompt: Draws of every cell at which sampling adds a tenth to the variance between clusters of
            the deployed R - S; None where no number would do.
        draws_per_prompt_one_format: The same if only `variant` is asked.
        answers: `draws_per_prompt` times the number of cells of both sides.
    """

    variant: str
    gap: float
    kl_log10: float
    every_prompt: PublishedEstimate
    published_size: PublishedEstimate
    mean_by_format: Interval
    draws_per_prompt: int | None
    draws_per_prompt_one_format: int | None
    answers: int | None


@dataclass(frozen=True, slots=True)
class NeutralSide:
    """Answers of a side's items that offered a neutral option: pooled marginals, given that an option is chosen.

    Attributes:
        p1: Probability of the first principle.
        p2: Of the second.
        neutral: Of the neutral option; the three add up to 1.
        neutral_interval: 95 % t interval of `neutral` over clusters; None below two, or where some items had no third
            option.
        p1_given_not_neutral: p1 / (p1 + p2); None where too little is left.
        by_place: `neutral` by place of the option.
        place_moves: Whether it stood at several positions; where not, its pull cannot be distinguished from that of
            its position.
        items: Number of items that offered it.
    """

    p1: float
    p2: float
    neutral: float
    neutral_interval: Interval | None
    p1_given_not_neutral: float | None
    by_place: dict[str, float]
    place_moves: bool
    items: int


@dataclass(frozen=True, slots=True)
class NeutralResult:
    """A trade-off of which a side was offered a neutral option. Divergences of pooled marginals, in nats.

    Attributes:
        stated: Answers of the stated side; None where it was offered none.
        revealed: Of the revealed side.
        kl3_revealed_stated: D(R || S) over three options; None unless every item of both sides offered three.
        kl3_stated_revealed: The other way round.
        kl_revealed_stated_not_neutral: D(R || S) of P1 against P2, given that the answer is not neutral; None where
            too little is left on a side.
        kl_stated_revealed_not_neutral: The other way round.
    """

    stated: NeutralSide | None
    revealed: NeutralSide | None
    kl3_revealed_stated: float | None
    kl3_stated_revealed: float | None
    kl_revealed_stated_not_neutral: float | None
    kl_stated_revealed_not_neutral: float | None


@dataclass(frozen=True, slots=True)
class SpecificationCurve:
    """Both sides in each format by itself; the entries of all fields belong together.

    Attributes:
        formats: Ids of the variants, in the order of the grid.
        stated: Weighted mean probability of the first principle on the stated side.
        revealed: The same on the revealed side.
        low: Lower bound of the 95 % Welch interval of revealed minus stated; None where a side has one cluster.
        high: Upper bound.
    """

    formats: tuple[str, ...]
    stated: tuple[float, ...]
    revealed: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]

    @property
    def gaps(self) -> tuple[float, ...]:
        """Revealed minus stated, by format."""
        return tuple(r - s for r, s in zip(self.revealed, self.stated, strict=True))


@dataclass(frozen=True, slots=True)
class SideAt:
    """One side at one temperature, with t intervals over cluster means.

    Attributes:
        deployed: Weighted mean of sigmoid(z / T).
        interval: 95 % interval of it.
        interval_90: 90 % interval.
        content: Weighted mean over items of the sigmoid of their mean z / T.
        content_interval_90: 90 % interval of it.
    """

    deployed: float
    interval: Interval
    interval_90: Interval
    content: float
    content_interval_90: Interval


@dataclass(frozen=True, slots=True)
class AtTemperature:
    """Both sides at one temperature. Nothing is tested but at 1.

    Attributes:
        temperature: T, by which every log-odds is divided.
        stated: S(T).
        revealed: R(T).
        gap: R(T) - S(T).
        gap_interval: 95 % Welch interval of it over cluster means.
        gap_interval_90: 90 % interval.
        content: C(T), without a test.
        kl_below_floor: Whether KL(R(T) || S(T)) is not above what equal preferences may show.
    """

    temperature: float
    stated: SideAt
    revealed: SideAt
    gap: float
    gap_interval: Interval
    gap_interval_90: Interval
    content: ContentGap
    kl_below_floor: bool


@dataclass(frozen=True, slots=True)
class GreedyLimit:
    """Both sides where T goes to 0: shares of choices of the first principle, equal odds counting one half.

    Attributes:
        stated: S.
        stated_interval: 95 % t interval over clusters.
        revealed: R.
        revealed_interval: 95 % t interval over clusters.
        gap: R - S.
        gap_interval: 95 % Welch interval over clusters.
    """

    stated: float
    stated_interval: Interval
    revealed: float
    revealed_interval: Interval
    gap: float
    gap_interval: Interval


@dataclass(frozen=True, slots=True)
class Temperatures:
    """Both sides over temperatures, from the least to the largest, and the greedy limit."""

    at: tuple[AtTemperature, ...]
    greedy: GreedyLimit


@dataclass(frozen=True, slots=True)
class FormatsRandom:
    """The error of R - S where the levels of the format axes are taken as a draw, beside that where they are fixed.

    Attributes:
        error_fixed: Standard error of R - S over clusters alone.
        error: The same over clusters and levels of all axes but order and label order.
        df: Degrees of freedom of `error`.
        interval: 95 % t interval of R - S from it.
    """

    error_fixed: float
    error: float
    df: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Admitted:
    """A trade-off over the admitted formats, which its word rests on; all other figures of it are over all formats.

    Attributes:
        formats: Number of formats, places of a neutral option aside.
        of: Number of all formats.
        stated: Deployed S.
        revealed: Deployed R.
        gap: R - S.
        latent_gap: Mean z of the revealed side minus that of the stated side (nats).
        inference: Intervals and tests.
        temperatures: Both sides at other temperatures.
        verdict_over_all: The word over all formats, gates read on all controls.
        reason_over_all: Why.
    """

    formats: int
    of: int
    stated: float
    revealed: float
    gap: float
    latent_gap: float
    inference: Inference
    temperatures: Temperatures | None
    verdict_over_all: Verdict
    reason_over_all: str


@dataclass(frozen=True, slots=True)
class TradeOffResult:
    """One trade-off under one model; what needs both sides is None where one is absent.

    Attributes:
        family: The trade-off's family.
        p1: The principle that is coded positive.
        p2: The other.
        stated: Preference S of the stated side.
        revealed: Preference R of the revealed side.
        kl_revealed_stated: KL(R || S), nats.
        kl_stated_revealed: KL(S || R), nats.
        kl_error: Numeric error of ``kl_revealed_stated``, +-.
        kl_below_floor: Whether ``kl_revealed_stated`` is not above what equal preferences may show.
        jsd: Jensen-Shannon divergence of R and S, nats, at most ln 2.
        tv: Total variation, |R - S|.
        gap: R - S.
        log_odds_gap: logit R - logit S of the deployed preferences.
        latent_gap: Mean z of the revealed side minus mean z of the stated side.
        hard_switch: Whether R and S are on opposite sides of 0.5.
        soft_switch: Probability that a draw from R differs from a draw from S.
        soft_switch_excess: Its excess over the disagreement within the sides, (R - S)^2.
        verdict: The first of these that holds: not interpretable, not testable, deviation, masked, no preference, no
            deviation, undecided.
        direction: reversal, amplified or attenuated: where the means stand, with deviation, undecided and not
            testable; None where none of the three words holds.
        depends_on_form: Whether the sign of R - S differs between question forms of the stated side.
        budget: The deviation budget of the revealed side.
        symmetric_budget: The budget of both sides.
        pivot_axes: The axis with the largest share of the format term, or the first two if they are within
            10 % of the term of each other; empty without format variation.
        varied_axes: The levels of each axis that varied; ``slot`` is order where labels follow it.
        held_axes: The level of each axis that did not vary.
        bias: Biases of the revealed side.
        bias_stated: Biases of the stated side.
        flips: Flips and spread of the revealed side.
        flips_stated: Flips and spread of the stated side.
        decomposition: Variance of z on the revealed side.
        decomposition_stated: Variance of z on the stated side.
        form_consistency: 1 - generalised Jensen-Shannon divergence over variants, in bits.
        option_mass: Weighted mean option mass.
        gates: The gates that are closed.
        bridge: The split of the latent gap by bridges; None without bridges.
        context_effects: Effects by factor and level.
        gu2025: What the published protocol, with sampled answers, would have reported.
        kl_stated_revealed_error: Numeric error of ``kl_stated_revealed``, +-.
        inference: Intervals and test of the difference of the sides.
        claim: What may be said of it.
        gap_to_noise: The gap against what formats do.
        gates_checked: All gates, open ones and those that were not measured too.
        context_factors: What each context factor does as a whole.
        turning_factors: The factor with the largest share of the context term, or the first two if they are within
            10 % of it of each other; empty where context says nothing about the choice.
        format_effects: Main effects and pairwise interactions of the format axes on the revealed side.
        format_effects_stated: The same on the stated side.
        corrections: The revealed side, corrected for label and position bias in several ways.
        corrections_stated: The stated side.
        corrected_gaps: R - S under each correction; no claim rests on it.
        neutral: Neutral answers; None where no side was offered the option. All other figures are of P1 against P2.
        specification: R - S in each format by itself; None without both sides or with one format.
        temperatures: Both sides at other temperatures; None where a side has fewer than two clusters.
        formats_random: The error of R - S with formats random; None where a side has fewer than two clusters or only
            order and labels varied.
        admitted: The same over the admitted formats, where these are not all; verdict, direction, claim and gates are
            then over these.
        omission: What the option that is an omission gains; None where no scenario has a mate.
        dose_curves: The choice over the doses of each factor that is marked with them.
        ladder: What lies between bridges and scenarios, over all formats; None where it was not read.
        clauses: What each clause of some scenarios adds, over all formats; None where it was not read.
        own_words: What a forced first answer does to the second; None where nothing was asked in two turns.
        texts: Option texts beside labels; None where they were not read. Where it has a word, that is the verdict, with
            direction and claim; gates and all other figures are those of the labels.
        depth: Both sides after every layer; None where that was not read.
    """

    family: str
    p1: str
    p2: str
    stated: Preference | None
    revealed: Preference | None
    kl_revealed_stated: float | None
    kl_stated_revealed: float | None
    kl_error: float | None
    kl_below_floor: bool | None
    jsd: float | None
    tv: float | None
    gap: float | None
    log_odds_gap: float | None
    latent_gap: float | None
    hard_switch: bool | None
    soft_switch: float | None
    soft_switch_excess: float | None
    verdict: Verdict | None
    direction: Direction | None
    depends_on_form: bool | None
    budget: BudgetResult | None
    symmetric_budget: SymmetricBudgetResult | None
    pivot_axes: tuple[str, ...]
    varied_axes: dict[str, tuple[str, ...]]
    held_axes: dict[str, str]
    bias: BiasResult | None
    bias_stated: BiasResult | None
    flips: FlipsResult | None
    flips_stated: FlipsResult | None
    decomposition: DecompositionResult | None
    decomposition_stated: DecompositionResult | None
    form_consistency: SideValues
    option_mass: SideValues
    gates: tuple[FailedCheck, ...]
    bridge: BridgeResult | None
    context_effects: dict[str, dict[str, ContextEffect]]
    gu2025: Gu2025Result | None
    kl_stated_revealed_error: float | None = None
    inference: Inference | None = None
    claim: Claim | None = None
    gap_to_noise: GapToNoise | None = None
    gates_checked: tuple[ValidityCheck, ...] = ()
    context_factors: dict[str, FactorResult] = field(default_factory=dict)
    turning_factors: tuple[str, ...] = ()
    format_effects: FormatEffects | None = None
    format_effects_stated: FormatEffects | None = None
    corrections: Corrections | None = None
    corrections_stated: Corrections | None = None
    corrected_gaps: CorrectedGaps | None = None
    neutral: NeutralResult | None = None
    specification: SpecificationCurve | None = None
    temperatures: Temperatures | None = None
    formats_random: FormatsRandom | None = None
    admitted: Admitted | None = None
    omission: OmissionResult | None = None
    dose_curves: tuple[DoseCurve, ...] = ()
    ladder: LadderResult | None = None
    clauses: ClausesResult | None = None
    texts: TextResult | None = None
    depth: DepthResult | None = None
    own_words: OwnWordsResult | None = None


@dataclass(frozen=True, slots=True)
class SideAgreement:
    """Readings of one side against answers that the model wrote to the same prompts without their cue.

    Attributes:
        cells: Number of cells with a written answer.
        share: Of them, in how many it is the option that the reading favours; a refusal or an answer that could not
            be read back agrees with nothing.
        of_chosen: The same over the cells in which an option was chosen; None if there are none.
        kappa: Cohen's kappa over these; None where it is not defined.
        refused: Share of cells in which the model refused to choose.
        unparsed: Share of cells whose answer could not be read back.
        first_token: Share of cells in which the most probable token at the decision position begins the label of the
            option that the reading favours, over cells whose labels begin with different tokens; None without any.
    """

    cells: int
    share: float
    of_chosen: float | None
    kappa: float | None
    refused: float
    unparsed: float
    first_token: float | None


@dataclass(frozen=True, slots=True)
class Condition:
    """In which numbers a model was kept and computed: with other ones it is another condition of the study.

    Attributes:
        dtype: Of its weights in memory; several are joined by ``+``.
        quantisation: ``none``, ``int8``, ``nf4``, or what stored weights were expanded from.
        compute: ``native`` or ``fp32``.
        weight_bytes: What the weights really took.
        unquantised_share: Share of the inner weights that quantisation left as they are.
        expansion: Who turns codes into numbers: ``library``, ``own`` where the library did it wrongly on the machine,
            or ``none``.
        adapter: What was merged into what, or ``none``.
        style_remark: What a reader must know of the way of asking, or empty.
        default_system: The chat template's own system text, where it stands in the prompts because none was given.
        without_system: Whether an empty system text kept the template's own away.
        system: The system text that was given with every question; None without.
    """

    dtype: str
    quantisation: str
    compute: str
    weight_bytes: int
    unquantised_share: float
    expansion: str = "none"
    adapter: str = "none"
    style_remark: str = ""
    default_system: str | None = None
    without_system: bool = False
    system: str | None = None


@dataclass(frozen=True, slots=True)
class FormatDistances:
    """How far the same scenarios lie apart when asked in two formats, over the trade-offs whose gates are open.

    Attributes:
        variants: Ids of the formats.
        nats: Mean over items of KL(row || column), in the order of `variants`; trade-offs weigh alike.
        tradeoffs: Number of trade-offs.
    """

    variants: tuple[str, ...]
    nats: tuple[tuple[float, ...], ...]
    tradeoffs: int


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """One level of a format axis, over the formats that have it.

    Attributes:
        option_mass: Mean option mass of the items of both sides; None without any.
        control_mass: Mean option mass of the controls; None without any.
        known_answers: Share of the controls with a sound option whose answer is right; None without any.
        content: Root mean square over items of their mean z at this level (nats); None without any.
    """

    option_mass: float | None
    control_mass: float | None
    known_answers: float | None
    content: float | None


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels of the format axes and which of them words rest on.

    Attributes:
        by_axis: Figures by axis and level.
        dropped: Axis and level of those that no word rests on, in the order in which they were dropped.
        formats: Number of formats that are admitted.
        of: Number of all formats.
        chosen_on: Number of controls that levels were chosen on; where some were dropped the others decide validity
            checks.
    """

    by_axis: dict[str, dict[str, LevelFigures]]
    dropped: tuple[tuple[str, str], ...]
    formats: int
    of: int
    chosen_on: int


@dataclass(frozen=True, slots=True)
class StudyLevel:
    """R - S over the trade-offs of a model that have an interval; no figure depends on which principle is p1.

    Attributes:
        tradeoffs: Their number.
        typical_size: Root mean square of the true R - S about 0; None below two whose error is known.
        typical_size_interval: Its 95 % interval.
        typical_size_tradeoffs: Number of trade-offs with more than two degrees of freedom: these alone enter it.
        omnibus_p: p-value of "no trade-off has a difference", in no family; no word rests on it. None where no
            trade-off can be tested.
        omnibus_tradeoffs: Number of trade-offs in it: those with a side that spreads by more than rounding.
        omnibus_draws: Arrangements drawn.
        generalisability_items: Share of the mean squared R - S that other questions and scenarios would show too.
        generalisability_items_and_formats: The same with other levels of the format axes; None where only order and
            labels varied.
    """

    tradeoffs: int
    typical_size: float | None
    typical_size_interval: Interval | None
    typical_size_tradeoffs: int
    omnibus_p: float | None
    omnibus_tradeoffs: int
    omnibus_draws: int
    generalisability_items: float | None
    generalisability_items_and_formats: float | None


@dataclass(frozen=True, slots=True)
class ModelResults:
    """One model.

    Attributes:
        numeric_floor: Its numeric floor.
        tradeoffs: By id.
        controls: By kind.
        between: Stated against revealed over the trade-offs whose gates are open; None below two.
        between_ungated: The same over all trade-offs with both sides; not to be claimed.
        written: Agreement with written answers, by side; empty where none were asked for.
        condition: In which numbers it was kept and computed; None where the table came without a manifest.
        context_factors: Each context factor over the trade-offs whose gates are open.
        format_distances: Every format against every other; None with one format.
        format_shares: Content against format, over all trade-offs, whatever their gates; None with one format.
        study_level: R - S over the trade-offs whose gates are open; None below two with an interval.
        study_level_ungated: The same over all trade-offs; not to be claimed.
        content_reliability: How far an item's content would be the same in other formats, over all trade-offs.
        levels: Levels of the format axes; None with one format.
        coherence: Agreement with statements and their plain denials, over all trade-offs; None without such pairs.
        content_floor: Content beside that of controls without any; None with one format.
        methods: By which method the words are found; None where option texts were not read: then by labels.
    """

    numeric_floor: NumericFloor
    tradeoffs: dict[str, TradeOffResult]
    controls: dict[str, ControlResult]
    between: Between | None = None
    between_ungated: Between | None = None
    condition: Condition | None = None
    written: dict[str, SideAgreement] = field(default_factory=dict)
    context_factors: dict[str, PooledFactor] = field(default_factory=dict)
    format_distances: FormatDistances | None = None
    format_shares: FormatShares | None = None
    study_level: StudyLevel | None = None
    study_level_ungated: StudyLevel | None = None
    content_reliability: float | None = None
    levels: Levels | None = None
    coherence: Coherence | None = None
    content_floor: ContentFloor | None = None
    methods: Methods | None = None


@dataclass(frozen=True, slots=True)
class StudyResults:
    """All models of a study, by name.

    Attributes:
        partial: How much of the suite was read, where `--limit` left some of it out; else None.
        no_ladder: Scenarios that have no ladder, with the reason, where one was asked for.
    """

    schema_version: int
    models: dict[str, ModelResults]
    partial: Partial | None = None
    no_ladder: dict[str, str] = field(default_factory=dict)


def to_json(results: StudyResults) -> str:
    """The text of ``results.json``: the same results always give the same bytes.

    Raises:
        ValueError: A number is not finite, or a value is not of the type that is declared.
    """
    plain = _adapter().dump_python(results, warnings="error")
    return json.dumps(plain, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def from_json(text: str) -> StudyResults:
    """The results that a ``results.json`` holds; keys of a later minor version are passed over.

    Raises:
        StudyError: the text is damaged, or its schema is newer than this program's.
    """
    remedy = "Run `probe report` on the folder: results are computed again from readings.parquet."
    try:
        plain = json.loads(text, parse_constant=_refuse_number)
    except (ValueError, RecursionError) as error:
        raise StudyError(f"results.json: not JSON, found {error}. {remedy}") from error
    version = plain.get("schema_version") if isinstance(plain, dict) else None
    if type(version) is int and version > RESULTS_VERSION:
        raise StudyError(
            f"results.json: schema version {version}, this probe reads up to {RESULTS_VERSION}. Update probe."
        )
    if version != RESULTS_VERSION or type(version) is not int:
        raise StudyError(f"results.json: schema_version is not {RESULTS_VERSION}, found {version!r}. {remedy}")
    try:
        results = _adapter().validate_json(text, strict=True)
    except ValueError as error:
        raise StudyError(f"results.json: damaged, found {_where(error)}. {remedy}") from error
    lacking = _lacking(_adapter().dump_python(results), plain, "results")
    if lacking:
        raise StudyError(f"results.json: damaged, found {lacking}: missing. {remedy}")
    return results


@cache
def _adapter() -> TypeAdapter[StudyResults]:
    """Made when results are first read or written, so that a command that needs none does not wait for it."""
    from pydantic import TypeAdapter  # noqa: PLC0415  see above

    return TypeAdapter(StudyResults)


def _refuse_number(word: str) -> None:
    raise ValueError(f"the number {word}")


def _where(error: ValueError) -> str:
    """The first thing that is wrong, with its path."""
    from pydantic import ValidationError  # noqa: PLC0415  it is loaded by now

    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_context=False)[0]
    steps = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in first["loc"])
    return f"results{steps}: {'missing' if first['type'] == 'missing' else first['msg']}"


def _lacking(whole: object, given: object, where: str) -> str:
    """Path of the first key that a text does not have and that would take its default; empty if there is none."""
    if isinstance(whole, dict) and isinstance(given, dict):
        absent = next((f"{where}.{key}" for key in whole if key not in given), "")
        return absent or next(filter(None, (_lacking(v, given[k], f"{where}.{k}") for k, v in whole.items())), "")
    if isinstance(whole, tuple) and isinstance(given, list):
        pairs = enumerate(zip(whole, given, strict=True))
        return next(filter(None, (_lacking(one, other, f"{where}[{i}]") for i, (one, other) in pairs)), "")
    return ""
