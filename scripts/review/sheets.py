"""Write a sheet for one blind reader: scenario, two options and two glosses, each pair in a random order.

    python scripts/review/sheets.py READER --out sheet.md [--suite all] [--items ID ...]

The sheet says nothing of which option was written for which principle. Which order the reader saw follows from the
reader's name alone, so that the key can be made again; the same name gives the same sheet while the scenarios stay as
they are.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from probe.design.expand import expand
from probe.design.items import Item
from probe.design.suites import load_suites

__all__ = ["Page", "pages", "sheet", "told"]

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
        number: Its place in the sheet, from 1; a sheet of some scenarios keeps the numbers of the whole.
        scenario: ``tradeoff/id``, with ``~mate`` for a mate.
        item: The context cell that is shown.
        options: The two texts as shown.
        principles: The ids behind X and Y.
        glosses: Gloss of each principle.
        match: The right letter for option 1.
    """

    number: int
    scenario: str
    item: Item
    options: tuple[str, str]
    principles: tuple[str, str]
    glosses: dict[str, str]
    match: str

    @property
    def text(self) -> str:
        """The page as the reader sees it."""
        x, y = self.principles
        return (
            f"## {self.number}\n\n{self.item.text}\n\n1: {self.options[0]}\n2: {self.options[1]}\n\n"
            f"X: {self.glosses[x]}\nY: {self.glosses[y]}\n"
        )


def pages(reader: str, suite: str, only: Collection[str] = ()) -> Iterator[Page]:
    """The scenarios of a suite and their mates, each a page of its own, in the order of one reader.

    Args:
        reader: The name decides the orders, and which context cell of a scenario is shown.
        suite: Name of the suite.
        only: Scenarios and mates to keep (``tradeoff/id``, ``tradeoff/id~mate``), all if empty;
            ``tradeoff/id/factor=level,...`` shows that cell.
    """
    found: list[tuple[str, dict[str, str], list[Item]]] = []
    for file in load_suites((suite,)):
        cells: dict[str, list[Item]] = {}
        for item in expand(file.tradeoff):
            if item.side == "revealed":
                cells.setdefault(told(item.id), []).append(item)
        found += [(scenario, dict(file.tradeoff.principles), items) for scenario, items in cells.items()]
    found.sort(key=lambda entry: _hash(reader, entry[0]))
    for number, (scenario, glosses, items) in enumerate(found, start=1):
        wanted = [item for item in items if item.id in only]
        if not only or scenario in only or wanted:
            yield _page(reader, number, scenario, wanted or items, glosses)


def told(item: str) -> str:
    """Of an item's id what a reader reads as one situation: ``tradeoff/id`` of a scenario, with ``~mate`` of its mate.

    Example:
        >>> told("t/s/stakes=low"), told("t/s~mate/stakes=low")
        ('t/s', 't/s~mate')
    """
    return "/".join(item.split("/")[:2])


def sheet(reader: str, suite: str, only: Collection[str] = ()) -> str:
    """The whole sheet of one reader."""
    return "\n".join([INSTRUCTIONS.format(reader=reader), *(page.text for page in pages(reader, suite, only))])


def _page(reader: str, number: int, scenario: str, items: list[Item], glosses: dict[str, str]) -> Page:
    dice = random.Random(_hash(reader, scenario))
    item = dice.choice(items)
    p1_is_one, p1_is_x = dice.random() < 0.5, dice.random() < 0.5
    options = (item.option_p1, item.option_p2) if p1_is_one else (item.option_p2, item.option_p1)
    principles = (str(item.p1), str(item.p2)) if p1_is_x else (str(item.p2), str(item.p1))
    return Page(number, scenario, item, options, principles, glosses, "X" if p1_is_one == p1_is_x else "Y")


def _hash(reader: str, scenario: str) -> int:
    return int(hashlib.sha256(f"{reader}\t{scenario}".encode()).hexdigest()[:16], 16)


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", help="name of the reader; decides the orders")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--suite", default="all")
    parser.add_argument("--items", nargs="*", default=(), help="only these scenarios (tradeoff/id) or cells")
    args = parser.parse_args()
    args.out.write_text(sheet(args.reader, args.suite, args.items), encoding="utf-8")


if __name__ == "__main__":
    main()
