"""Whole studies in which a validity check failed on purpose: whatever the readings say, nothing may be claimed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from probe.analysis.study import Terms, analyse
from probe.analysis.validity_checks import WrittenAgreement
from simulation.cases import AXES, Case, spread_case
from simulation.table import facts_of, readings
from simulation.world import Control, Mass, TradeOff, World

__all__ = ["CLAIMS", "Gated", "Setup", "gated_worlds", "try_gates"]

CLAIMS = ("deviation", "no deviation")
"""The verdicts that say something."""

SOUND = (Control("dominated", 4.0), Control("fact", 4.0), Control("equivalent", 0.0))
MODEL = "synthetic"


@dataclass(frozen=True, slots=True)
class Gated:
    """Studies with one kind of failed validity check.

    Attributes:
        closed: Names of the gates that were closed.
        tradeoffs: Number of trade-offs that were judged.
        would_claim: In how many something would be claimed if the gate were open.
        claimed: In how many something is claimed.
    """

    closed: tuple[str, ...]
    tradeoffs: int
    would_claim: int
    claimed: int


@dataclass(frozen=True, slots=True)
class Setup:
    """A study and what was measured beside its table.

    Attributes:
        world: What its readings are drawn from.
        floor: Numeric floor of a log-odds, nats.
        written: Agreement of the reading with written answers, by side.
    """

    world: World
    floor: float = 1e-9
    written: Mapping[str, WrittenAgreement] = field(default_factory=dict)


def gated_worlds() -> Mapping[str, Setup]:
    """A firm deviation and a firm equality side by side, with every gate open and with each one closed."""
    apart = spread_case((0.85, 0.3), 0.3, (9, 12))
    equal = spread_case((0.5, 0.5), 0.1, (18, 24))
    return {
        "nothing": Setup(_world(apart, equal), written=_agreement(0.95)),
        "stated mass": Setup(_world(apart, equal, stated=Mass(0.4))),
        "revealed mass": Setup(_world(apart, equal, revealed=Mass(0.4))),
        "a tenth of low mass": Setup(_world(apart, equal, revealed=Mass(0.98, 0.02, 0.2))),
        "difference of masses": Setup(_world(apart, equal, stated=Mass(0.98), revealed=Mass(0.6))),
        "dominated": Setup(_world(apart, equal, controls=(Control("dominated", -1.0), *SOUND[1:]))),
        "fact": Setup(_world(apart, equal, controls=(SOUND[0], Control("fact", 0.0), SOUND[2]))),
        "equivalent": Setup(_world(apart, equal, controls=(*SOUND[:2], Control("equivalent", 2.0)))),
        "written answers": Setup(_world(apart, equal), written=_agreement(0.8)),
        "rounding": Setup(_world(apart, equal), floor=0.5),
    }


def _agreement(share: float) -> dict[str, WrittenAgreement]:
    return {side: WrittenAgreement(share, 100) for side in ("stated", "revealed")}


def _world(
    *cases: Case, stated: Mass | None = None, revealed: Mass | None = None, controls: tuple[Control, ...] = SOUND
) -> World:
    tradeoffs = {
        name: TradeOff(
            replace(case.stated, mass=stated or case.stated.mass),
            replace(case.revealed, mass=revealed or case.revealed.mass),
        )
        for name, case in zip(("apart", "equal"), cases, strict=True)
    }
    return World(tradeoffs, AXES, controls)


def try_gates(seeds: int) -> dict[str, Gated]:
    """What is claimed of every study of `gated_worlds`, drawn with so many seeds."""
    return {name: _try(setup, seeds) for name, setup in gated_worlds().items()}


def _try(setup: Setup, seeds: int) -> Gated:
    terms, floors = Terms(written={MODEL: setup.written}), {MODEL: setup.floor}
    found = [
        result
        for seed in range(seeds)
        for result in analyse(readings(setup.world, seed, MODEL), facts_of(setup.world), floors, terms)
        .models[MODEL]
        .tradeoffs.values()
    ]
    return Gated(
        closed=tuple(sorted({gate.gate for result in found for gate in result.gates})),
        tradeoffs=len(found),
        would_claim=sum(r.claim is not None and r.claim.ungated.verdict in CLAIMS for r in found),
        claimed=sum(r.verdict in CLAIMS or (r.claim is not None and r.claim.shift_of_preference) for r in found),
    )
