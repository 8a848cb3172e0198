"""What is known of a made-up study: every parameter that its readings are drawn from. Draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from probe.design.items import Axis
from simulation.laws import Law, normal

__all__ = [
    "FORMS",
    "TWO",
    "Control",
    "FormatEffects",
    "Mass",
    "Revealed",
    "Root",
    "Scenario",
    "Spread",
    "Stated",
    "TradeOff",
    "World",
    "nine_roots",
]

TWO = ("p1", "p2")
"""Both levels of order and of label order."""

FORMS = ("choose", "agree", "advise")
"""Forms of a stated question."""


@dataclass(frozen=True, slots=True)
class FormatEffects:
    """What the format adds to a log-odds, in nats.

    Attributes:
        position: Gain of the option shown first.
        label: Gain of the first label of its set, by set; 0 for a set that is not named.
        listing: Gain of p1 where the first label is shown first.
        levels: Gain of p1 at a level of an axis, in whichever order: what no averaging over order removes.
        items: Standard deviation of what a single format does to a single item.
    """

    position: float = 0.0
    label: Mapping[str, float] = field(default_factory=dict)
    listing: float = 0.0
    levels: Mapping[Axis, Mapping[str, float]] = field(default_factory=dict)
    items: float = 0.0


@dataclass(frozen=True, slots=True)
class Spread:
    """How items differ, in nats.

    Attributes:
        between: Standard deviation over clusters.
        within: Standard deviation over the items of a cluster, normal.
        law: Shape of the spread over clusters.
    """

    between: float = 1.0
    within: float = 0.3
    law: Law = normal


@dataclass(frozen=True, slots=True)
class Mass:
    """Option mass of a cell: `low` with probability `low_share`, else `usual`."""

    usual: float = 0.98
    low: float = 0.02
    low_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Root:
    """A stated question.

    Attributes:
        form: One of `FORMS`.
        rewordings: Number of them beside the question itself.
        mate: Whether it has a negated mate (agree form only).
    """

    form: str = "choose"
    rewordings: int = 0
    mate: bool = False


@dataclass(frozen=True, slots=True)
class Stated:
    """The stated side of a trade-off.

    Attributes:
        content: Mean log-odds towards p1 before any effect, nats.
        roots: Its questions.
        spread: How they differ.
        forms: What a question form adds.
        acquiescence: What the agreeing answer of an agree item gains.
        formats: What the format adds.
        mass: Option mass.
    """

    content: float
    roots: tuple[Root, ...]
    spread: Spread = Spread()
    forms: Mapping[str, float] = field(default_factory=dict)
    acquiescence: float = 0.0
    formats: FormatEffects = field(default_factory=FormatEffects)
    mass: Mass = Mass()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story: the context factors that it crosses, and whether it has a bridge."""

    factors: tuple[str, ...] = ()
    bridge: bool = False


@dataclass(frozen=True, slots=True)
class Revealed:
    """The revealed side of a trade-off.

    Attributes:
        content: Mean log-odds towards p1 before any effect, nats.
        scenarios: Its stories.
        spread: How they differ.
        factors: What each level of a context factor adds.
        bridge: What narrowing to a bridge adds; the bridge shares its scenario's draw.
        formats: What the format adds.
        mass: Option mass.
    """

    content: float
    scenarios: tuple[Scenario, ...]
    spread: Spread = Spread()
    factors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    bridge: float = 0.0
    formats: FormatEffects = field(default_factory=FormatEffects)
    mass: Mass = Mass()


@dataclass(frozen=True, slots=True)
class TradeOff:
    """Both sides of a trade-off; either may be absent."""

    stated: Stated | None
    revealed: Revealed | None


@dataclass(frozen=True, slots=True)
class Control:
    """A control of some kind: mean log-odds towards its first option, which is the sound one where one is."""

    kind: str
    content: float
    formats: FormatEffects = field(default_factory=FormatEffects)


@dataclass(frozen=True, slots=True)
class World:
    """A whole study of one model.

    Attributes:
        tradeoffs: By id.
        axes: Levels of each format axis that varies.
        controls: Its controls; they belong to the first trade-off.
        unordered: Label sets without a declared order.
    """

    tradeoffs: Mapping[str, TradeOff]
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"order": TWO, "label_order": TWO})
    controls: tuple[Control, ...] = ()
    unordered: tuple[str, ...] = ()


def nine_roots(rewordings: int = 1) -> tuple[Root, ...]:
    """Three questions in each form; agree questions have a mate, the others are reworded."""
    return tuple(
        Root(form, mate=True) if form == "agree" else Root(form, rewordings) for form in FORMS for _ in range(3)
    )
