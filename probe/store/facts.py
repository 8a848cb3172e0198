"""What the statistics must know of a study beside its table: kept in the manifest, so that no file is read twice."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "ClauseFact",
    "ClauseFacts",
    "ClausedScenario",
    "ControlFacts",
    "DepthFacts",
    "LadderFacts",
    "OwnWordsFacts",
    "Partial",
    "StudyFacts",
    "TradeOffFacts",
]


@dataclass(frozen=True, slots=True)
class Partial:
    """How much of a suite a limited run has, over all its trade-offs; every control is among it.

    Attributes:
        limit: What `--limit` asked for.
        roots: Root questions that were read.
        roots_of: Root questions of the suite.
        scenarios: Scenarios that were read.
        scenarios_of: Scenarios of the suite.
    """

    limit: int
    roots: int
    roots_of: int
    scenarios: int
    scenarios_of: int


@dataclass(frozen=True, slots=True)
class TradeOffFacts:
    """One trade-off: its family and its two principles; the first is coded positive.

    Attributes:
        predicts: Per context factor of which theory expects something, the principle towards which the choice moves and
            the factor's levels in that order.
        doses: Per scenario (``tradeoff/id``) and factor whose levels are doses, the number of each level.
    """

    family: str
    p1: str
    p2: str
    predicts: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    doses: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ControlFacts:
    """One control item: its kind, and the option id that a sound reading chooses (None where none is right)."""

    kind: str
    expect: str | None


@dataclass(frozen=True, slots=True)
class LadderFacts:
    """The ladder of a study that was read with ``--ladder``.

    Attributes:
        cells: ``first`` or ``all``: at which context cells of a scenario.
        first: By scenario, the revealed item at its first context cell.
        left_out: Scenarios that have no ladder, with the reason.
    """

    cells: str
    first: dict[str, str]
    left_out: dict[str, str]


@dataclass(frozen=True, slots=True)
class ClauseFact:
    """A clause of a scenario, as of `probe.design.clauses.Clause`; its item's id ends in its number."""

    kind: str
    text: str
    start: int
    end: int
    factors: dict[str, str]
    option: str


@dataclass(frozen=True, slots=True)
class ClausedScenario:
    """A scenario that was read with its clauses left out.

    Attributes:
        item: The revealed item at its first context cell.
        text: Its vignette.
        options: Its options by principle, the first one first.
        clauses: In the order of their numbers, from 1.
    """

    item: str
    text: str
    options: dict[str, str]
    clauses: tuple[ClauseFact, ...]


@dataclass(frozen=True, slots=True)
class ClauseFacts:
    """The scenarios of a study that was read with ``--clauses``.

    Attributes:
        count: How many of each trade-off were asked for.
        seed: Of the order in which scenarios were taken.
        scenarios: Those that were taken, by name.
        left_out: Scenarios that cannot be cut, with the reason.
    """

    count: int
    seed: int
    scenarios: dict[str, ClausedScenario]
    left_out: dict[str, str]


@dataclass(frozen=True, slots=True)
class DepthFacts:
    """What was read after every layer, of a study with ``--depth``.

    Attributes:
        cells: Most cells of each side of each trade-off that were asked for; whole blocks of them are read.
        seed: What the hash that chose them begins with.
        left_out: Sides that no cell could be taken of (``tradeoff side``), with the reason.
    """

    cells: int
    seed: str
    left_out: dict[str, str]


@dataclass(frozen=True, slots=True)
class OwnWordsFacts:
    """The questions in two turns of a study that was read with ``--own-words``.

    Attributes:
        pairs: ``some`` or ``all``.
        paired: By scenario the root questions that it was paired with.
        of: By trade-off the number of all pairs that there could be.
    """

    pairs: str
    paired: dict[str, tuple[str, ...]]
    of: dict[str, int]


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """The study behind a table of readings.

    Attributes:
        tradeoffs: Facts by trade-off id.
        axes: The levels of each format axis that the design names, in the design's order; an axis that is
            missing is fixed at its default.
        unordered_label_sets: Label sets without a declared order: their label bias has no sign.
        agreeing: For each item of the agree form, the principle that the agreeing answer stands for.
        controls: Facts by item id.
        contradicted: Items of the agree form whose mate is their plain denial; their mates are not named.
        omits: For each item of a scenario with a mate, and of the mate, the principle whose option is the omission.
        ladder: What was asked of the ladder; None if nothing was.
        clauses: Scenarios that were read with their clauses left out; None if none were asked for.
        depth: What was asked of the layers; None if nothing was.
        own_words: What was asked in two turns; None if nothing was.
    """

    tradeoffs: dict[str, TradeOffFacts]
    axes: dict[str, tuple[str, ...]]
    unordered_label_sets: tuple[str, ...]
    agreeing: dict[str, str]
    controls: dict[str, ControlFacts]
    contradicted: tuple[str, ...] = ()
    omits: dict[str, str] = field(default_factory=dict)
    ladder: LadderFacts | None = None
    clauses: ClauseFacts | None = None
    depth: DepthFacts | None = None
    own_words: OwnWordsFacts | None = None
