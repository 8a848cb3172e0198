"""Rules about texts that repeat one another, within a file and across files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from probe.design.findings import Finding, ReadFile
from probe.design.reading_ease import words
from probe.design.strict_yaml import ValuePath

__all__ = ["NEAR", "overlaps", "repeat_findings", "same_cell_findings"]

NEAR = 0.5
"""Two scenarios are nearly the same if so large a share of the shorter one's runs of words stands in the other."""

_RUN = 4
_BOILERPLATE = 50
"""A run of words that so many scenarios share is how they ask, not what they tell."""


def repeat_findings(read: Sequence[ReadFile]) -> Iterator[Finding]:
    """Ids, texts and options that stand at two places, and scenarios that tell nearly the same."""
    yield from _same_ids(read)
    yield from _same_texts(read)
    yield from _near_texts(read)


def same_cell_findings(file: ReadFile) -> Iterator[Finding]:
    """Levels and cells of a scenario that read alike: a factor that changes nothing."""
    for scenario in file.scenarios:
        for factor, levels in scenario.revealed.factors.items():
            first: dict[str, str] = {}
            for level, text in levels.items():
                other = first.setdefault(_plain(text), level)
                if other != level:
                    message = f"the levels '{other}' and '{level}' differ in no word. Let them change the text."
                    yield file.finding((*scenario.path, "factors", factor, level), "levels", message)
        shown: dict[str, str] = {}
        for cell in scenario.cells:
            other = shown.setdefault(_plain(f"{cell.text} {cell.option_p1} {cell.option_p2}"), cell.id)
            if other != cell.id:
                message = f"the cells '{other}' and '{cell.id}' read alike. Let every combination differ."
                yield file.finding(scenario.path, "levels", message)
                break


def overlaps(texts: Sequence[str]) -> dict[tuple[int, int], float]:
    """How much of the shorter of two texts stands in the other, by runs of four words; absent for none.

    Example:
        >>> overlaps(["You see a dog on the road.", "You see a dog on the ice.", "Nothing of that sort is here."])
        {(0, 1): 0.75}

    References:
        Broder, A. Z. (1997). On the resemblance and containment of documents. Proceedings of SEQUENCES.
    """
    runs = [_runs(text) for text in texts]
    where: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, found in enumerate(runs):
        for run in found:
            where[run].append(index)
    shared: Counter[tuple[int, int]] = Counter()
    for indices in where.values():
        if 1 < len(indices) <= _BOILERPLATE:
            shared.update(combinations(indices, 2))
    return {pair: count / min(len(runs[pair[0]]), len(runs[pair[1]])) for pair, count in sorted(shared.items())}


def _runs(text: str) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[index : index + _RUN]) for index in range(len(found) - _RUN + 1)}


def _plain(text: str) -> str:
    return " ".join(words(text))


def _same_ids(read: Sequence[ReadFile]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for file in read:
        other = first.setdefault(file.tradeoff.tradeoff, file.document.where)
        if other != file.document.where:
            message = f"the id '{file.tradeoff.tradeoff}' is the id of {other} too. Rename one."
            yield file.finding(("tradeoff",), "same-id", message)


def _same_texts(read: Sequence[ReadFile]) -> Iterator[Finding]:
    """Texts that stand at two places, in one file or in two: one draw would count as two.

    Texts of content-free controls say nothing, and may be the same.
    """
    first: dict[str, str] = {}
    for file in read:
        empty = {("controls", n, "text") for n, c in enumerate(file.tradeoff.controls) if c.kind == "content_free"}
        for path, text in [*file.texts(), *_revealed_options(file)]:
            if path in empty:
                continue
            here, key = file.locate(path), " ".join(text.casefold().split())
            other = first.setdefault(key, here)
            if other != here:
                message = f"the text stands at {other} too, so that one question would count as two. Rewrite one."
                yield file.finding(path, "same-text", message)


def _revealed_options(file: ReadFile) -> Iterator[tuple[ValuePath, str]]:
    for scenario in file.scenarios:
        options = scenario.revealed.options
        yield from (((*scenario.path, "options", key), text) for key, text in options.items())


def _near_texts(read: Sequence[ReadFile]) -> Iterator[Finding]:
    scenarios = [(file, scenario) for file in read for scenario in file.scenarios]
    cells = [scenario.cells[0] for _, scenario in scenarios]
    for (one, two), share in overlaps([f"{c.text} {c.option_p1} {c.option_p2}" for c in cells]).items():
        if share >= NEAR:
            (file, scenario), (other, earlier) = scenarios[two], scenarios[one]
            message = (
                f"{100 * share:.0f} % of its runs of four words stand at {other.locate(earlier.path)} too, so that one "
                "situation would count as two. Rewrite one."
            )
            yield file.finding(scenario.path, "near-text", message)
