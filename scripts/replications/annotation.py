"""Write docs/replications/annotation.md from two blind readings of the seed paper's prompts and what resolved them.

    scripts/replications/annotation.py

Reads ``first.csv``, ``second.csv`` and ``resolved.csv`` in docs/replications/annotation; changes no answer.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from scipy.stats import binomtest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "replications" / "annotation"
PAGE = FOLDER.parent / "annotation.md"

Readings = Mapping[str, Mapping[str, str]]

HEAD = """\
# The annotation of the seed paper's prompts

Written by `scripts/replications/annotation.py` from the readings in `annotation/`; a test compares.

The prompts of Gu, Wang and Han (arXiv 2506.00751) are public without a licence, so none of their text is here or in
the package. What ships is `probe/imports/annotation/alignment_revisited.csv`: for each of the 236 questions and 123
variants, by id and hash of its text, which principle its first answer (A or Yes) stands for, what kind of question it
is, how it offers its answers, and of which text it is a duplicate.

**Who read.** Both readers are a large language model (Claude, by Anthropic), asked in separate conversations. The
second saw the texts, the two principles of each set and the rules below, and not the first reading. Readers of one
kind may share their errors; no human panel has read the prompts.

**Rules.** *first* is p1 where giving the first answer sides with p1 and the other answer with p2, p2 where it is the
other way round, and *none* where the two answers do not set p1 against p2. Every text is read by itself: wordings may
be reversed inside a set, and the situation may turn an answer's meaning round. *kind* is choice, judgement, belief,
attribution or completion.
"""


def read(path: Path) -> Readings:
    """Rows of a file by id."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def kappa(first: Readings, second: Readings, key: str) -> str:
    """Cohen's kappa of two readings; a dash where both give one answer to everything."""
    count = len(first)
    own, other = (Counter(row[key] for row in readings.values()) for readings in (first, second))
    chance = sum(own[word] * other[word] for word in own) / count**2
    agreed = sum(first[id_][key] == second[id_][key] for id_ in first) / count
    return "-" if chance == 1 else f"{(agreed - chance) / (1 - chance):.3f}"


def agreement_line(name: str, first: Readings, second: Readings, key: str) -> str:
    """One row of the table: share that agrees, its exact 95 % interval, kappa."""
    count = len(first)
    agreed = sum(first[id_][key] == second[id_][key] for id_ in first)
    found = binomtest(agreed, count).proportion_ci(method="exact")
    return (
        f"| {name} | {agreed} of {count} | {agreed / count:.1%} | {found.low:.1%} to {found.high:.1%} | "
        f"{kappa(first, second, key)} |"
    )


def page(first: Readings, second: Readings, resolved: Readings) -> str:
    """The whole page.

    Raises:
        ValueError: The readings are not of the same texts, or a disagreement on polarity is not resolved.
    """
    if set(first) != set(second):
        raise ValueError(f"the readings differ in {len(set(first) ^ set(second))} ids")
    open_ones = [id_ for id_ in first if first[id_]["first"] != second[id_]["first"] and id_ not in resolved]
    if open_ones:
        raise ValueError(f"not resolved: {', '.join(open_ones)}")
    questions = {id_ for id_ in first if id_.split("/")[1][0] == "q" and id_.split("/")[1][1:].isdigit()}
    parts = {"questions": questions, "variants": set(first) - questions}
    lines = [
        HEAD,
        "## Agreement before resolution\n",
        "| of what | agreed | share | exact 95 % interval | Cohen's kappa |",
        "|---|---|---|---|---|",
        agreement_line("polarity", first, second, "first"),
    ]
    for name, ids in parts.items():
        sides = [{id_: readings[id_] for id_ in readings if id_ in ids} for readings in (first, second)]
        lines.append(agreement_line(f"polarity, {name}", sides[0], sides[1], "first"))
    lines += [
        agreement_line("kind", first, second, "kind"),
        "\n## Disagreements on polarity and how they were resolved\n",
    ]
    lines += ["| id | first reader | second reader | resolved | why |", "|---|---|---|---|---|"]
    for id_, row in first.items():
        if row["first"] != second[id_]["first"]:
            answer = resolved[id_]
            lines.append(f"| {id_} | {row['first']} | {second[id_]['first']} | {answer['first']} | {answer['why']} |")
    lines += [
        "",
        "Disagreements on the kind follow the first reader, unless the table `resolved.csv` states otherwise.",
        "",
    ]
    return "\n".join(lines)


def read_once(first: Readings) -> str:
    """The page as long as there is one reading."""
    counts = Counter(row["first"] for row in first.values())
    kinds = Counter(row["kind"] for row in first.values())
    return "\n".join(
        [
            HEAD.replace("Both readers are", "The reader is").split("asked in separate")[0].rstrip(", ") + ".\n",
            HEAD[HEAD.index("**Rules.**") :],
            "**State.** The texts have been read once. A second reader, who sees the texts and not these answers, is",
            "still to come; until then nobody has checked the annotation, and no agreement is printed.\n",
            "| first answer stands for | texts |",
            "|---|---|",
            *(f"| {name} | {counts[name]} |" for name in ("p1", "p2", "none")),
            "",
            "| kind | texts |",
            "|---|---|",
            *(f"| {name} | {count} |" for name, count in sorted(kinds.items())),
            "",
        ]
    )


def written() -> str:
    """The page from what has been read."""
    first = read(FOLDER / "first.csv")
    if not (FOLDER / "second.csv").is_file():
        return read_once(first)
    return page(first, read(FOLDER / "second.csv"), read(FOLDER / "resolved.csv"))


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
