"""Readings against what the same model writes when it is left to itself: agreement, kappa, refusals, by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from probe.analysis.results import SideAgreement
from probe.analysis.validity_checks import WrittenAgreement

__all__ = ["checkable", "cohen_kappa", "compare_written"]


def compare_written(written: pa.Table) -> dict[str, dict[str, SideAgreement]]:
    """Agreement of each model and side in a table of written answers.

    Args:
        written: Rows of ``validation.parquet``.
    """
    sides: dict[tuple[str, str], list[dict[str, str | None]]] = {}
    for row in written.select(["model", "side", "outcome", "decision", "reading", "first_token"]).to_pylist():
        sides.setdefault((row["model"], row["side"]), []).append(row)
    found: dict[str, dict[str, SideAgreement]] = {}
    for (model, side), rows in sorted(sides.items()):
        found.setdefault(model, {})[side] = _agreement(rows)
    return found


def checkable(agreement: dict[str, dict[str, SideAgreement]]) -> dict[str, dict[str, WrittenAgreement]]:
    """What the gate looks at."""
    return {
        model: {side: WrittenAgreement(one.share, one.cells) for side, one in sides.items()}
        for model, sides in agreement.items()
    }


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Agreement beyond what the two sets of marginals would give by chance; None where that is certain, or no pairs.

    Example:
        >>> cohen_kappa([("p1", "p1"), ("p2", "p2"), ("p1", "p2"), ("p2", "p1")])
        0.0
        >>> cohen_kappa([("p1", "p1")]) is None
        True

    References:
        Cohen (1960), A coefficient of agreement for nominal scales.
    """
    if not pairs:
        return None
    observed = sum(one == other for one, other in pairs) / len(pairs)
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(first[option] * second[option] for option in first) / len(pairs) ** 2
    return None if chance == 1.0 else (observed - chance) / (1.0 - chance)


def _agreement(rows: Sequence[dict[str, str | None]]) -> SideAgreement:
    counts = Counter(row["outcome"] for row in rows)
    chosen = [row for row in rows if row["outcome"] == "chosen"]
    agreeing = sum(row["decision"] == row["reading"] for row in chosen)
    distinguished = [row for row in rows if row["first_token"] != "shared"]
    first = sum(row["first_token"] == row["reading"] for row in distinguished)
    return SideAgreement(
        cells=len(rows),
        share=agreeing / len(rows),
        of_chosen=agreeing / len(chosen) if chosen else None,
        kappa=cohen_kappa([(row["reading"] or "", row["decision"] or "") for row in chosen]),
        refused=counts["refused"] / len(rows),
        unparsed=counts["unparsed"] / len(rows),
        first_token=first / len(distinguished) if distinguished else None,
    )
