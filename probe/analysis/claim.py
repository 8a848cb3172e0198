"""What may be said of stated against revealed preferences, and what it rests on: parts of results.json.

Computes nothing. Intervals speak of other questions and scenarios of this kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "Between",
    "CheckState",
    "Claim",
    "ContentGap",
    "Direction",
    "FormGap",
    "GapToNoise",
    "Inference",
    "Interval",
    "Ranks",
    "Reliability",
    "Repeated",
    "SideTest",
    "ValidityCheck",
    "Verdict",
    "Words",
]

Verdict = Literal[
    "not interpretable",
    "not testable",
    "deviation",
    "masked",
    "no preference",
    "no deviation",
    "undecided",
]
"""What is said of a trade-off: the first of these whose conditions hold."""

Direction = Literal["reversal", "amplified", "attenuated"]

CheckState = Literal["open", "closed", "not measured"]

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ValidityCheck:
    """One gate, whether it is closed or not.

    Attributes:
        gate: Its name.
        side: ``stated``, ``revealed``, ``both`` or ``control``.
        value: What was measured; None where nothing was.
        threshold: What is asked.
        state: ``not measured`` closes nothing, and is told.
        repeated: Whether it would be closed at half and at twice each threshold that it rests on.
        items: Number of controls, of which `value` is a share; None for other gates.
    """

    gate: str
    side: str
    value: float | None
    threshold: float
    state: CheckState
    repeated: dict[str, tuple[bool, bool]]
    items: int | None = None


@dataclass(frozen=True, slots=True)
class SideTest:
    """Test of R = S: Welch's t test with clusters exchanged between the sides.

    Attributes:
        statistic: Welch's |t|; None where one side's clusters are flat in such a way that it is infinite.
        p: p-value by itself; arrangements are ranked by their own t test's p-value.
        p_by_t: The same with arrangements ranked by |t|; decides nothing.
        arrangements: How many were gone through or drawn.
        exact: Whether these were all.
    """

    statistic: float | None
    p: float
    p_by_t: float
    arrangements: int
    exact: bool


@dataclass(frozen=True, slots=True)
class ContentGap:
    """C, revealed minus stated content: what R - S would be if formats did nothing.

    Attributes:
        value: C itself.
        interval: 95 % Welch interval over cluster means.
        interval_90: 90 % interval, for two one-sided tests at .05.
        flat: Whether the clusters' contents vary on neither side.
        test: The test of C = 0; None where none is possible.
        less_deployed_interval: 95 % interval of C - D, cluster by cluster: what formats take away from a difference.
        log_odds_gap: Log-odds of the revealed content minus those of the stated content, nats.
    """

    value: float
    interval: Interval
    interval_90: Interval
    flat: bool
    test: SideTest | None
    less_deployed_interval: Interval
    log_odds_gap: float


@dataclass(frozen=True, slots=True)
class FormGap:
    """R minus the stated preference within one question form."""

    gap: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Inference:
    """How sure the difference between the sides is; None where a side has fewer than two clusters.

    Attributes:
        gap_interval: 95 % Welch interval of R - S over cluster means, cut to [-1, 1].
        gap_interval_90: 90 % interval, for two one-sided tests at .05.
        gap_flat: Whether clusters vary on neither side, so that the interval is a point and nothing is tested.
        latent_gap_interval: 95 % Welch interval of mean z, revealed minus stated.
        kl_revealed_stated_interval: 95 % interval of KL(R || S), through its signed root.
        kl_stated_revealed_interval: The same of KL(S || R).
        kl_bias: By how much a plug-in KL is too large on average if the sides do not differ.
        test: The test of R = S; None where none is possible.
        gap_by_form: R - S for each form of stated question.
        numeric_error: How far the machine's rounding can move R - S, about.
        content: The same of the contents.
    """

    gap_interval: Interval | None
    gap_interval_90: Interval | None
    gap_flat: bool
    latent_gap_interval: Interval | None
    kl_revealed_stated_interval: Interval | None
    kl_stated_revealed_interval: Interval | None
    kl_bias: float | None
    test: SideTest | None
    gap_by_form: dict[str, FormGap]
    numeric_error: float
    content: ContentGap | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A verdict with its direction.

    Attributes:
        verdict: What may be said.
        direction: Where the means stand, with "deviation", "undecided" and "not testable"; None where no word holds.
        shift_of_preference: Whether a deviation is one of the latent preferences as well.
        by_format: Whether a deviation is not shown by the contents, so that formats make it.
        at_ceiling: Whether, with "no deviation", both contents are beyond .95 or both below .05.
    """

    verdict: Verdict
    direction: Direction | None
    shift_of_preference: bool
    by_format: bool = False
    at_ceiling: bool = False


@dataclass(frozen=True, slots=True)
class Repeated:
    """The verdict with one threshold at half and at twice its value."""

    half: Verdict
    twice: Verdict


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of one trade-off under one model, and what would be said otherwise.

    Attributes:
        p_adjusted: p-value of the test, adjusted for the family after Holm; None without a test.
        family: Number of tests in the family: models of the study times its trade-offs.
        shift_of_preference: Whether the claim may be called a shift of preference.
        depends_on_form: Whether the claim's sign is not that of every form of stated question.
        reason: Why it is this verdict, in one sentence with its figures.
        ungated: What would be said if no gate were closed; not to be claimed where one is.
        repeated: The verdict with each threshold at half and at twice.
        p_content_adjusted: p-value of the test of C = 0, adjusted for a family of its own, of the same size.
        by_format: Whether the claim is a deviation that formats make.
        at_ceiling: Whether the claim is "no deviation" where nothing else could be seen.
        format_axes: The format axis that moves the answers most, or two that cannot be distinguished, where formats
            hide or make a gap; empty elsewhere.
        least_p: Least p-value that the numbers of clusters allow; None where a side has fewer than two.
        by_temperature: The word without validity checks at each temperature, intervals anew and tests those at 1;
            empty where a side has fewer than two clusters.
    """

    p_adjusted: float | None
    family: int
    shift_of_preference: bool
    depends_on_form: bool
    reason: str
    ungated: Words
    repeated: dict[str, Repeated]
    p_content_adjusted: float | None = None
    by_format: bool = False
    at_ceiling: bool = False
    format_axes: tuple[str, ...] = ()
    least_p: float | None = None
    by_temperature: dict[str, Verdict] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GapToNoise:
    """The marginal gap against the information of the format: a description, no condition of a claim.

    Attributes:
        ratio: KL(R || S) over the mean format information of the sides; None where that is below its floor.
        noise: Mean format information of the sides, nats.
        noise_below_floor: Whether `noise` is not above what rounding may show.
        same_sign: Share of variants (the places of a neutral option averaged) in which R - S has the sign it has
            overall; None if it is 0.
    """

    ratio: float | None
    noise: float
    noise_below_floor: bool
    same_sign: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """Split-half reliability over trade-offs, stepped up after Spearman and Brown, median of the splits.

    Attributes:
        stated: Halves of the root questions.
        revealed: Halves of the scenarios.
        format_stated: Halves of the formats, stated side; None where only order and label order varied.
        format_revealed: Halves of the formats, revealed side.
        splits: Number of splits.
    """

    stated: float | None
    revealed: float | None
    format_stated: float | None
    format_revealed: float | None
    splits: int


@dataclass(frozen=True, slots=True)
class Ranks:
    """Principles ordered by Bradley-Terry strengths (log-odds, mean 0) on each side.

    Attributes:
        stated: Strength of each principle on the stated side.
        revealed: The same on the revealed side.
        spearman: Rank correlation of the two; None below three principles.
    """

    stated: dict[str, float]
    revealed: dict[str, float]
    spearman: float | None


@dataclass(frozen=True, slots=True)
class Between:
    """Stated against revealed preferences over the trade-offs of a model; no figure depends on which principle is p1.

    Attributes:
        tradeoffs: Their number.
        same_sign: Share in which both sides lean to the same principle.
        same_sign_interval: 95 % interval over trade-offs (Clopper and Pearson).
        cosine: sum z_S z_R / sqrt(sum z_S^2 sum z_R^2) of the deployed log-odds.
        cosine_interval: 95 % interval over trade-offs (jackknife of its inverse hyperbolic tangent).
        cosine_latent: The same of the latent log-odds.
        reliability: How far each side would agree with itself.
        ceiling_corrected: `cosine` over the root of the product of the reliabilities over clusters; None where
            one of them is below .5.
        ranks: Ranks of the principles; None where refused.
        ranks_refused: Why there are no ranks.
    """

    tradeoffs: int
    same_sign: float
    same_sign_interval: Interval
    cosine: float | None
    cosine_interval: Interval | None
    cosine_latent: float | None
    reliability: Reliability
    ceiling_corrected: float | None
    ranks: Ranks | None
    ranks_refused: str | None
