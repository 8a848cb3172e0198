"""All trials that the documentation tells of, from fixed seeds: one run of them is the page and the slow test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from probe.analysis.permutation import seed_of
from simulation.cases import Case, coverage_cases, null_cases, spread_case, unequal_case
from simulation.trials import Claims, Coverage, Family, Rejections, claims, cover, family_errors, reject

__all__ = [
    "COVERAGE",
    "FAMILY_ERROR",
    "KL_LEAST",
    "LONG_RUN",
    "REJECTION",
    "SEEDS",
    "SETS",
    "Power",
    "Validation",
    "families",
    "rng_of",
    "unequal_families",
    "validate",
]

SEEDS = (1, 2, 3)
"""Every figure is measured once from each."""

SETS = 2_000
"""Data sets of one measurement."""

LONG_RUN = 20_000
"""Data sets of the figure that says where a measurement comes from."""

COVERAGE = (0.92, 0.98)
"""What coverage of R - S and of the signed root is to lie in."""

FAMILY_ERROR = 0.065
"""Most that the share of families with a false rejection is to be: .05 and three standard errors."""

KL_LEAST = 0.92
"""Least coverage of KL: its interval is cut at 0, so it may cover more."""

REJECTION = (0.03, 0.07)
"""What the share of rejections at .05 is to lie in where R = S."""

GAPS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
SIZES = ((6, 8), (9, 12), (18, 24))
SPREADS = (0.1, 0.2, 0.3, 0.5, 1.0)
RATIOS = (1.0, 1.5, 2.0, 3.0, 4.0)


@dataclass(frozen=True, slots=True)
class Power:
    """How often each claim is made.

    Attributes:
        deviation: By clusters of the stated side and by R - S, the clusters' log-odds having a spread of 1.0 nats.
        in_family: The same with 9 and 12 clusters as the first test of a family of 24.
        no_deviation: By clusters of the stated side and by spread, where R = S.
        at_margin: Both claims by spread where R - S is the margin: either is wrong.
    """

    deviation: dict[int, dict[float, Claims]]
    in_family: dict[float, Claims]
    no_deviation: dict[int, dict[float, Claims]]
    at_margin: dict[float, Claims]


@dataclass(frozen=True, slots=True)
class Validation:
    """Everything that was measured; sequences run over the seeds.

    Attributes:
        sets: Data sets of one measurement.
        coverage: By case, with 9 stated and 12 revealed clusters.
        coverage_long: One long measurement of each.
        few_clusters: The same cases with 4 clusters a side.
        rejections: By case with R = S.
        rejections_long: One long measurement of each.
        ratios: Rejections by ratio of spreads, the wide side having 9 or 12 clusters.
        families: Holm's procedure, by family.
        unequal_families: The same where variances differ, once and with half as many families.
        power: Of either claim.
    """

    sets: int
    coverage: dict[str, tuple[Coverage, ...]]
    coverage_long: dict[str, Coverage]
    few_clusters: dict[str, tuple[Coverage, ...]]
    rejections: dict[str, tuple[Rejections, ...]]
    rejections_long: dict[str, Rejections]
    ratios: dict[int, dict[float, Rejections]]
    families: dict[str, tuple[Family, ...]]
    unequal_families: dict[str, Family]
    power: Power


def rng_of(seed: int, trial: str, case: str) -> np.random.Generator:
    """A generator for one measurement: what else is measured, and in which order, does not move it."""
    return np.random.default_rng(seed_of(str(seed), trial, case))


def validate(seeds: Sequence[int] = SEEDS, sets: int = SETS, long_run: int = LONG_RUN) -> Validation:
    """Run every trial.

    Args:
        seeds: Of the repeated measurements.
        sets: Data sets of each.
        long_run: Data sets of the long ones.
    """
    covering, null = coverage_cases(), null_cases()
    return Validation(
        sets=sets,
        coverage=_covered(covering, "coverage", seeds, sets),
        coverage_long={c.name: cover(c, long_run, rng_of(0, "long coverage", c.name)) for c in covering},
        few_clusters=_covered([case.sized(4) for case in covering], "few clusters", seeds, sets),
        rejections={c.name: tuple(reject(c, sets, rng_of(s, "reject", c.name)) for s in seeds) for c in null},
        rejections_long={c.name: reject(c, long_run, rng_of(0, "long reject", c.name)) for c in null},
        ratios={
            wide: {
                ratio: reject(unequal_case(ratio, wide), 3 * sets, rng_of(wide, "ratio", str(ratio)))
                for ratio in RATIOS
            }
            for wide in (9, 12)
        },
        families={
            name: tuple(family_errors(cases, sets, rng_of(seed, "family", name)) for seed in seeds)
            for name, cases in families().items()
        },
        unequal_families={
            name: family_errors(cases, sets // 2, rng_of(seeds[0], "family", name))
            for name, cases in unequal_families().items()
        },
        power=_power(sets),
    )


def _covered(cases: Sequence[Case], trial: str, seeds: Sequence[int], sets: int) -> dict[str, tuple[Coverage, ...]]:
    return {case.name: tuple(cover(case, sets, rng_of(seed, trial, case.name)) for seed in seeds) for case in cases}


def families() -> Mapping[str, Sequence[Case]]:
    """Families of eight tests, 9 stated and 12 revealed clusters of like spread in each."""
    null = spread_case((0.6, 0.6), 1.0, (9, 12))
    apart = spread_case((0.6, 0.85), 1.0, (9, 12))
    return {
        "no difference anywhere": [null] * 8,
        "a difference in four of eight": [null] * 4 + [apart] * 4,
    }


def unequal_families() -> Mapping[str, Sequence[Case]]:
    """Families of eight tests without any difference, one side spread four times as wide in each."""
    return {
        "9 wide, 12 narrow": [unequal_case(4.0, 9)] * 8,
        "9 narrow, 12 wide": [unequal_case(4.0, 12)] * 8,
        "18 wide, 12 narrow": [unequal_case(4.0, 9).with_roots(18)] * 8,
    }


def _power(sets: int) -> Power:
    def of(
        name: str, deployed: tuple[float, float], spread: float, clusters: tuple[int, int], family: int = 1
    ) -> Claims:
        case = spread_case(deployed, spread, clusters)
        return claims(case, sets, rng_of(1, name, f"{deployed[1]:.2f} {spread} {clusters}"), family)

    return Power(
        deviation={size[0]: {gap: of("power", (0.5, 0.5 + gap), 1.0, size) for gap in GAPS} for size in SIZES},
        in_family={gap: of("power in a family", (0.5, 0.5 + gap), 1.0, (9, 12), 24) for gap in GAPS},
        no_deviation={
            size[0]: {spread: of("no deviation", (0.5, 0.5), spread, size) for spread in SPREADS} for size in SIZES
        },
        at_margin={spread: of("at the margin", (0.5, 0.55), spread, (9, 12)) for spread in SPREADS},
    )
