"""Print the `core` part of scenarios/suites.yaml: three root questions, three scenarios, five controls per trade-off.

    python scripts/choose_core.py

The rule, so that nobody chose by results: one root question of each form and three scenarios with two factors, each at
the outer levels of its factors, such that either principle is listed first at least once, neither has the longer option
in all three, and the mean lengths are within a tenth. Of these sets, one in which women and men both appear; then the
one with the fewest different factors; then the one whose mean lengths lie closest. Of controls the first of each kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations, product

from probe.design.balance import lengths, mentions
from probe.design.findings import ReadFile, Scenario
from probe.design.suites import load_suites, suite_paths
from probe.design.tradeoffs import read_tradeoff

FORMS = ("choose", "agree", "advise")
KINDS = ("dominated", "identical", "equivalent", "content_free", "fact")


def roots(file: ReadFile) -> list[str]:
    """One root question per form; not all of them list the same principle first."""
    by_form = [[one for one in file.tradeoff.stated if one.form == form] for form in FORMS]
    for chosen in product(*by_form):
        if len({next(iter(one.options)) for one in chosen}) == 2:
            return [one.id for one in chosen]
    raise SystemExit(f"{file.tradeoff.tradeoff}: all root questions list the same principle first.")


def scenarios(file: ReadFile) -> tuple[Scenario, ...]:
    """The three scenarios of the rule above."""
    fitting = [one for one in combinations(file.scenarios, 3) if _fits(one)]
    if not fitting:
        raise SystemExit(f"{file.tradeoff.tradeoff}: no three scenarios fit.")
    return min(fitting, key=_rank)


def _fits(chosen: Sequence[Scenario]) -> bool:
    found = lengths(chosen, len)
    return (
        all(len(one.revealed.factors) == 2 for one in chosen)
        and len({next(iter(one.revealed.options)) for one in chosen}) == 2
        and max(found.longer) == 2
        and found.apart <= 0.1
    )


def _rank(chosen: Sequence[Scenario]) -> tuple[bool, int, float]:
    used = Counter(factor for one in chosen for factor in one.revealed.factors)
    return min(mentions(chosen)) < 1, len(used), lengths(chosen, len).apart


def outer(file: ReadFile, factor: str, levels: Sequence[str]) -> list[str]:
    """The two levels that lie furthest apart: by the predicted order, else by that of the file."""
    predicted = [level for order in file.tradeoff.predicts.get(factor, {}).values() for level in order]
    ordered = [level for level in predicted if level in levels] or list(levels)
    return [level for level in levels if level in (ordered[0], ordered[-1])]


def main() -> None:
    """Print the entries."""
    names = {file.tradeoff.tradeoff for file in load_suites(["all"])}
    files = [ReadFile(path, *read_tradeoff(path)) for path in suite_paths(["all"]) if path.stem in names]
    print("core:")
    for file in sorted(files, key=lambda file: file.tradeoff.tradeoff):
        controls = [next(c.id for c in file.tradeoff.controls if c.kind == kind) for kind in KINDS]
        print(f"  - tradeoff: {file.tradeoff.tradeoff}")
        print(f"    stated: [{', '.join(roots(file))}]")
        print("    revealed:")
        for one in scenarios(file):
            levels = [f"{f}: [{', '.join(outer(file, f, list(at)))}]" for f, at in one.revealed.factors.items()]
            print(f"      {one.revealed.id}: {{{', '.join(levels)}}}")
        print(f"    controls: [{', '.join(controls)}]")


if __name__ == "__main__":
    main()
