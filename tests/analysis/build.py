"""Small tables of readings with known log-odds, and the formats they are read in."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from hypothesis import settings

from probe.analysis.formats import Formats, lay_formats
from probe.design.items import AXES, Variant
from probe.store.facts import ControlFacts, StudyFacts, TradeOffFacts
from probe.store.schema import READINGS

steady = settings(deadline=None, max_examples=40)
"""Property tests neither time out on a busy machine nor take seconds."""

TWO = ("p1", "p2")
QUICK = {"order": TWO, "label_order": TWO}
STANDARD = {
    **QUICK,
    "label_set": ("AB", "12"),
    "instruction": ("label", "which"),
    "cue": ("answer", "choice"),
}
STILL = {
    "order": ("p1",),
    "label_order": ("position",),
    "label_set": ("AB",),
    "enclosure": ("paren",),
    "layout": ("lines",),
    "instruction": ("label",),
    "cue": ("answer",),
}


def laid(axes) -> Formats:
    return lay_formats({**STILL, **axes})


@dataclass
class Asked:
    """One item: `z` is a number, or one number per variant of the grid."""

    id: str
    side: str
    z: object
    form: str = "choose"
    cluster: str = ""
    context: dict = field(default_factory=dict)
    tradeoff: str = "t"
    p1: str = "first"
    p2: str = "second"
    mass: object = 0.99


def rows_of(items, axes, model="m"):
    formats = laid(axes)
    rows = []
    for item in items:
        z = np.broadcast_to(np.asarray(item.z, dtype=float), len(formats.variants))
        mass = np.broadcast_to(np.asarray(item.mass, dtype=float), len(formats.variants))
        points = itertools.product(*({**STILL, **axes}[axis] for axis in AXES))
        for column, point in enumerate(points):
            variant = Variant(point)
            first, second = -np.logaddexp(0, -z[column]), -np.logaddexp(0, z[column])
            rows.append(
                {
                    "model": model,
                    "tradeoff": item.tradeoff,
                    "side": item.side,
                    "form": item.form,
                    "cluster": item.cluster or item.id,
                    "scenario": item.cluster or item.id if item.side in ("revealed", "bridge") else None,
                    "item": item.id,
                    "context": json.dumps(item.context),
                    "variant": variant.id,
                    **{f"axis_{axis}": variant[axis] for axis in AXES},
                    "p1": item.p1,
                    "p2": item.p2,
                    "shown_first": item.p1 if variant["order"] == "p1" else item.p2,
                    "label_p1": "A",
                    "label_p2": "B",
                    "logprob_p1": float(first),
                    "logprob_p2": float(second),
                    "log_odds": float(z[column]),
                    "option_mass": float(mass[column]),
                    "boundary_p1": 1.0,
                    "boundary_p2": 1.0,
                    "label_neutral": None,
                    "logprob_neutral": None,
                    "top_token": " A",
                    "top_token_id": 1,
                    "top_logprob": -0.1,
                    "n_tokens": 50,
                    "prompt_sha256": "0" * 64,
                    "pack_sha256": "0" * 64,
                    "reader": "plain",
                    "logits_dtype": "float32",
                }
            )
    return rows


def table(items, axes=QUICK, model="m") -> pa.Table:
    return pa.Table.from_pylist(rows_of(items, axes, model), schema=READINGS)


def facts(axes=QUICK, **changes) -> StudyFacts:
    plain = StudyFacts(
        tradeoffs={"t": TradeOffFacts(family="f", p1="first", p2="second")},
        axes=dict(axes),
        unordered_label_sets=(),
        agreeing={},
        controls={},
    )
    return replace(plain, **changes)


def control(kind: str, expect: str | None = None) -> ControlFacts:
    return ControlFacts(kind=kind, expect=expect)
