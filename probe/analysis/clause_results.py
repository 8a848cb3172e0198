"""What is said of scenarios with a clause left out, as results.json holds it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ClauseChange", "ClauseScenario", "ClausesResult"]


@dataclass(frozen=True, slots=True)
class ClauseChange:
    """What one clause adds to a scenario's log-odds.

    Attributes:
        number: Of the clause in its scenario, from 1; its item ends in it.
        kind: ``sentence``, ``factor`` or ``option``.
        text: Its words.
        factors: Factors whose phrase is among the words, with the level that was read.
        option: For a clause of an option the principle that it stands for; else empty.
        without: Mean z over formats where it is left out, nats.
        change: Mean z with it minus mean z without it, nats towards the first principle.
        least: Least change in a single format.
        largest: Largest change in a single format.
        turns: Whether the other principle is chosen without it: the mean p over formats is more than .05 above .5 with
            it and as far below without it, or the reverse, and its log-odds are beyond the numeric floor.
        against_levels: For each of its factors, mean z at the level that was read minus the mean at the factor's other
            levels, all else equal, nats; a factor of which a level was not read is not among them.
    """

    number: int
    kind: str
    text: str
    factors: dict[str, str]
    option: str
    without: float
    change: float
    least: float
    largest: float
    turns: bool
    against_levels: dict[str, float]


@dataclass(frozen=True, slots=True)
class ClauseScenario:
    """One scenario at its first context cell.

    Attributes:
        item: The revealed item.
        z: Its mean z over formats, nats.
        clauses: In the order of their numbers.
        summed: Sum of all changes.
        whole: Mean z of the scenario minus mean z where all its clauses are left out at once.
        interaction: `whole` minus `summed`: what clauses do together and not one by one. Changes are not additive.
    """

    item: str
    z: float
    clauses: tuple[ClauseChange, ...]
    summed: float
    whole: float
    interaction: float


@dataclass(frozen=True, slots=True)
class ClausesResult:
    """The clauses of a trade-off's scenarios.

    Attributes:
        floor: Numeric floor of a change, nats: twice that of a log-odds, as it is a difference of two.
        scenarios: By name; those of which every item was read.
        left_out: Scenarios that have none, with the reason.
    """

    floor: float
    scenarios: dict[str, ClauseScenario]
    left_out: dict[str, str]
