"""Rules of balance within a trade-off: which principle is listed first, whose options are longer, who people are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from probe.design.findings import Finding, ReadFile, Scenario
from probe.design.placeholders import without_placeholders
from probe.design.reading_ease import words

__all__ = ["FEWEST", "Lengths", "TokenCount", "balance_findings", "lengths", "mentions"]

TokenCount = Callable[[str], int]

FEWEST = 4
"""From so many questions on balance is asked for; of fewer, nothing can be said."""

_WOMEN = frozenset(words("she her hers herself woman girl mother wife daughter sister mrs ms"))
_MEN = frozenset(words("he him his himself man boy father husband son brother mr"))
_NAME = re.compile(r"(?<=[a-zé,;:] )(?!(?:Mr|Mrs|Ms|Dr|St|AI)\b)[A-Z][a-zà-ÿ]{2,}")
_CALENDAR = frozenset(
    words(
        "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
        "september october november december christmas easter english"
    )
)


@dataclass(frozen=True, slots=True)
class Lengths:
    """Mean length per scenario of the options of either principle, over its cells."""

    p1: tuple[float, ...]
    p2: tuple[float, ...]

    @property
    def longer(self) -> tuple[int, int]:
        """In how many scenarios p1, and in how many p2, has the longer option."""
        pairs = list(zip(self.p1, self.p2, strict=True))
        return sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)

    @property
    def difference(self) -> float:
        """How far the two means are apart, as a share of the smaller."""
        one, two = mean(self.p1), mean(self.p2)
        return abs(one - two) / min(one, two)


def lengths(scenarios: Sequence[Scenario], count: TokenCount) -> Lengths:
    """How long the options of either principle are, by any measure of length."""
    return Lengths(
        tuple(mean(count(cell.option_p1) for cell in one.cells) for one in scenarios),
        tuple(mean(count(cell.option_p2) for cell in one.cells) for one in scenarios),
    )


def mentions(scenarios: Sequence[Scenario]) -> tuple[int, int]:
    """In how many scenarios a woman and a man are spoken of, outside the words of factors."""
    shown = [set(_constant_words(one)) for one in scenarios]
    return sum(bool(found & _WOMEN) for found in shown), sum(bool(found & _MEN) for found in shown)


def balance_findings(file: ReadFile, counts: Mapping[str, TokenCount]) -> Iterator[Finding]:
    """What favours one principle, or one sex, throughout a trade-off; `counts` are measures of length by name."""
    yield from _listing(file)
    if len(file.scenarios) >= FEWEST:
        for name, count in counts.items():
            yield from _lengths(file, name, count)
        yield from _women_and_men(file)
    yield from _same_names(file)


def _listing(file: ReadFile) -> Iterator[Finding]:
    first = next(iter(file.tradeoff.principles))
    revealed = file.tradeoff.revealed
    listed = {
        "stated": [next(iter(one.options)) for one in file.tradeoff.stated if not one.fixed],
        "revealed": [next(iter(one.revealed.options)) for one in file.scenarios],
        "bridges": [next(iter(one.bridge.options)) for one in revealed if one.bridge is not None],
    }
    for part, ids in listed.items():
        count = ids.count(first)
        if len(ids) >= FEWEST and abs(count - len(ids) / 2) > 1:
            message = (
                f"of {len(ids)} {part} {count} list '{first}' first, where half of them, give or take one, should. "
                "Turn the options of some round."
            )
            yield file.finding(("stated",) if part == "stated" else ("revealed",), "listed-first", message)


def _lengths(file: ReadFile, name: str, count: TokenCount) -> Iterator[Finding]:
    found, n = lengths(file.scenarios, count), len(file.scenarios)
    for principle, longer in zip(file.tradeoff.principles, found.longer, strict=True):
        if longer > n / 2 + 1:
            message = (
                f"'{principle}' has the longer option in {longer} of {n} scenarios, counted in {name}, where half of "
                "them, give or take one, should be. Shorten or lengthen some."
            )
            yield file.finding(("revealed",), "length", message)
    if found.difference > 0.1:
        message = (
            f"the options of the two principles are {mean(found.p1):.1f} and {mean(found.p2):.1f} {name} long on "
            "average, more than 10 % apart. Shorten or lengthen some."
        )
        yield file.finding(("revealed",), "length", message)


def _women_and_men(file: ReadFile) -> Iterator[Finding]:
    women, men = mentions(file.scenarios)
    if abs(women - men) > max(1, len(file.scenarios) / 3):
        message = (
            f"{women} scenarios speak of a woman and {men} of a man, outside their factors; they should not differ by "
            "more than a third of the scenarios. Change some persons."
        )
        yield file.finding(("revealed",), "women-men", message)


def _same_names(file: ReadFile) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for one in file.scenarios:
        for name in sorted(set(_NAME.findall(without_placeholders(one.revealed.text)))):
            if name.lower() in _CALENDAR:
                continue
            other = first.setdefault(name, one.revealed.id)
            if other != one.revealed.id:
                message = f"'{name}' appears in the scenario '{other}' too. Give every scenario people of its own."
                yield file.finding((*one.path, "text"), "same-person", message)


def _constant_words(scenario: Scenario) -> list[str]:
    revealed = scenario.revealed
    return words(without_placeholders(" ".join([revealed.text, *revealed.options.values()])))
