"""How time and memory of the trie reader grow: with formats, length, model, vocabulary, token budget and items.

Every point is a process of its own: packs of random tokens on a model with random weights. A pack has a stem (the
scenario) and blocks that branch in two (the formats), with four labels behind each prompt. Memory is the peak of the
process while it reads, less what it held before (Linux alone tells this). The exponent is the slope between the last
two points, in logarithms: 1 is growth in proportion.

Usage: python scripts/bench/growth.py [--curves formats length model vocabulary budget items] [--write]
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import page
import psutil
import torch
from question import counts, drawn_pack
from shapes import SHAPES, random_model

from probe.engine.plain import PlainReader
from probe.engine.reader_choice import trie_reader

STEM, BLOCK = 200, 12
"""Tokens of the scenario, and of what is told anew behind each branch."""


@dataclass(frozen=True)
class Point:
    """What is read."""

    shape: str = "31M"
    vocabulary: int = 151_936
    stem: int = STEM
    formats: int = 32
    budget: int = 4096
    items: int = 1
    reader: str = "trie"
    rounds: int = 3


@dataclass(frozen=True)
class Found:
    """What it took."""

    at: float
    prompt_tokens: int
    trie_tokens: int
    seconds: float
    megabytes: float


BASE = Point()
CURVES: dict[str, tuple[str, list[Point]]] = {
    "formats": ("formats", [replace(BASE, formats=2**n) for n in range(2, 10)]),
    "plain": ("formats, plain reader", [replace(BASE, formats=2**n, reader="plain", rounds=1) for n in range(2, 8)]),
    "length": ("tokens of the scenario", [replace(BASE, stem=n) for n in (50, 100, 200, 400, 800, 1600, 3000)]),
    "model": ("parameters, millions", [replace(BASE, shape=s) for s in ("31M", "180M", "494M")]),
    "vocabulary": ("vocabulary", [replace(BASE, vocabulary=2**n) for n in range(14, 19)]),
    "budget": ("token budget", [replace(BASE, formats=128, budget=2**n, rounds=1) for n in range(8, 13)]),
    "items": ("items", [replace(BASE, items=n, formats=8, rounds=1) for n in (1, 4, 16)]),
}
"""What moves, and the points."""


def measured(point: Point) -> tuple[float, float, int, int]:
    """Median seconds of all packs, peak bytes, prompt tokens and trie tokens of one pack; in a fresh process."""
    packs = [
        drawn_pack(seed, point.vocabulary, point.stem, (2,) * int(math.log2(point.formats)), BLOCK, point.budget)
        for seed in range(point.items)
    ]
    model = random_model(point.shape, point.vocabulary)
    boundary = np.arange(point.vocabulary) % 3 == 0
    plain, trie = PlainReader(model, boundary, "bench"), trie_reader(model, "bench", boundary)
    reader = plain if point.reader == "plain" else trie
    with torch.inference_mode():
        model(input_ids=torch.tensor([[1, 2, 3]]), use_cache=False, logits_to_keep=1)  # threads and buffers exist
    held = psutil.Process().memory_info().rss
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    took = []
    for _ in range(point.rounds):
        started = time.perf_counter()
        for pack in packs:
            reader.read(pack)
        took.append(time.perf_counter() - started)
    peak = 1024 * int(_told("VmHWM"))
    _, tokens, nodes = counts(packs[0])
    return float(np.median(took)), peak - held, tokens, nodes


def _told(name: str) -> str:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return found[1]


def place(name: str, point: Point) -> float:
    """Where on its curve a point stands."""
    value = {"plain": point.formats, "length": point.stem, "model": 0}.get(name)
    return float(getattr(point, name) if value is None else value)


def curve(name: str, points: list[Point]) -> Iterator[Found]:
    """All points of a curve, one after the other."""
    for point in points:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, peak, tokens, nodes = pool.apply(measured, (point,))
        at = place(name, point) or float(point.shape.removesuffix("M"))
        found = Found(at, tokens, nodes, seconds, peak / 1e6)
        print(name, asdict(found), flush=True)
        yield found


def exponent(found: list[Found], what: str) -> float:
    """Slope between the last two points, both axes in logarithms.

    Example:
        >>> exponent([Found(1, 0, 0, 2.0, 1), Found(2, 0, 0, 8.0, 1)], "seconds")
        2.0
    """
    one, two = found[-2:]
    return math.log(getattr(two, what) / getattr(one, what)) / math.log(two.at / one.at)


def told(name: str, found: list[Found]) -> str:
    """The table of one curve, with its exponents below."""
    rows = [
        [f"{f.at:,.0f}", f"{f.prompt_tokens:,}", f"{f.trie_tokens:,}", f"{f.seconds:.2f}", f"{f.megabytes:,.0f}"]
        for f in found
    ]
    head = [CURVES[name][0], "prompt tokens", "trie tokens", "seconds", "peak memory, MB"]
    if len(found) < 2:
        return page.table(head, rows)
    slopes = f"{exponent(found, 'seconds'):.2f} for time, {exponent(found, 'megabytes'):.2f} for memory"
    return f"{page.table(head, rows)}\n\nExponents at the end: {slopes}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--curves", nargs="+", choices=CURVES, default=list(CURVES))
    parser.add_argument("--samples", type=Path, help="keep what was found in this file, and tell all that it holds")
    parser.add_argument("--small", action="store_true", help="two points of each curve on a tiny model: a trial")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    given = parser.parse_args()
    kept = json.loads(given.samples.read_text(encoding="utf-8")) if given.samples and given.samples.is_file() else {}
    every = {name: [Found(**one) for one in points] for name, points in kept.items()}
    for name in given.curves:
        points = CURVES[name][1]
        if given.small:
            points = [replace(one, shape="tiny" if name != "model" else one.shape) for one in points[:2]]
        every[name] = []
        for found in curve(name, points):
            every[name].append(found)
            if given.samples:
                text = json.dumps({name: [asdict(one) for one in rows] for name, rows in every.items()})
                given.samples.write_text(text, encoding="utf-8")
    tables = "\n\n".join(told(name, every[name]) for name in CURVES if name in every)
    print(tables)
    if given.write:
        page.put("growth", tables)


if __name__ == "__main__":
    assert set(SHAPES) >= {point.shape for _, points in CURVES.values() for point in points}
    main()
