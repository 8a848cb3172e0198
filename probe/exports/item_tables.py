"""Items, controls and prompts of a run as Arrow tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa

from probe.analysis.item_figures import item_figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.analysis.item_figures import ItemFigures
    from probe.analysis.neutral_grids import NeutralGrids
    from probe.analysis.results import StudyResults
    from probe.store.facts import StudyFacts

__all__ = ["controls_table", "items_table", "prompts_table"]

_WHAT = [pa.field(name, pa.string()) for name in ("model", "tradeoff", "item")]
_FIGURES = [
    pa.field("formats", pa.int64()),
    *(pa.field(name, pa.float64()) for name in ("p", "z", "z_sd", "flip_rate", "option_mass")),
]
_ABOUT = [pa.field(name, pa.string()) for name in ("side", "form", "cluster", "scenario", "context", "p1", "p2")]
ITEMS = pa.schema([*_WHAT, *_ABOUT, *_FIGURES])
CONTROLS = pa.schema(
    [
        *_WHAT,
        *(pa.field(name, pa.string()) for name in ("kind", "p1", "p2", "expect")),
        pa.field("value", pa.float64()),
        *_FIGURES,
    ]
)
_PROMPT = ("model", "tradeoff", "item", "variant", "prompt_sha256")
PROMPTS = pa.schema([*(pa.field(name, pa.string()) for name in (*_PROMPT, "text")), pa.field("n_tokens", pa.int64())])


def items_table(grids: Mapping[str, NeutralGrids], results: StudyResults) -> pa.Table:
    """One row per model and item but controls: p and log-odds over its formats, flip rate, option mass."""
    rows = [
        {
            "model": model,
            "tradeoff": one.about.tradeoff,
            "item": one.about.id,
            **{name: getattr(one.about, name) for name in ("side", "form", "cluster", "scenario", "p1", "p2")},
            "context": json.dumps(dict(one.about.context)),
            **_figures(one),
        }
        for model, found in sorted(results.models.items())
        if model in grids
        for one in item_figures(grids[model], found.numeric_floor.log_odds)
        if one.about.side != "control"
    ]
    return pa.Table.from_pylist(rows, schema=ITEMS)


def controls_table(grids: Mapping[str, NeutralGrids], results: StudyResults, facts: StudyFacts) -> pa.Table:
    """One row per model and control.

    ``value`` is what its validity check looks at: p of the sound option, or the absolute mean log-odds of an
    equivalent pair; missing where nothing is right.
    """
    rows = [
        {
            "model": model,
            "tradeoff": one.about.tradeoff,
            "item": one.about.id,
            "kind": facts.controls[one.about.id].kind,
            "p1": one.about.p1,
            "p2": one.about.p2,
            "expect": facts.controls[one.about.id].expect,
            "value": _checked(found.controls, one.about.id),
            **_figures(one),
        }
        for model, found in sorted(results.models.items())
        if model in grids
        for one in item_figures(grids[model], found.numeric_floor.log_odds)
        if one.about.side == "control"
    ]
    return pa.Table.from_pylist(rows, schema=CONTROLS)


def prompts_table(readings: pa.Table, prompts: pa.Table) -> pa.Table:
    """One row per model, item and variant, in the order of the readings: the very text that the model was given."""
    keys = [prompts["model"].to_pylist(), prompts["prompt_sha256"].to_pylist()]
    texts = dict(zip(zip(*keys, strict=True), prompts["text"].to_pylist(), strict=True))
    columns = {name: readings[name] for name in (*_PROMPT, "n_tokens")}
    asked = zip(columns["model"].to_pylist(), columns["prompt_sha256"].to_pylist(), strict=True)
    columns["text"] = pa.chunked_array([pa.array([texts.get(key) for key in asked], pa.string())])
    return pa.table({name: columns[name].cast(PROMPTS.field(name).type) for name in PROMPTS.names}, schema=PROMPTS)


def _figures(one: ItemFigures) -> dict[str, object]:
    return {field.name: getattr(one, field.name) for field in _FIGURES}


def _checked(controls: Mapping[str, object], item: str) -> float | None:
    found = (getattr(kind, "by_item", {}).get(item) for kind in controls.values())
    return next((value for value in found if value is not None), None)
