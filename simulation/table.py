"""A made-up study as the very table of readings, with the facts that stand beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from probe.design.items import AXES, Variant
from probe.store.facts import ControlFacts, StudyFacts, TradeOffFacts
from probe.store.schema import MODEL_ITEM_VARIANT, READINGS
from simulation.draw import draw_revealed, draw_stated
from simulation.layout import Planned, format_shifts, revealed_items, stated_items, variant_levels
from simulation.world import Control, Mass, TradeOff, World

__all__ = ["facts_of", "readings", "side_rows"]

Grid = Float64[np.ndarray, "items variants"]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where rows of the table come from: one model's draws."""

    model: str
    variants: tuple[Variant, ...]
    rng: np.random.Generator
    names: tuple[str, str] = field(default=("first", "second"))


def readings(world: World, seed: int, model: str = "synthetic") -> pa.Table:
    """The table of one drawn set of items, sorted; the same seed gives the same table."""
    rows: list[dict[str, object]] = []
    for place, (name, tradeoff) in enumerate(world.tradeoffs.items()):
        source = _Rows(model, variant_levels(world.axes), np.random.default_rng([seed, place]))
        rows += _of_tradeoff(name, tradeoff, world.axes, source)
        if place == 0:
            rows += _of_controls(name, world, source)
    order = [(name, "ascending") for name in MODEL_ITEM_VARIANT]
    return pa.Table.from_pylist(rows, schema=READINGS).sort_by(order).combine_chunks()


def facts_of(world: World) -> StudyFacts:
    """What the statistics must know of the study beside its table."""
    agreeing = {
        item.id: "first" if item.agrees > 0 else "second"
        for name, tradeoff in world.tradeoffs.items()
        if tradeoff.stated
        for item in stated_items(name, tradeoff.stated)
        if item.agrees
    }
    first = next(iter(world.tradeoffs), "")
    sound = ("dominated", "fact")
    return StudyFacts(
        tradeoffs={name: TradeOffFacts("made-up", "first", "second") for name in world.tradeoffs},
        axes=dict(world.axes),
        unordered_label_sets=world.unordered,
        agreeing=agreeing,
        controls={
            _control_id(first, place): ControlFacts(control.kind, "yes" if control.kind in sound else None)
            for place, control in enumerate(world.controls)
        },
    )


def _of_tradeoff(
    name: str, tradeoff: TradeOff, axes: Mapping[str, tuple[str, ...]], source: _Rows
) -> Iterator[dict[str, object]]:
    if tradeoff.stated:
        z = draw_stated(name, tradeoff.stated, axes, 1, source.rng)[0]
        yield from side_rows(name, stated_items(name, tradeoff.stated), z, tradeoff.stated.mass, source)
    if tradeoff.revealed:
        z = draw_revealed(name, tradeoff.revealed, axes, 1, source.rng)[0]
        yield from side_rows(name, revealed_items(name, tradeoff.revealed), z, tradeoff.revealed.mass, source)


def _of_controls(tradeoff: str, world: World, source: _Rows) -> Iterator[dict[str, object]]:
    for place, control in enumerate(world.controls):
        item = _planned_control(_control_id(tradeoff, place), control)
        z = control.content + format_shifts(control.formats, world.axes)
        named = _Rows(source.model, source.variants, source.rng, ("yes", "no"))
        yield from side_rows(tradeoff, (item,), z[None], Mass(), named)


def _control_id(tradeoff: str, place: int) -> str:
    return f"{tradeoff}/c{place:02d}"


def _planned_control(name: str, control: Control) -> Planned:
    return Planned(name, "control", control.kind, name, (), control.content)


def side_rows(
    tradeoff: str, items: tuple[Planned, ...], z: Grid, mass: Mass, source: _Rows
) -> Iterator[dict[str, object]]:
    """Rows of the table for these items with these log-odds, nats."""
    low = source.rng.random(z.shape) < mass.low_share
    for row, item in enumerate(items):
        for column, variant in enumerate(source.variants):
            cell = float(z[row, column])
            yield _row(tradeoff, item, variant, (cell, mass.low if low[row, column] else mass.usual), source)


def _row(tradeoff: str, item: Planned, variant: Variant, cell: tuple[float, float], source: _Rows) -> dict[str, object]:
    (z, mass), (p1, p2) = cell, source.names
    p1_first_labelled = (variant["order"] if variant["label_order"] == "position" else variant["label_order"]) == "p1"
    first, second = -np.logaddexp(0.0, -z) + np.log(mass), -np.logaddexp(0.0, z) + np.log(mass)
    labels = _labels(variant)
    return {
        "model": source.model,
        "tradeoff": tradeoff,
        "side": item.side,
        "form": item.form,
        "cluster": item.cluster,
        "scenario": item.cluster if item.side in ("revealed", "bridge") else None,
        "item": item.id,
        "context": json.dumps(dict(item.context)),
        "variant": variant.id,
        **{f"axis_{axis}": variant[axis] for axis in AXES},
        "p1": p1,
        "p2": p2,
        "shown_first": p1 if variant["order"] == "p1" else p2,
        "label_p1": labels[0 if p1_first_labelled else 1],
        "label_p2": labels[1 if p1_first_labelled else 0],
        "logprob_p1": float(first),
        "logprob_p2": float(second),
        "log_odds": z,
        "option_mass": mass,
        "boundary_p1": 1.0,
        "boundary_p2": 1.0,
        "label_neutral": None,
        "logprob_neutral": None,
        "top_token": f" {labels[0]}",
        "top_token_id": 0,
        "top_logprob": float(max(first, second)),
        "n_tokens": 1,
        "prompt_sha256": "0" * 64,
        "pack_sha256": "0" * 64,
        "reader": "synthetic",
        "logits_dtype": "float64",
    }


def _labels(variant: Variant) -> tuple[str, str]:
    name = variant["label_set"]
    return name[0], name[-1]
