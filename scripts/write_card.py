"""Write the figures of the dataset card, scenarios/README.md, between its marks.

    python scripts/write_card.py

Everything else in the card is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from statistics import mean

from probe.design.balance import lengths, mentions
from probe.design.expand import expand
from probe.design.findings import ReadFile
from probe.design.reading_ease import reading_ease
from probe.design.shape import TradeOff
from probe.design.suites import load_suites, suite_paths
from probe.design.tradeoffs import read_tradeoff

sys.path.insert(0, str(Path(__file__).parent))
from option_words import suite_figure

CARD = Path(__file__).parents[1] / "scenarios" / "README.md"
MARKS = re.compile(r"(<!-- (\w+): scripts/write_card\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def files() -> list[ReadFile]:
    """The suite, by family and name."""
    read = [ReadFile(path, *read_tradeoff(path)) for path in suite_paths(["all"])]
    return sorted(read, key=lambda file: (file.tradeoff.family, file.tradeoff.tradeoff))


def counts() -> str:
    """How much there is, in all and in the core suite."""
    rows = ["| what | all | core |", "|---|---|---|"]
    columns = [_counted([file.tradeoff for file in load_suites([suite])]) for suite in ("all", "core")]
    rows += [f"| {what} | {columns[0][what]:,} | {columns[1][what]:,} |" for what in columns[0]]
    return "\n".join(rows) + "\n"


def _counted(tradeoffs: list[TradeOff]) -> dict[str, int]:
    sides = Counter(item.side for tradeoff in tradeoffs for item in expand(tradeoff))
    roots = [root for tradeoff in tradeoffs for root in tradeoff.stated]
    return {
        "families": len({tradeoff.family for tradeoff in tradeoffs}),
        "trade-offs": len(tradeoffs),
        "root questions": len(roots),
        "negated mates": sum(root.mate is not None for root in roots),
        "paraphrases": sum(len(root.paraphrases) for root in roots),
        "scenarios": sum(len(tradeoff.revealed) for tradeoff in tradeoffs),
        "of these over doses": sum(bool(one.doses) for tradeoff in tradeoffs for one in tradeoff.revealed),
        "scenarios with a mate": sum(one.mate is not None for tradeoff in tradeoffs for one in tradeoff.revealed),
        "revealed items (cells of scenarios and mates)": sides["revealed"],
        "bridge questions": sides["bridge"],
        "controls": sides["control"],
    }


def balance() -> str:
    """Length, order, polarity and people per trade-off."""
    rows = [
        "| trade-off (p1 / p2) | p1 first: scenarios, roots | longer: p1, p2 | mean characters | mean words "
        "| agreeing is p1, p2 | women, men | reading ease |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*rows, *map(_balance_row, files())]) + "\n"


def _balance_row(file: ReadFile) -> str:
    tradeoff = file.tradeoff
    p1, p2 = tradeoff.principles
    first = [sum(next(iter(one.options)) == p1 for one in part) for part in (tradeoff.revealed, tradeoff.stated)]
    characters, words = lengths(file.scenarios, len), lengths(file.scenarios, lambda text: len(text.split()))
    agreeing = [str(item.agreeing) for item in file.items if item.agreeing and "~p" not in item.id]
    ease = [reading_ease(f"{c.text} {c.option_p1} {c.option_p2}") for one in file.scenarios for c in one.cells]
    women, men = mentions(file.scenarios)
    return (
        f"| {tradeoff.tradeoff} ({p1} / {p2}) | {first[0]} of {len(tradeoff.revealed)}, {first[1]} of "
        f"{len(tradeoff.stated)} | {characters.longer[0]}, {characters.longer[1]} | {mean(characters.p1):.1f}, "
        f"{mean(characters.p2):.1f} | {mean(words.p1):.1f}, {mean(words.p2):.1f} | {agreeing.count(p1)}, "
        f"{agreeing.count(p2)} | {women}, {men} | {mean(ease):.0f} ({min(ease):.0f} to {max(ease):.0f}) |"
    )


def families() -> str:
    """Which trade-offs a family holds, and its controls by kind."""
    kinds = ("dominated", "identical", "equivalent", "content_free", "fact")
    rows = [f"| family | trade-offs | {' | '.join(kinds)} |", "|---|---|" + "---|" * len(kinds)]
    read = files()
    for family in sorted({file.tradeoff.family for file in read}):
        members = [file.tradeoff for file in read if file.tradeoff.family == family]
        found = Counter(control.kind for tradeoff in members for control in tradeoff.controls)
        names = ", ".join(tradeoff.tradeoff for tradeoff in members)
        rows.append(f"| `{family}` | {names} | {' | '.join(str(found[kind]) for kind in kinds)} |")
    return "\n".join(rows) + "\n"


def vocabulary() -> str:
    """In how many scenarios the options' words alone tell the principle."""
    right, scenarios = suite_figure()
    return (
        f"By their words alone, without the situation, options are distinguished in **{right} of {scenarios}**\n"
        "scenarios (`python scripts/option_words.py`: naive Bayes over single words, each scenario judged by the\n"
        "others of its trade-off; half by chance).\n"
    )


def card(text: str) -> str:
    """The card with its figures as they are now."""
    written = {"counts": counts, "balance": balance, "families": families, "words": vocabulary}
    return MARKS.sub(lambda mark: mark[1] + written[mark[2]]() + mark[3], text)


def main() -> None:
    """Write the card."""
    CARD.write_text(card(CARD.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
