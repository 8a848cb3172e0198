"""What sampled answers would cost for the precision of exact probabilities: forward passes, by trade-off.

Reads a finished run. Exact: one pass an item, all formats together. Sampled: each answer is a draw with the probability
that was read, so the variance that d draws of every cell add to the gap R - S is known, sum p (1 - p) / d over the
squared number of cells of each side (every cell with the same weight), and d follows from the standard error that is
wanted. An answer costs at least one pass, of at least one token even where a prompt's cache is kept.

`a tenth` is the number of draws that adds a tenth to the variance between clusters, as results.json has it.

Usage: python scripts/bench/sampling.py [RUN] [--write]    (without RUN the embedded model on the demo study)
"""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import page
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import expit

import probe

ERRORS = (0.01, 0.001)
"""Standard errors of R - S, in probability, that sampling is to reach."""


@dataclass(frozen=True)
class Cost:
    """One trade-off.

    Attributes:
        name: Model and trade-off.
        passes: Items: forward passes of an exact reading.
        cells: Prompts.
        tenth: Draws of every cell that add a tenth to the variance between clusters; None where none would do.
        draws: Draws of every cell for each of `ERRORS`.
    """

    name: str
    passes: int
    cells: int
    tenth: int | None
    draws: tuple[int, ...]


def variance_of_one_draw(log_odds: pa.ChunkedArray) -> float:
    """What one draw of every cell of a side adds to the variance of its mean.

    Example:
        >>> variance_of_one_draw(pa.chunked_array([[0.0, 0.0]]))
        0.125
    """
    p = expit(log_odds.to_numpy())
    return float((p * (1 - p)).sum() / p.size**2)


def costs(results: probe.Results) -> list[Cost]:
    """All trade-offs of all models that have both sides."""
    found = []
    for model, told in results.results.models.items():
        for name, tradeoff in told.tradeoffs.items():
            if tradeoff.gu2025 is None:
                continue
            rows = results.readings.filter((pc.field("model") == model) & (pc.field("tradeoff") == name))
            sides = [rows.filter(pc.field("side") == side) for side in ("stated", "revealed")]
            variance = sum(variance_of_one_draw(side["log_odds"]) for side in sides)
            passes = sum(len(side["item"].unique()) for side in sides)
            draws = tuple(max(1, math.ceil(variance / error**2)) for error in ERRORS)
            cells = sum(side.num_rows for side in sides)
            found.append(Cost(f"{model}, {name}", passes, cells, tradeoff.gu2025.draws_per_prompt, draws))
    return found


def told(every: list[Cost]) -> str:
    """The table: answers, and in brackets how many for one exact pass."""

    def answers(cost: Cost, draws: int | None) -> str:
        return "" if draws is None else f"{draws * cost.cells:,} ({draws * cost.cells / cost.passes:,.0f})"

    head = ["trade-off", "exact: passes", "cells", "a tenth", *(f"standard error {error:g}" for error in ERRORS)]
    rows = [
        [cost.name, str(cost.passes), str(cost.cells), *(answers(cost, d) for d in (cost.tenth, *cost.draws))]
        for cost in every
    ]
    return page.table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, nargs="?", help="folder of a finished run")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        results = probe.Results(given.run) if given.run else probe.run("demo", out=Path(place) / "run")
        text = told(costs(results))
    print(text)
    if given.write:
        page.put("sampling", text)


if __name__ == "__main__":
    main()
