"""Write a sheet for one blind reader: scenario, two options and two glosses, each pair in a random order.

    python scripts/review/sheets.py READER --out sheet.md [--suite all] [--items ID ...]

The sheet says nothing of which option was written for which principle. Which order the reader saw follows from the
reader's name alone, so `score.py` can undo it; the same name gives the same sheet while the scenarios stay as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from probe.design.expand import expand
from probe.design.items import Item
from probe.design.suites import load_suites

INSTRUCTIONS = """\
# Blind reading: {reader}

For every number below: a situation, two options and two principles. Answer with one line `number,match,flaw`:

- `match`: the principle, X or Y, that **option 1** stands for (option 2 then stands for the other). `?` if neither
  reading is better than the other.
- `flaw`: empty if both options are sound; `1` or `2` if that option is dominated (worse in every respect that the
  situation names, so that nobody would have a reason to take it) or implausible (nobody in the situation would do it);
  `12` if both are.

Judge each alone, from its own words. Do not look for a pattern: the orders are random.
"""


@dataclass(frozen=True)
class Page:
    """What a reader sees of one scenario, and what the orders stand for.

    Attributes:
        scenario: Its cluster.
        item: The context cell that is shown.
        options: The two texts as shown.
        principles: The ids behind X and Y.
        match: The right letter for option 1.
    """

    scenario: str
    item: Item
    options: tuple[str, str]
    principles: tuple[str, str]
    match: str


def pages(reader: str, suite: str) -> Iterator[tuple[Page, dict[str, str]]]:
    """Every scenario of a suite in the order of one reader, with the glosses of its principles."""
    found: list[tuple[str, dict[str, str], list[Item]]] = []
    for file in load_suites((suite,)):
        cells: dict[str, list[Item]] = {}
        for item in expand(file.tradeoff):
            if item.side == "revealed" and item.scenario is not None:
                cells.setdefault(item.scenario, []).append(item)
        found += [(scenario, dict(file.tradeoff.principles), items) for scenario, items in cells.items()]
    found.sort(key=lambda entry: _hash(reader, entry[0]))
    for scenario, glosses, items in found:
        yield _page(reader, scenario, items), glosses


def _page(reader: str, scenario: str, items: list[Item]) -> Page:
    dice = random.Random(_hash(reader, scenario))
    item = dice.choice(items)
    p1_is_one, p1_is_x = dice.random() < 0.5, dice.random() < 0.5
    options = (item.option_p1, item.option_p2) if p1_is_one else (item.option_p2, item.option_p1)
    principles = (str(item.p1), str(item.p2)) if p1_is_x else (str(item.p2), str(item.p1))
    return Page(scenario, item, options, principles, "X" if p1_is_one == p1_is_x else "Y")


def _hash(reader: str, scenario: str) -> int:
    return int(hashlib.sha256(f"{reader}\t{scenario}".encode()).hexdigest()[:16], 16)


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", help="name of the reader; decides the orders")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--suite", default="all")
    parser.add_argument("--items", nargs="*", default=(), help="only these scenarios (tradeoff/id)")
    args = parser.parse_args()
    lines = [INSTRUCTIONS.format(reader=args.reader)]
    for number, (page, glosses) in enumerate(pages(args.reader, args.suite), start=1):
        if args.items and page.scenario not in args.items:
            continue
        x, y = page.principles
        lines.append(
            f"## {number}\n\n{page.item.text}\n\n1: {page.options[0]}\n2: {page.options[1]}\n\n"
            f"X: {glosses[x]}\nY: {glosses[y]}\n"
        )
    args.out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
