"""Write scenarios/REVIEW.md from the frozen rounds of blind readings.

    python scripts/review/score.py

The first round is what the suite was when it was written; the second read again what was rewritten, the third what was
written later. What nobody has read as it stands now is named in review/pending.txt. Nothing here changes an answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from agreement import cohen, fleiss, upper_bound
from rounds import FOLDER, Reading, read_round, scenario_hashes

from probe.design.items import MATE

__all__ = ["last_readings", "pending", "review", "rounds", "unread"]

REVIEW = FOLDER.parent / "REVIEW.md"

HEAD = """\
# Blind readings of the revealed scenarios

Written by `scripts/review/score.py` from the answers in `review/`; a test compares.

**Who read.** The readers of a round are one large language model (Claude, by Anthropic), asked three times
independently and with different instructions: reader 1 plainly, reader 2 as a sceptical methodologist, reader 3 as a
layperson. The texts were written by a language model of the same kind. So the readings come from one source that was
instructed in three ways, not from two different sources: they differ by instruction and not by model, and errors that
the model makes as a writer and as a reader alike stay unseen. **No human panel has validated the suite.**

**What they saw.** Per scenario the text of one context cell, drawn at random for each reader in the first round, the
two options and the glosses of the two principles, each pair in a random order, and nothing else
(`scripts/review/sheets.py`). They said which option stands for which principle, and whether an option is dominated
(worse in every respect) or implausible (nobody would do it). Other cells of the scenario were not shown.

**How it is counted.** *Agreement* is the share of readings that match the options to the principles as the file does.
For kappa, a reading is put into a category by the principle that it sees in the option that the file lists first (or
neither); since either principle is listed first equally often, chance agreement is about a half. *Cohen* is the mean
over the pairs of readers, *Fleiss* takes all readers together. *Flagged* is the share of readings that call an option
dominated or implausible.

**What it shows.** That no option stands for the other principle by a slip, and which cells ask for too little of a
choice. It does not show that people would read the texts so, or that two sources would.
"""

ORDER = ("first", "second", "third")
PENDING = FOLDER / "pending.txt"
PENDING_HEAD = (
    "# Scenarios and mates that no blind reader has read as they stand now. Written by scripts/review/score.py.\n"
)


def rounds(folder: Path = FOLDER) -> dict[str, list[Reading]]:
    """Every round that stands, in order."""
    return {name: read_round(folder / name) for name in ORDER if (folder / name).is_dir()}


def last_readings(found: dict[str, list[Reading]]) -> list[Reading]:
    """Per scenario the readings of the last round that read it."""
    last: dict[str, list[Reading]] = {}
    for readings in found.values():
        again: dict[str, list[Reading]] = defaultdict(list)
        for reading in readings:
            again[reading.scenario].append(reading)
        last |= again
    return [reading for scenario in sorted(last) for reading in last[scenario]]


def unread(readings: Sequence[Reading], hashes: dict[str, str]) -> list[str]:
    """Scenarios whose present text the last readers did not see, or did not read right by majority."""
    by = _by(readings, lambda reading: reading.scenario)
    return [
        scenario
        for scenario, sha256 in hashes.items()
        if 2 * sum(one.sha256 == sha256 and one.said == "same" for one in by.get(scenario, ()))
        <= len(by.get(scenario, ()))
    ]


def review(folder: Path = FOLDER) -> str:
    """The text of REVIEW.md."""
    found = rounds(folder)
    parts = [HEAD, *_round("First pass, before anything was rewritten", found["first"])]
    if "second" in found:
        name = "second"
        again = sorted({reading.scenario for reading in found[name]})
        parts += [f"## Rewritten and read again: {name} round\n"]
        parts += [
            f"{len(again)} scenarios were rewritten and given to three new readers: the same model, asked anew with "
            "the same three instructions. They saw the cells to which the first readers had objected.\n"
        ]
        parts += [_table(found[name], per_tradeoff=False), _objections(found[name])]
        parts += ["Only what was objected to was read again, so the last shares of flags estimate nothing anew.\n"]
    if "third" in found:
        parts += _round("What was written later: third round", found["third"])
    parts += _round("Final, each scenario by its last readers", last_readings(found), objections=False)
    return "\n".join([*parts, *_waiting(unread(last_readings(found), scenario_hashes("all")))])


def pending() -> list[str]:
    """What the file says that nobody has read as it stands now."""
    return [line for line in PENDING.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def _waiting(names: Sequence[str]) -> Iterator[str]:
    if names:
        mates = sum(name.endswith(MATE) for name in names)
        yield "## Not read yet\n"
        yield (
            f"{mates} mates and {len(names) - mates} scenarios were written or rewritten after the last round, and no "
            "blind reader has read them as they stand: `review/pending.txt` names each. Nothing above is about them.\n"
        )


def _round(title: str, readings: list[Reading], *, objections: bool = True) -> Iterator[str]:
    scenarios = len({reading.scenario for reading in readings})
    wrong = {reading.scenario for reading in readings if reading.said != "same"}
    flags = sum(bool(reading.flawed) for reading in readings)
    by = _by(readings, lambda reading: reading.scenario)
    twice = sum(sum(bool(one.flawed) for one in ones) > 1 for ones in by.values())
    yield f"## {title}\n"
    bound = 100 * upper_bound(len(wrong), scenarios)
    yield (
        f"{len(readings)} readings of {scenarios} scenarios. {len(wrong)} scenarios were read otherwise than written "
        f"by at least one reader (95 % upper bound, were scenarios drawn at random: {bound:.1f} %). {flags} readings "
        f"flag an option ({100 * flags / len(readings):.1f} %, where at most 5 % is asked for); {twice} scenarios were "
        "flagged by two or more readers.\n"
    )
    yield _table(readings, per_tradeoff=True)
    if objections:
        yield _objections(readings)


def _table(readings: list[Reading], *, per_tradeoff: bool) -> str:
    rows = ["| trade-off | scenarios | agreement | Cohen | Fleiss | flagged |", "|---|---|---|---|---|---|"]
    groups = _by(readings, lambda reading: reading.tradeoff) if per_tradeoff else {}
    rows += [_row(tradeoff, ones) for tradeoff, ones in sorted(groups.items())]
    return "\n".join([*rows, _row("**all**", readings), ""])


def _row(name: str, readings: Sequence[Reading]) -> str:
    units = [
        [one.category for one in sorted(ones, key=lambda one: one.reader)]
        for ones in _by(readings, lambda reading: reading.scenario).values()
    ]
    columns = list(zip(*units, strict=True))
    pairs = [cohen(one, two) for one, two in combinations(columns, 2)]
    known = [kappa for kappa in pairs if kappa is not None]
    same = sum(reading.said == "same" for reading in readings) / len(readings)
    flagged = sum(bool(reading.flawed) for reading in readings) / len(readings)
    mean = sum(known) / len(known) if len(known) == len(pairs) else None
    return (
        f"| {name} | {len(units)} | {same:.3f} | {_number(mean)} | {_number(fleiss(units))} | {100 * flagged:.1f} % |"
    )


def _objections(readings: list[Reading]) -> str:
    objected = [reading for reading in readings if reading.said != "same" or reading.flawed]
    if not objected:
        return "No reader read a scenario otherwise than the file has it, and none flagged an option.\n"
    rows = ["| cell | reader | what was said | reason |", "|---|---|---|---|"]
    for one in sorted(objected, key=lambda one: (one.item, one.reader)):
        said = [] if one.said == "same" else [f"reads it as {one.said}"]
        said += [f"`{principle}` dominated or implausible" for principle in one.flawed]
        rows.append(f"| `{one.item}` | {one.reader} | {', '.join(said)} | {one.note} |")
    return "Every disagreement and every flag:\n\n" + "\n".join(rows) + "\n"


def _by(readings: Sequence[Reading], key: Callable[[Reading], str]) -> dict[str, list[Reading]]:
    groups: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        groups[key(reading)].append(reading)
    return groups


def _number(kappa: float | None) -> str:
    return "–" if kappa is None else f"{kappa:.3f}"


def main() -> None:
    """Write the review, and the list of what nobody has read as it stands now."""
    REVIEW.write_text(review(), encoding="utf-8")
    missing = unread(last_readings(rounds()), scenario_hashes("all"))
    PENDING.write_text(PENDING_HEAD + "".join(f"{name}\n" for name in missing), encoding="utf-8")
    if missing:
        print(f"{len(missing)} not read as they stand now, or not read right: {PENDING.name}")


if __name__ == "__main__":
    main()
