"""The items of a made-up study and what each of them and each format adds to the log-odds. Draws nothing."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from probe.analysis.formats import Formats, lay_formats
from probe.design.items import AXES, Level, Variant
from simulation.world import FormatEffects, Revealed, Stated

__all__ = ["STILL", "Planned", "format_shifts", "laid", "revealed_items", "stated_items", "variant_levels"]

STILL: Mapping[str, tuple[str, ...]] = {
    "order": ("p1",),
    "label_order": ("position",),
    "label_set": ("AB",),
    "enclosure": ("paren",),
    "layout": ("lines",),
    "instruction": ("label",),
    "cue": ("answer",),
}
"""Level of every axis that does not vary."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One item and what is added to its cluster's log-odds, in nats.

    Attributes:
        id: Of the item.
        side: ``stated``, ``revealed`` or ``bridge``.
        form: Question form.
        cluster: Root question or scenario.
        context: Context factors and levels.
        shift: Sum of its fixed effects.
        agrees: +1 where agreeing speaks for p1, -1 where for p2, 0 outside the agree form.
    """

    id: str
    side: str
    form: str
    cluster: str
    context: tuple[tuple[str, str], ...]
    shift: float
    agrees: int = 0


def stated_items(tradeoff: str, side: Stated) -> tuple[Planned, ...]:
    """The items of the stated side; every second agree question speaks for p2."""
    items: list[Planned] = []
    for place, root in enumerate(side.roots):
        name = f"{tradeoff}/q{place:02d}"
        agrees = (1 if place % 2 == 0 else -1) if root.form == "agree" else 0
        shift = side.content + side.forms.get(root.form, 0.0)
        ids = [name, *(f"{name}~p{k + 1}" for k in range(root.rewordings))]
        signs = [(one, agrees) for one in ids] + ([(f"{name}~mate", -agrees)] if root.mate else [])
        items += [
            Planned(one, "stated", root.form, name, (), shift + side.acquiescence * sign, sign) for one, sign in signs
        ]
    return tuple(items)


def revealed_items(tradeoff: str, side: Revealed) -> tuple[Planned, ...]:
    """The context cells of every scenario, with their bridges."""
    items: list[Planned] = []
    for place, scenario in enumerate(side.scenarios):
        name = f"{tradeoff}/s{place:02d}"
        levels = [[(factor, level) for level in side.factors[factor]] for factor in scenario.factors]
        for cell in itertools.product(*levels):
            told = ",".join(f"{factor}={level}" for factor, level in cell)
            shift = side.content + sum(side.factors[factor][level] for factor, level in cell)
            items.append(Planned(f"{name}/{told}" if told else name, "revealed", "choice", name, cell, shift))
        if scenario.bridge:
            items.append(Planned(f"{name}~bridge", "bridge", "bridge", name, (), side.content + side.bridge))
    return tuple(items)


def laid(axes: Mapping[str, tuple[str, ...]]) -> Formats:
    """The grid of variants over these axes, the others standing still."""
    return lay_formats({**STILL, **axes})


def variant_levels(axes: Mapping[str, tuple[str, ...]]) -> tuple[Variant, ...]:
    """The variants of `laid`, in its order."""
    every = {**STILL, **axes}
    return tuple(Variant(tuple(map(Level, point))) for point in itertools.product(*(every[axis] for axis in AXES)))


def format_shifts(effects: FormatEffects, axes: Mapping[str, tuple[str, ...]]) -> Float64[np.ndarray, " variants"]:
    """What each variant adds to the log-odds of every item of a side, nats."""
    formats = laid(axes)
    label = np.array([effects.label.get(name, 0.0) for name in formats.label_set])
    shifts = effects.position * formats.order + label * formats.label
    shifts = shifts + effects.listing * formats.order * formats.label
    for column, variant in enumerate(variant_levels(axes)):
        shifts[column] += sum(gain.get(variant[axis], 0.0) for axis, gain in effects.levels.items())
    return np.asarray(shifts, dtype=np.float64)
