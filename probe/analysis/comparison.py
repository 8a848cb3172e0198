"""Stated against revealed preference of one trade-off: how far apart, in which direction. Claims nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from probe.analysis import divergence
from probe.analysis.results import Direction, Preference
from probe.analysis.side import SideFigures

__all__ = ["Comparison", "compare", "depends_on_form", "direction_of"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The figures that need both sides, named as in `TradeOffResult`; all None where one is absent."""

    kl_revealed_stated: float | None = None
    kl_stated_revealed: float | None = None
    kl_error: float | None = None
    kl_below_floor: bool | None = None
    jsd: float | None = None
    tv: float | None = None
    gap: float | None = None
    log_odds_gap: float | None = None
    latent_gap: float | None = None
    hard_switch: bool | None = None
    soft_switch: float | None = None
    soft_switch_excess: float | None = None
    direction: Direction | None = None
    depends_on_form: bool | None = None
    kl_stated_revealed_error: float | None = None


def compare(stated: SideFigures | None, revealed: SideFigures | None, delta: float) -> Comparison:
    """Divergences of the revealed from the stated side.

    Args:
        stated: Figures of the stated side.
        revealed: Figures of the revealed side.
        delta: Numeric floor of a log-odds, nats.
    """
    if stated is None or revealed is None:
        return Comparison()
    s, r = stated.log_odds, revealed.log_odds
    kl = divergence.kl_divergence(r, s)
    below = kl <= divergence.kl_floor(delta)
    of_forms = [form.deployed for form in stated.preference.by_form.values()]
    return Comparison(
        kl_revealed_stated=kl,
        kl_stated_revealed=divergence.kl_divergence(s, r),
        kl_error=divergence.kl_error(r, s, delta),
        kl_below_floor=below,
        jsd=divergence.jensen_shannon(r, s),
        tv=divergence.total_variation(r, s),
        gap=revealed.preference.deployed - stated.preference.deployed,
        log_odds_gap=r - s,
        latent_gap=revealed.latent - stated.latent,
        hard_switch=(r > 0) != (s > 0),
        soft_switch=divergence.soft_switch(r, s),
        soft_switch_excess=divergence.soft_switch_excess(r, s),
        direction=None if below else direction_of((s, stated.preference), (r, revealed.preference)),
        depends_on_form=depends_on_form(revealed.preference.deployed, of_forms),
        kl_stated_revealed_error=divergence.kl_error(s, r, delta),
    )


def direction_of(stated: tuple[float, Preference], revealed: tuple[float, Preference]) -> Direction | None:
    """The one word for a trade-off, from each side's log-odds and preference; None where no word holds.

    Sides that merely point to opposite sides of 0.5 are a reversal only if both intervals exclude 0.5.
    """
    (s, of_stated), (r, of_revealed) = stated, revealed
    if s * r < 0:
        neither_even = _excludes_even(of_stated) and _excludes_even(of_revealed)
        return "reversal" if neither_even else None
    if s * r == 0 or abs(r) == abs(s):
        return None
    return "amplified" if abs(r) > abs(s) else "attenuated"


def _excludes_even(side: Preference) -> bool:
    return side.interval is not None and (side.interval[0] > 0.5 or side.interval[1] < 0.5)


def depends_on_form(revealed: float, stated_by_form: Iterable[float]) -> bool:
    """Whether the sign of the gap changes with the question form of the stated side.

    Example:
        >>> depends_on_form(0.6, [0.5, 0.7]), depends_on_form(0.6, [0.5, 0.4])
        (True, False)
    """
    above = [revealed > form for form in stated_by_form]
    return any(above) and not all(above)
