"""Frozen rounds of blind readings: the answers verbatim, the key, and hashes of what was read.

    python scripts/review/rounds.py ROUND READER --answers answers.csv --notes notes.txt [--suite all] [--items ID ...]

A round is a folder below ``scenarios/review/``. Per reader it holds ``READER.csv`` and ``READER.txt`` (answers and
notes, untouched) and ``READER.key.csv`` (what each number showed, what was right, and the hash of the scenario). Beside
them ``files.sha256`` names the hash of every file of the suite at that moment. Freeze before anything is rewritten.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sheets import pages, told

from probe.design.items import MATE
from probe.design.shape import Mate, Revealed, TradeOff
from probe.design.suites import load_suites, suite_paths

__all__ = ["FOLDER", "Reading", "freeze", "read_round", "scenario_hashes"]

FOLDER = Path(__file__).parents[2] / "scenarios" / "review"
FLAWS = ("", "1", "2", "12")


@dataclass(frozen=True)
class Reading:
    """What one reader said of one scenario.

    Attributes:
        round: Name of the round.
        reader: Name of the reader.
        scenario: ``tradeoff/id``, with ``~mate`` for a mate.
        item: The cell that was shown.
        sha256: Hash of the scenario as it was read.
        said: ``same`` where the reader's match is the file's, ``other`` where it is the opposite, ``neither``.
        category: The principle that the reader saw in the option that the file lists first, or ``neither``.
        flawed: Ids of the principles whose options the reader called dominated or implausible.
        note: The reader's reason, if one was given.
    """

    round: str
    reader: str
    scenario: str
    item: str
    sha256: str
    said: str
    category: str
    flawed: tuple[str, ...]
    note: str

    @property
    def tradeoff(self) -> str:
        """Id of the trade-off."""
        return self.scenario.split("/")[0]


def freeze(folder: Path, reader: str, answers: Path, notes: Path | None, suite: str, only: list[str]) -> None:
    """Copy a reader's answers and write the key of the sheet as it stands now."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(answers, folder / f"{reader}.csv")
    if notes is not None and notes.exists():
        shutil.copyfile(notes, folder / f"{reader}.txt")
    hashes, first = scenario_hashes(suite), _listed_first(suite)
    with (folder / f"{reader}.key.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["number", "item", "listed", "option1", "option2", "match", "scenario_sha256"])
        for page in pages(reader, suite, only):
            both = {page.item.option_p1: page.item.p1, page.item.option_p2: page.item.p2}
            shown = [both[option] for option in page.options]
            table.writerow([page.number, page.item.id, first[page.scenario], *shown, page.match, hashes[page.scenario]])
    lines = sorted(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}" for path, name in suite_paths([suite]).items()
    )
    (folder / "files.sha256").write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_round(folder: Path) -> list[Reading]:
    """The readings of a round.

    Raises:
        SystemExit: An answer is missing, stands twice, or is none of those that the sheet allows.
    """
    found = []
    for key_file in sorted(folder.glob("*.key.csv")):
        reader = key_file.name.removesuffix(".key.csv")
        answers = _answers(folder / f"{reader}.csv")
        notes = _notes(folder / f"{reader}.txt")
        key = _rows(key_file)
        if {row["number"] for row in key} != set(answers):
            raise SystemExit(f"{folder.name}/{reader}.csv: numbers are missing or too many. Mend the answers.")
        found += [_reading(folder.name, reader, row, answers[row["number"]], notes) for row in key]
    return found


def scenario_hashes(suite: str) -> dict[str, str]:
    """Per scenario and per mate the hash of all that a blind reader can be shown: text, factors, options, glosses."""
    return {
        name: _sha256(file.tradeoff, one, shown)
        for file in load_suites((suite,))
        for one in file.tradeoff.revealed
        for name, shown in _shown(file.tradeoff, one)
    }


def _shown(tradeoff: TradeOff, one: Revealed) -> Iterator[tuple[str, Revealed | Mate]]:
    """What is read of a scenario as one situation each: itself, and its mate."""
    yield f"{tradeoff.tradeoff}/{one.id}", one
    if one.mate is not None:
        yield f"{tradeoff.tradeoff}/{one.id}{MATE}", one.mate


def _listed_first(suite: str) -> dict[str, str]:
    """Per scenario and per mate the principle whose option the file lists first."""
    return {
        name: next(iter(shown.options))
        for file in load_suites((suite,))
        for one in file.tradeoff.revealed
        for name, shown in _shown(file.tradeoff, one)
    }


def _sha256(tradeoff: TradeOff, scenario: Revealed, one: Revealed | Mate) -> str:
    shown = {"text": one.text, "factors": scenario.factors, "options": one.options}
    content = json.dumps([dict(tradeoff.principles), shown], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def _answers(path: Path) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for row in _rows(path):
        number, match, flaw = (row[name].strip() for name in ("number", "match", "flaw"))
        if number in found or match not in ("X", "Y", "?") or flaw not in FLAWS:
            raise SystemExit(f"{path.name}: the answer {number},{match},{flaw} stands twice or is none. Mend it.")
        found[number] = (match, flaw)
    return found


def _notes(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = [line.partition(":") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {number.strip(): note.strip() for number, _, note in lines}


def _reading(name: str, reader: str, key: dict[str, str], answer: tuple[str, str], notes: dict[str, str]) -> Reading:
    match, flaw = answer
    item = key["item"]
    scenario = told(item)
    said = "neither" if match == "?" else "same" if match == key["match"] else "other"
    listed, unlisted = sorted((key["option1"], key["option2"]), key=lambda option: option != key["listed"])
    category = {"same": listed, "other": unlisted, "neither": "neither"}[said]
    flawed = tuple(key[f"option{digit}"] for digit in flaw)
    note = notes.get(key["number"], "")
    return Reading(name, reader, scenario, item, key["scenario_sha256"], said, category, flawed, note)


def main() -> None:
    """Freeze one reader's answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("round", help="name of the round, such as first")
    parser.add_argument("reader", help="the name that the sheet was written for")
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--notes", type=Path)
    parser.add_argument("--suite", default="all")
    parser.add_argument("--items", nargs="*", default=[])
    args = parser.parse_args()
    if not re.fullmatch(r"[a-z0-9-]+", args.round + args.reader):
        raise SystemExit("names of rounds and readers are small letters, digits and dashes.")
    freeze(FOLDER / args.round, args.reader, args.answers, args.notes, args.suite, args.items)


if __name__ == "__main__":
    main()
