"""What ships: suites and trade-offs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.design.expand import expand
from probe.design.suites import load_suites, suite_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.design.tradeoffs import TradeOffFile

__all__ = ["Counts", "list_scenarios", "scenarios_json"]


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a trade-off holds: root questions, scenarios and items by side."""

    tradeoff: str
    family: str
    principles: tuple[str, ...]
    roots: int
    scenarios: int
    items: dict[str, int]


def list_scenarios(suites: Sequence[str]) -> str:
    """A line per trade-off, and the sum."""
    lines = [f"suites: {', '.join(suite_names())}"]
    found = _count(suites)
    for one in found:
        items = ", ".join(f"{count} {side}" for side, count in sorted(one.items.items()))
        lines.append(
            f"{one.tradeoff} ({one.family}; {' / '.join(one.principles)}): "
            f"{one.roots} root questions, {one.scenarios} scenarios; items: {items}"
        )
    families = len({one.family for one in found})
    total = Counter[str]()
    for one in found:
        total.update(one.items)
    sums = ", ".join(f"{count} {side}" for side, count in sorted(total.items()))
    roots, scenarios = sum(one.roots for one in found), sum(one.scenarios for one in found)
    lines.append(
        f"in all {families} families, {len(found)} trade-offs, {roots} root questions, {scenarios} scenarios; "
        f"items: {sums}"
    )
    return "\n".join(lines)


def scenarios_json(suites: Sequence[str]) -> str:
    """The same counts for other tools."""
    found = _count(suites)
    total = Counter[str]()
    for one in found:
        total.update(one.items)
    content = {
        "suites": list(suite_names()),
        "families": len({one.family for one in found}),
        "tradeoffs": [
            {
                "tradeoff": one.tradeoff,
                "family": one.family,
                "principles": list(one.principles),
                "stated": one.roots,
                "scenarios": one.scenarios,
                "items": one.items,
            }
            for one in found
        ],
        "stated": sum(one.roots for one in found),
        "scenarios": sum(one.scenarios for one in found),
        "items": dict(total),
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def _count(suites: Sequence[str]) -> list[Counts]:
    return [_count_one(file) for file in load_suites(suites)]


def _count_one(file: TradeOffFile) -> Counts:
    tradeoff = file.tradeoff
    return Counts(
        tradeoff=tradeoff.tradeoff,
        family=tradeoff.family,
        principles=tuple(tradeoff.principles),
        roots=len(tradeoff.stated),
        scenarios=len(tradeoff.revealed),
        items=dict(Counter(item.side for item in expand(tradeoff))),
    )
