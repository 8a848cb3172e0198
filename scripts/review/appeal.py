"""Write a sheet on which a reader says how attractive each option is by itself, and the table of what readers said.

    python scripts/review/appeal.py sheet READER --out sheet.md
    python scripts/review/appeal.py table READER=answers.csv ...

A page shows one option and nothing else: no situation, no other option, no principle. Options of all scenarios and
mates come in an order that follows from the reader's name alone, so that the key can be made again. The table says,
per trade-off, how much more attractive the first principle's options are than the second's, from 1 to 7: beside
polarity (which principle an option stands for), whether one of them is simply the nicer thing to do.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from sheets import told

from probe.design.expand import expand
from probe.design.suites import load_suites

__all__ = ["Option", "options", "read_answers", "sheet", "table"]

SCALE = range(1, 8)

INSTRUCTIONS = """\
# How attractive is it by itself? {reader}

For every number below: something that somebody does, without the situation. Answer with one line `number,appeal`:

- `appeal`: a whole number from 1 to 7. 7: taken by itself, a very attractive thing to do (good, pleasant or admirable);
  4: neither; 1: a very unattractive one.

Judge each alone, from its own words. Do not guess the situation, and do not look for pairs: the order is random.
"""


@dataclass(frozen=True)
class Option:
    """One option on a sheet.

    Attributes:
        number: Its place, from 1.
        tradeoff: Id of the trade-off.
        scenario: ``tradeoff/id``, with ``~mate`` for a mate.
        first: Whether it stands for the first principle.
        text: Its words, at the first context cell.
    """

    number: int
    tradeoff: str
    scenario: str
    first: bool
    text: str


def options(reader: str, suite: str = "all") -> tuple[Option, ...]:
    """Every option of a suite's scenarios and mates, in the order of one reader."""
    cells = {}
    for file in load_suites((suite,)):
        for item in expand(file.tradeoff):
            if item.side == "revealed":
                cells.setdefault(told(item.id), item)
    found = [
        (name, item.tradeoff, first, text)
        for name, item in cells.items()
        for first, text in ((True, item.option_p1), (False, item.option_p2))
    ]
    found.sort(key=lambda one: hashlib.sha256(f"{reader}\t{one[0]}\t{one[2]}".encode()).hexdigest())
    return tuple(
        Option(number, tradeoff, name, first, text)
        for number, (name, tradeoff, first, text) in enumerate(found, start=1)
    )


def sheet(reader: str, suite: str = "all") -> str:
    """The whole sheet of one reader."""
    lines = (f"{one.number}: {one.text}" for one in options(reader, suite))
    return INSTRUCTIONS.format(reader=reader) + "\n" + "\n".join(lines) + "\n"


def read_answers(path: Path, asked: Sequence[Option]) -> dict[int, int]:
    """Appeal by number.

    Raises:
        SystemExit: An answer is missing, stands twice, or is no whole number from 1 to 7.
    """
    found: dict[int, int] = {}
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        number, appeal = row["number"].strip(), row["appeal"].strip()
        if not (number.isdigit() and appeal.isdigit() and int(appeal) in SCALE) or int(number) in found:
            raise SystemExit(f"{path.name}: the answer {number},{appeal} stands twice or is none. Mend it.")
        found[int(number)] = int(appeal)
    if set(found) != {one.number for one in asked}:
        raise SystemExit(f"{path.name}: numbers are missing or too many. Mend the answers.")
    return found


def table(readings: Mapping[str, tuple[Sequence[Option], Mapping[int, int]]]) -> str:
    """Mean appeal of both principles' options per trade-off, over readers; a Markdown table."""
    found: dict[str, dict[bool, list[int]]] = defaultdict(lambda: {True: [], False: []})
    for asked, answers in readings.values():
        for one in asked:
            found[one.tradeoff][one.first].append(answers[one.number])
    rows = ["| trade-off | first principle | second principle | difference |", "|---|---|---|---|"]
    for tradeoff, own in sorted(found.items()):
        one, two = mean(own[True]), mean(own[False])
        rows.append(f"| {tradeoff} | {one:.2f} | {two:.2f} | {one - two:+.2f} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Write a sheet, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    writes = verbs.add_parser("sheet")
    writes.add_argument("reader")
    writes.add_argument("--out", type=Path, required=True)
    verbs.add_parser("table").add_argument("answers", nargs="+", metavar="READER=FILE")
    args = parser.parse_args()
    if args.verb == "sheet":
        args.out.write_text(sheet(args.reader), encoding="utf-8")
        return
    readings = {}
    for pair in args.answers:
        reader, _, path = pair.partition("=")
        asked = options(reader)
        readings[reader] = (asked, read_answers(Path(path), asked))
    print(table(readings), end="")


if __name__ == "__main__":
    main()
