"""What is said of the ladder between a bridge and its scenario, as results.json holds it."""

from __future__ import annotations

from dataclasses import dataclass

from probe.analysis.claim import Interval

__all__ = ["BareOptions", "LadderResult", "SameFacts", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """A mean over scenarios, in nats of log-odds towards the first principle.

    Attributes:
        value: The mean.
        interval: 95 % t interval over scenarios; None below two.
    """

    value: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class SameFacts:
    """What one does against what should come first, with the same situation told: ``111`` minus ``100``.

    Attributes:
        difference: Paired by scenario.
        sign_flip_p: p-value of the sign-flip test over scenarios.
        sign_flip_exact: Whether all combinations of signs were gone through.
        p_adjusted: After Holm, in the family of this test over the study's models and trade-offs; it is no claim of
            the study's own family.
        inconsistent: Whether the difference is one: adjusted p at most .05, beyond the numeric floor, no gate closed.
    """

    difference: Step
    sign_flip_p: float
    sign_flip_exact: bool
    p_adjusted: float
    inconsistent: bool


@dataclass(frozen=True, slots=True)
class BareOptions:
    """The options of the scenarios without any situation: the partial-input baseline.

    Attributes:
        deployed: Mean of p.
        latent: Mean z.
        share: Mean z of the bare options over mean z of the scenarios; None where the latter is within the numeric
            floor or its 95 % interval holds 0, as nothing is divided by nothing.
    """

    deployed: float
    latent: Step
    share: float | None


@dataclass(frozen=True, slots=True)
class LadderResult:
    """The log-odds between bridges and scenarios, taken apart: paired by scenario, mean z over formats.

    ``vignette + wording + should_to_do`` is ``total``, without a residual; so are the steps of the path.

    Attributes:
        scenarios: Number of scenarios with every cell.
        contexts: Number of their context cells.
        cells: Mean z of each cell, nats.
        total: ``111`` minus ``000``.
        vignette: What telling the situation adds, by Shapley at *should*.
        wording: What options worded as acts add, by Shapley at *should*.
        should_to_do: ``111`` minus ``110``.
        path: Steps of the one path ``000``, ``100``, ``110``, ``111``, by their cells.
        general_to_bridge: ``000`` minus the stated side: specificity. None without a stated side.
        first_to_mean: The first context cell minus the mean over the scenario's cells, as both were read.
        same_facts: ``111`` minus ``100``.
        bare: The options alone.
        by_scenario: Mean z of each cell of each scenario.
        left_out: Scenarios of the trade-off without a ladder, with the reason.
    """

    scenarios: int
    contexts: int
    cells: dict[str, float]
    total: Step
    vignette: Step
    wording: Step
    should_to_do: Step
    path: dict[str, Step]
    general_to_bridge: Step | None
    first_to_mean: Step
    same_facts: SameFacts
    bare: BareOptions
    by_scenario: dict[str, dict[str, float]]
    left_out: dict[str, str]
