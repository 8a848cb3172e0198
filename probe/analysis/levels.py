"""Levels of the format axes: how they are answered, and which of them words may rest on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64
from scipy.special import expit

from probe.analysis.cells import Cells
from probe.analysis.formats import BALANCING_AXES, Formats
from probe.analysis.results import LevelFigures
from probe.analysis.side import SideFigures, Sides
from probe.store.facts import ControlFacts

__all__ = [
    "LEAST_KNOWN",
    "LEAST_MASS",
    "Known",
    "admit",
    "is_for_choosing",
    "kept_variants",
    "known_controls",
    "level_figures",
]

LEAST_MASS = 0.5
"""Levels are dropped while the controls' mean option mass is below it."""

LEAST_KNOWN = 0.8
"""And then while the share of known answers that are right is below it."""

Dropped = tuple[tuple[str, str], ...]
"""Axis and level, in the order in which they were dropped."""


@dataclass(frozen=True, slots=True)
class Known:
    """Controls that were read in every variant.

    Attributes:
        mass: Option mass of each.
        p: Probability of the sound option of those that have one.
        sound: Mean p from which on an answer is right.
    """

    mass: Float64[np.ndarray, "controls variants"]
    p: Float64[np.ndarray, "known variants"]
    sound: float


def is_for_choosing(control: str) -> bool:
    """Whether a control is of the half that levels are chosen on; by a hash of its id, so the same in every run."""
    return hashlib.sha256(control.encode()).digest()[0] % 2 == 0


def known_controls(cells: Cells, facts: Mapping[str, ControlFacts], sound: float, *, choosing: bool = False) -> Known:
    """A model's controls, pooled over trade-offs and kinds; those that were asked as they stand tell nothing of levels.

    Args:
        cells: All items.
        facts: Of the controls.
        sound: Mean p from which on an answer is right.
        choosing: Whether to take only the half that levels are chosen on.
    """
    rows = [row for row, item in enumerate(cells.items) if item.side == "control" and not item.fixed]
    rows = [row for row in rows if not choosing or is_for_choosing(cells.items[row].id)]
    known = [row for row in rows if _sign(cells, row, facts)]
    signs = np.array([_sign(cells, row, facts) for row in known]).reshape(-1, 1)
    return Known(cells.mass[rows], np.asarray(expit(cells.z[known] * signs)), sound)


def admit(known: Known, formats: Formats) -> Dropped:
    """Levels that words do not rest on, the first dropped first.

    While the mean mass is below .5, the level with the least mean mass, the first in file order of several, of an axis
    that has two left is dropped and all is computed anew; then the same for the known-answer rate against .8. Levels of
    order, label order and a neutral option's place always stay, and so does the last level of an axis.

    Args:
        known: The controls that levels are chosen on.
        formats: The grid that they were read in.
    """
    dropped: list[tuple[str, str]] = []
    for measure, least in ((_mass, LEAST_MASS), (_rate, LEAST_KNOWN)):
        while True:
            kept = kept_variants(formats, dropped)
            found = measure(known, kept)
            left = _left(formats, dropped)
            if found is None or found >= least or not left:
                break
            dropped.append(min(left, key=lambda one: round(measure(known, kept & _at(formats, *one)) or 0.0, 12)))
    return tuple(dropped)


def kept_variants(formats: Formats, dropped: Iterable[tuple[str, str]]) -> Bool[np.ndarray, " variants"]:
    """Which variants have no dropped level."""
    kept = np.ones(len(formats.variants), dtype=bool)
    for axis, level in dropped:
        kept &= ~_at(formats, axis, level)
    return kept


def level_figures(known: Known, sides: Iterable[Sides], formats: Formats) -> dict[str, dict[str, LevelFigures]]:
    """Option mass, known answers and content at every level of every axis that varied.

    Args:
        known: All controls.
        sides: Figures of all trade-offs; each side of each weighs alike.
        formats: The grid, without places of a neutral option.
    """
    own = [side for both in sides for side in (both.stated, both.revealed) if side]
    return {
        axis: {level: _figures(known, own, axis, level, _at(formats, axis, level)) for level in levels}
        for axis, levels in formats.varied.items()
    }


def _figures(
    known: Known, sides: list[SideFigures], axis: str, level: str, at: Bool[np.ndarray, " variants"]
) -> LevelFigures:
    masses, squares = [], []
    for side in sides:
        here = _at(side.cells.formats, axis, level)
        masses.append(float(side.weights @ side.cells.mass[:, here].mean(axis=1)))
        squares.append(float(side.weights @ side.cells.z[:, here].mean(axis=1) ** 2))
    return LevelFigures(
        option_mass=float(np.mean(masses)) if masses else None,
        control_mass=_mass(known, at),
        known_answers=_rate(known, at),
        content=float(np.sqrt(np.mean(squares))) if squares else None,
    )


def _sign(cells: Cells, row: int, facts: Mapping[str, ControlFacts]) -> float:
    """+1 or -1 towards the sound option; 0 where none is."""
    item = cells.items[row]
    about = facts[item.id]
    if about.kind not in ("dominated", "fact") or about.expect is None:
        return 0.0
    return 1.0 if about.expect == item.p1 else -1.0


def _left(formats: Formats, dropped: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Levels that may be dropped, in file order."""
    gone = set(dropped)
    levels = {
        axis: [level for level in levels if (axis, level) not in gone]
        for axis, levels in formats.varied.items()
        if axis not in BALANCING_AXES | {"neutral"}
    }
    return [(axis, level) for axis, own in levels.items() if len(own) > 1 for level in own]


def _at(formats: Formats, axis: str, level: str) -> Bool[np.ndarray, " variants"]:
    dimension = list(formats.varied).index(axis)
    index = np.indices(formats.shape)[dimension].reshape(-1)
    return np.asarray(index == formats.varied[axis].index(level))


def _mass(known: Known, kept: Bool[np.ndarray, " variants"]) -> float | None:
    return float(known.mass[:, kept].mean()) if len(known.mass) else None


def _rate(known: Known, kept: Bool[np.ndarray, " variants"]) -> float | None:
    """Share of the known answers that are right after averaging over the kept variants."""
    return float((known.p[:, kept].mean(axis=1) >= known.sound).mean()) if len(known.p) else None
