"""Comparisons of outcomes from the table of readings and the table that says what each option stands for."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from probe.analysis.bradley_terry import Comparisons
from probe.errors import InputError

__all__ = ["Standing", "comparisons_of", "mean_log_odds", "read_outcomes"]

COLUMNS = ["item", "option", "outcome"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the options of an item stand for: outcomes, or values, by option id."""

    options: Mapping[str, tuple[str, ...]]


def read_outcomes(text: str, where: str) -> dict[str, Standing]:
    """The table ``item, option, outcome``, by item.

    Raises:
        InputError: It has other columns, or an item whose options are not two.
    """
    reader = csv.DictReader(io.StringIO(text))
    if list(reader.fieldnames or ()) != COLUMNS:
        raise InputError(f"{where}: the columns {', '.join(COLUMNS)} are expected, found {reader.fieldnames}.")
    items: dict[str, dict[str, list[str]]] = {}
    for row in reader:
        items.setdefault(row["item"], {}).setdefault(row["option"], []).append(row["outcome"])
    return {
        item: Standing({option: tuple(dict.fromkeys(found)) for option, found in options.items()})
        for item, options in items.items()
    }


def mean_log_odds(readings: pa.Table, model: str) -> dict[str, tuple[str, str, float]]:
    """Options p1 and p2 of each item of a model, and the mean log-odds towards p1 over its formats, in nats.

    The mean cancels what a place or a label pulls, since every format has its mirror image.
    """
    columns = ["model", "item", "p1", "p2", "log_odds"]
    rows = readings.select(columns).group_by(["model", "item", "p1", "p2"]).aggregate([("log_odds", "mean")])
    return {
        row["item"]: (row["p1"], row["p2"], row["log_odds_mean"])
        for row in sorted(rows.to_pylist(), key=lambda row: str(row["item"]))
        if row["model"] == model
    }


def comparisons_of(
    standings: Mapping[str, Standing], log_odds: Mapping[str, tuple[str, str, float]], items: Sequence[str]
) -> Comparisons:
    """Every outcome of one option against every outcome of the other; an item's pairs share its weight of 1.

    An outcome that both options stand for is not compared by that item, nor is an item with nothing to compare.

    Args:
        standings: What the options stand for.
        log_odds: As `mean_log_odds` gives it.
        items: Which items to take.

    Raises:
        InputError: Nothing is compared, or the comparisons fall into parts.
    """
    pairs: list[tuple[str, str, float, float]] = []
    draws: list[int] = []
    for number, item in enumerate(items):
        p1, p2, z = log_odds[item]
        options = standings[item].options
        own, other = options.get(p1, ()), options.get(p2, ())
        battles = [(a, b) for a in own if a not in other for b in other if b not in own]
        pairs += [(a, b, z, 1 / len(battles)) for a, b in battles]
        draws += [number] * len(battles)
    return Comparisons.of(pairs, draws)
