"""Print the `core` entry of scenarios/suites.yaml: of each family one trade-off, whole.

    python scripts/choose_core.py

The rule, so that nobody chose by results: of each family the trade-off with the fewest items among those with at least
nine root questions, twelve scenarios and a control of every kind; where several are as small, the one whose options'
mean lengths lie closest. So every test can reject in the family of one model (9 and 12 clusters), at the least cost.
"""

from __future__ import annotations

from itertools import groupby

from probe.design.balance import lengths
from probe.design.findings import ReadFile
from probe.design.suites import suite_paths
from probe.design.tradeoffs import read_tradeoff

ROOTS, SCENARIOS = 9, 12
KINDS = {"dominated", "identical", "equivalent", "content_free", "fact"}


def fits(file: ReadFile) -> bool:
    """Whether a trade-off is large enough to stand for its family."""
    found = file.tradeoff
    kinds = {control.kind for control in found.controls}
    return len(found.stated) >= ROOTS and len(found.revealed) >= SCENARIOS and kinds == KINDS


def rank(file: ReadFile) -> tuple[int, float, str]:
    """The smallest stands for its family."""
    return len(file.items), lengths(file.scenarios, len).difference, file.tradeoff.tradeoff


def chosen() -> list[str]:
    """Ids of the core, by family."""
    files = [ReadFile(path, *read_tradeoff(path)) for path in suite_paths(["all"])]
    files = sorted(filter(fits, files), key=lambda file: file.tradeoff.family)
    return [min(own, key=rank).tradeoff.tradeoff for _, own in groupby(files, key=lambda file: file.tradeoff.family)]


def main() -> None:
    """Print the entry."""
    print("core:")
    for name in chosen():
        print(f"  - {name}")


if __name__ == "__main__":
    main()
