"""The made-up trade-offs on which intervals and tests are tried, fixed before anything was tried on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from simulation.laws import two_camps
from simulation.layout import Planned, revealed_items, stated_items
from simulation.population import deployed_in_population, with_deployed
from simulation.world import TWO, FormatEffects, Revealed, Root, Scenario, Spread, Stated, nine_roots

__all__ = ["AXES", "Case", "coverage_cases", "null_cases", "spread_case", "unequal_case"]

AXES = {"order": TWO, "label_order": TWO}
"""Both bias axes; more axes would only average more."""

PLAIN = Spread()
FACTORS = {"stakes": {"low": -0.3, "high": 0.3}, "person": {"self": 0.2, "friend": -0.2}}
SIZES: dict[str, dict[str, float]] = {
    "few": {"low": -0.3, "high": 0.3},
    "many": {"low": -0.3, "middle": 0.0, "high": 0.3},
    "most": {"one": 0.2, "two": 0.0, "three": -0.2},
}


@dataclass(frozen=True, slots=True)
class Case:
    """A trade-off whose preferences over all possible items are known.

    Attributes:
        name: What is special about it.
        stated: Stated side.
        revealed: Revealed side.
    """

    name: str
    stated: Stated
    revealed: Revealed

    @property
    def preferences(self) -> tuple[float, float]:
        """Stated and revealed preference over all possible items."""
        return deployed_in_population(self.stated, AXES), deployed_in_population(self.revealed, AXES)

    @property
    def items(self) -> tuple[tuple[Planned, ...], tuple[Planned, ...]]:
        """Items of the stated and of the revealed side."""
        return stated_items("t", self.stated), revealed_items("t", self.revealed)

    def sized(self, clusters: int) -> Case:
        """The same with `clusters` clusters on each side."""
        stories = tuple(self.revealed.scenarios[place % len(self.revealed.scenarios)] for place in range(clusters))
        return replace(self.with_roots(clusters), revealed=replace(self.revealed, scenarios=stories))

    def with_roots(self, roots: int) -> Case:
        """The same with so many root questions."""
        repeated = tuple(self.stated.roots[place % len(self.stated.roots)] for place in range(roots))
        return replace(self, stated=replace(self.stated, roots=repeated))


def _case(name: str, deployed: tuple[float, float], stated: Stated, revealed: Revealed) -> Case:
    return Case(name, with_deployed(stated, deployed[0], AXES), with_deployed(revealed, deployed[1], AXES))


def _sides(stated: Spread = PLAIN, revealed: Spread = PLAIN) -> tuple[Stated, Revealed]:
    """Nine root questions of two items each, twelve stories of four cells each."""
    stories = tuple(Scenario(("stakes", "person")) for _ in range(12))
    return Stated(0.0, nine_roots(), stated), Revealed(0.0, stories, revealed, FACTORS)


@cache
def coverage_cases() -> tuple[Case, ...]:
    """The six truths."""
    stated, revealed = _sides()
    even = _sides(Spread(0.5), Spread(2.0))
    camps = _sides(revealed=Spread(1.5, 0.3, two_camps))
    pulled = replace(revealed, content=1.0, formats=FormatEffects(position=3.0))
    return (
        _case("equal", (0.6, 0.6), stated, revealed),
        _case("a tenth apart", (0.6, 0.7), stated, revealed),
        _case("stated side saturated", (0.97, 0.85), stated, revealed),
        _case("reversal", (0.75, 0.3), stated, revealed),
        _case("unequal spread, two camps", (0.65, 0.5), even[0], camps[1]),
        Case("equal content, position bias", replace(stated, content=1.0), pulled),
    )


@cache
def null_cases() -> tuple[Case, ...]:
    """R = S in three ways that tempt a test to reject, and in one where exchange is exact."""
    stated, revealed = _sides()
    wide = _sides(Spread(2.0), Spread(0.5))
    narrow = _sides(Spread(0.5), Spread(2.0))
    factors = [(), ("few",), ("many",), ("many", "most"), ("few", "many", "most")]
    uneven = tuple(Scenario(factors[place % len(factors)]) for place in range(12))
    questions = tuple(Root("choose", rewordings) for rewordings in (0, 0, 0, 0, 1, 1, 3, 7, 15))
    reworded = tuple(Root("choose", 10) for _ in range(9))
    alone = tuple(Root("choose") for _ in range(9))
    stories = tuple(Scenario() for _ in range(12))
    return (
        _case("unequal variances, wide side smaller", (0.6, 0.6), *wide),
        _case("unequal variances, wide side larger", (0.6, 0.6), *narrow),
        _case(
            "unequal cluster sizes",
            (0.6, 0.6),
            replace(stated, roots=questions, spread=Spread(0.7, 1.5)),
            replace(revealed, scenarios=uneven, spread=Spread(0.7, 1.5), factors=SIZES),
        ),
        _case(
            "paraphrase clusters",
            (0.6, 0.6),
            replace(stated, roots=reworded, spread=Spread(1.0, 0.2)),
            revealed,
        ),
        _case(
            "exchangeable",
            (0.6, 0.6),
            replace(stated, roots=alone),
            replace(revealed, scenarios=stories),
        ),
    )


def spread_case(deployed: tuple[float, float], spread: float, clusters: tuple[int, int]) -> Case:
    """Stated and revealed preference, spread of the clusters' log-odds (nats), clusters of either side."""
    stated, revealed = _sides(Spread(spread), Spread(spread))
    roots = tuple(stated.roots[place % 9] for place in range(clusters[0]))
    stories = tuple(revealed.scenarios[0] for _ in range(clusters[1]))
    return _case("spread", deployed, replace(stated, roots=roots), replace(revealed, scenarios=stories))


def unequal_case(ratio: float, wide: int) -> Case:
    """R = S = .6, the clusters of one side spread `ratio` times as wide as the other's.

    Args:
        ratio: Wide spread over narrow spread; their product is 1.0 nats squared.
        wide: Number of clusters of the wide side: 9 for the stated, 12 for the revealed side.
    """
    spreads = Spread(ratio**0.5), Spread(ratio**-0.5)
    return _case("unequal", (0.6, 0.6), *_sides(*(spreads if wide == 9 else spreads[::-1])))
