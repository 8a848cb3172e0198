"""Agreement of readers beyond chance. Knows nothing of scenarios."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

__all__ = ["cohen", "fleiss", "upper_bound"]


def cohen(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Cohen's kappa of two readers who put the same units into categories; None where chance alone agrees fully.

    Example:
        >>> round(cohen("aabb", "aabb") or 0, 3), round(cohen("aabb", "abab") or 0, 3), cohen("aa", "aa")
        (1.0, 0.0, None)

    References:
        Cohen, J. (1960). A coefficient of agreement for nominal scales.
    """
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    one, two = Counter(first), Counter(second)
    expected = sum(one[category] * two[category] for category in one) / n**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def fleiss(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Fleiss' kappa: per unit the category that each reader gave, as many readers for every unit.

    None where chance alone agrees fully.

    Example:
        >>> fleiss(["aaa", "bbb"]), round(fleiss(["aab", "abb"]) or 0, 3)
        (1.0, -0.333)

    References:
        Fleiss, J. L. (1971). Measuring nominal scale agreement among many raters.
    """
    readers, total = len(units[0]), Counter(category for unit in units for category in unit)
    pairs = readers * (readers - 1)
    observed = sum(sum(n * (n - 1) for n in Counter(unit).values()) / pairs for unit in units) / len(units)
    expected = sum((n / (readers * len(units))) ** 2 for n in total.values())
    return None if expected == 1 else (observed - expected) / (1 - expected)


def upper_bound(hits: int, n: int, confidence: float = 0.95) -> float:
    """Largest share under which `hits` or fewer of `n` are still likely: one-sided Clopper and Pearson (1934).

    Example:
        >>> round(upper_bound(0, 360), 4)
        0.0083
    """
    from scipy.stats import beta  # noqa: PLC0415  # the only use

    return 1.0 if hits == n else float(beta.ppf(confidence, hits + 1, n - hits))
