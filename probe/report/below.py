"""Divergences beside their numeric floor: what is not above it is printed as such."""

from __future__ import annotations

from probe.analysis.results import NumericFloor
from probe.report.amounts import amount

__all__ = ["BELOW", "below", "nats"]

BELOW = "below floor"


def below(value: float | None, floor: NumericFloor) -> bool:
    """Whether a divergence is there and is not above what equal preferences may show."""
    return value is not None and value <= floor.kl


def nats(value: float | None, floor: NumericFloor) -> str:
    """A divergence, with a remark where rounding alone may show as much.

    Example:
        >>> nats(0.25, NumericFloor(0.1, 0.005)), nats(0.004, NumericFloor(0.1, 0.005)), nats(None, NumericFloor(0, 0))
        ('0.250', '0.004 (below floor)', '–')
    """
    return f"{amount(value)} ({BELOW})" if below(value, floor) else amount(value)
