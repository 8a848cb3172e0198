"""All statistics of a large study: time and peak memory from the table on disk to the text of results.json.

Draws a made-up study of `--tradeoffs` trade-offs with 96 items each and `--models` models in 32 formats, writes its
table, and analyses it in a process of its own, so that the peak is that of the statistics alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import pickle
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from probe.analysis.results import to_json
from probe.analysis.study import analyse
from simulation.table import facts_of, readings
from simulation.world import (
    TWO,
    Control,
    FormatEffects,
    Revealed,
    Scenario,
    Stated,
    TradeOff,
    World,
    nine_roots,
)

AXES = {
    "order": TWO,
    "label_order": TWO,
    "label_set": ("AB", "12"),
    "instruction": ("label", "which"),
    "cue": ("answer", "choice"),
}
FACTORS = {
    "stakes": {"low": -0.3, "high": 0.3},
    "number": {"one": 0.2, "two": 0.0, "three": -0.2},
    "person": {"self": 0.1, "friend": -0.1},
}
LARGE, SMALL = ("stakes", "number"), ("stakes", "person")
CONTROLS = [("dominated", 3.0), ("fact", 3.0), ("equivalent", 0.1), ("identical", 0.0), ("content_free", 0.0)]


@dataclass(frozen=True)
class Figures:
    """What one analysis took."""

    seconds: float
    gigabytes: float
    tests: int
    exact: int
    claims: int
    text: int


def main() -> int:
    """Print one line of figures; exit 1 if they are above the bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tradeoffs", type=int, default=24)
    parser.add_argument("--models", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0, help="bound on the time")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="bound on peak memory")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        items, rows = prepare(Path(place), chosen.tradeoffs, chosen.models)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(measured, (Path(place),))
    line = (
        f"{chosen.models} models, {chosen.tradeoffs} trade-offs, {items} items, {rows} rows: {found.seconds:.1f} s, "
        f"peak {found.gigabytes:.2f} GB; {found.tests} tests ({found.exact} exact), {found.claims} claims, "
        f"{found.text / 1e6:.1f} MB of results"
    )
    sys.stdout.write(line + "\n")
    return int(found.seconds > chosen.seconds or found.gigabytes > chosen.gigabytes)


def prepare(place: Path, tradeoffs: int, models: int) -> tuple[int, int]:
    """Write the table and the facts of a made-up study; number of items and rows."""
    rng = np.random.default_rng(0)
    world = World({f"t{k:02d}": _tradeoff(rng) for k in range(tradeoffs)}, AXES, tuple(_controls()))
    tables = [readings(world, seed, f"model-{seed}") for seed in range(models)]
    table = pa.concat_tables(tables)
    pq.write_table(table, place / "readings.parquet")
    floors = {f"model-{seed}": 1e-4 for seed in range(models)}
    (place / "facts.pickle").write_bytes(pickle.dumps((facts_of(world), floors)))
    return len(tables[0]["item"].unique()), table.num_rows


def _tradeoff(rng: np.random.Generator) -> TradeOff:
    stated, revealed = rng.normal(0, 1, 2)
    stories = tuple(Scenario(LARGE if k < 9 else SMALL, bridge=True) for k in range(12))
    bias = FormatEffects(position=0.8, label={"AB": 0.3, "12": 0.2}, items=0.3)
    return TradeOff(
        Stated(stated, nine_roots(), formats=bias, acquiescence=0.3),
        Revealed(revealed, stories, factors=FACTORS, formats=bias),
    )


def _controls() -> list[Control]:
    return [Control(kind, content) for kind, content in CONTROLS for _ in range(8)]


def measured(place: Path) -> Figures:
    """Analyse what `prepare` wrote, from the table on disk to the text of the results."""
    facts, floors = pickle.loads((place / "facts.pickle").read_bytes())
    begun = time.perf_counter()
    results = analyse(pq.read_table(place / "readings.parquet"), facts, floors)
    text = to_json(results)
    seconds = time.perf_counter() - begun
    every = [t for model in results.models.values() for t in model.tradeoffs.values()]
    tests = [t.inference.test for t in every if t.inference is not None and t.inference.test is not None]
    return Figures(
        seconds=seconds,
        gigabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        tests=len(tests),
        exact=sum(test.exact for test in tests),
        claims=sum(t.claim is not None for t in every),
        text=len(text.encode()),
    )


if __name__ == "__main__":
    sys.exit(main())
