"""Made-up studies that between them have every effect there is, to hold estimators to their definitions."""

from __future__ import annotations

from simulation.laws import skewed, two_camps
from simulation.world import (
    TWO,
    Control,
    FormatEffects,
    Revealed,
    Root,
    Scenario,
    Spread,
    Stated,
    TradeOff,
    World,
    nine_roots,
)

__all__ = ["FACTORS", "WIDE", "plain", "rich", "scenarios", "slotted"]

FACTORS = {"stakes": {"low": -0.4, "high": 0.4}, "person": {"self": 0.3, "friend": 0.0, "stranger": -0.3}}
"""What levels of a context factor add, in nats."""

WIDE = {"order": TWO, "label_order": TWO, "label_set": ("AB", "12"), "cue": ("answer", "choice")}
"""Four axes."""


def scenarios(*factors: str, count: int = 4, bridges: int = 2) -> tuple[Scenario, ...]:
    """So many stories with these factors, the first ones with a bridge."""
    return tuple(Scenario(factors, bridge=place < bridges) for place in range(count))


def plain() -> World:
    """Two axes, one factor, a position bias on either side."""
    stated = Stated(0.8, nine_roots(), acquiescence=0.5, formats=FormatEffects(position=0.6))
    revealed = Revealed(
        -0.5,
        scenarios("stakes"),
        factors=FACTORS,
        bridge=0.7,
        formats=FormatEffects(position=-0.9, label={"AB": 0.4}, listing=0.1),
    )
    return World({"t": TradeOff(stated, revealed)})


def rich() -> World:
    """Four axes, uneven clusters, label biases of opposite sign, formats that do more to some items."""
    roots = (Root("choose", 2), Root("choose"), Root("agree", mate=True), Root("agree", mate=True), Root("advise", 1))
    stated = Stated(
        1.2,
        roots,
        Spread(0.7, 0.2, two_camps),
        forms={"agree": -0.5, "advise": 0.3},
        acquiescence=-0.3,
        formats=FormatEffects(label={"AB": 0.8, "12": -0.6}, levels={"cue": {"choice": 0.5}}, items=0.3),
    )
    revealed = Revealed(
        0.2,
        (Scenario(), Scenario(("stakes",), bridge=True), Scenario(("stakes", "person")), Scenario(("person",))),
        Spread(1.0, 0.3, skewed),
        factors=FACTORS,
        bridge=-0.2,
        formats=FormatEffects(0.5, {"AB": -0.3, "12": 0.9}, 0.2, {"cue": {"answer": -0.4}}, 0.2),
    )
    other = TradeOff(Stated(-0.4, nine_roots()), Revealed(-0.4, scenarios("stakes")[:3], factors=FACTORS))
    controls = (Control("dominated", 4.0), Control("fact", -4.0), Control("equivalent", 0.1))
    return World({"t": TradeOff(stated, revealed), "u": other}, WIDE, controls, unordered=("12",))


def slotted() -> World:
    """Labels that stay with the position."""
    stated = Stated(0.5, (Root("choose"), Root("advise")), formats=FormatEffects(position=1.5))
    revealed = Revealed(0.5, scenarios(count=3, bridges=0), formats=FormatEffects(position=-2.0))
    return World({"t": TradeOff(stated, revealed)}, {"order": TWO, "label_order": ("position",)})
