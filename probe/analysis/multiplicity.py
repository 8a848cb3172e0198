"""Several tests at once: the error of the whole family is held."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

__all__ = ["holm"]

Name = TypeVar("Name", bound=Hashable)


def holm(p: Mapping[Name, float], family: int) -> dict[Name, float]:
    """Adjusted p-values; those at most alpha may be rejected with family error alpha.

    Args:
        p: Of each test that was made.
        family: Number of tests that were planned, at least as many: one that could not be made never rejects, but
            counts.

    References:
        Holm (1979), A simple sequentially rejective multiple test procedure.

    Example:
        >>> holm({"a": 0.01, "b": 0.04, "c": 0.03}, 3)
        {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    if family < len(p):
        raise ValueError(f"a family of {family} cannot hold {len(p)} tests")
    adjusted: dict[Name, float] = {}
    least = 0.0
    for rank, name in enumerate(sorted(p, key=lambda key: p[key])):
        least = min(1.0, max(least, (family - rank) * p[name]))
        adjusted[name] = least
    return adjusted
