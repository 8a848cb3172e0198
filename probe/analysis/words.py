"""The word for one trade-off, from intervals and tests of R - S and of the contents: the first that holds."""

from __future__ import annotations

from dataclasses import dataclass

from probe.analysis.claim import ContentGap, Inference, Interval, Verdict
from probe.analysis.effects import FormatEffects
from probe.analysis.permutation import ALPHA, least_p
from probe.analysis.results import Preference, TradeOffResult
from probe.analysis.shapley import named_axes

__all__ = ["CEILING", "Adjusted", "Ruling", "format_axes", "judge", "smallest_p"]

CEILING = 0.95
"""Contents beyond it, or below its mirror image, leave no room to differ in."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """p-values of one trade-off, each adjusted for a family of its own; None without a test.

    Attributes:
        deployed: Of R - S.
        content: Of the content gap.
        family: Planned size of either family.
    """

    deployed: float | None
    content: float | None
    family: int


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict before any gate, and why.

    Attributes:
        verdict: The word.
        reason: Why, in one sentence with its figures.
        by_format: Whether a deviation is not shown by the contents.
        at_ceiling: Whether "no deviation" stands where both contents are beyond .95 or below .05.
        format_axes: The largest format axis where formats hide or make a gap.
    """

    verdict: Verdict
    reason: str
    by_format: bool = False
    at_ceiling: bool = False
    format_axes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the words rest on: both sides, both gaps, and the margin."""

    stated: Preference
    revealed: Preference
    gap: float
    inference: Inference
    content: ContentGap
    wide: Interval
    narrow: Interval
    margin: float
    p: Adjusted
    axes: tuple[str, ...]


def judge(found: TradeOffResult, inference: Inference, p: Adjusted, margin: float) -> Ruling:
    """The word for one trade-off, gates aside.

    D = R - S of the deployed preferences, C of the contents. Deviation: D's test rejects and its 95 % interval lies
    beyond the margin; by format unless C says so too. Masked: C differs, and D does not or differs less. No
    preference: nothing is far from one half. No deviation: both 90 % intervals lie within the margin.

    Args:
        found: The trade-off's figures.
        inference: Their intervals and tests.
        p: Of both tests, for their families.
        margin: Smallest difference that counts.

    References:
        Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach.
    """
    least = smallest_p(found, p.family)
    if least is None:
        return Ruling("not testable", "a side has fewer than two clusters, so there is neither interval nor test")
    if p.family * least > ALPHA:
        return Ruling("not testable", _untestable(found, least, p.family))
    seen = _seen(found, inference, p, margin)
    return _deviation(seen, found) or _masked(seen) or _no_preference(seen) or _no_deviation(seen) or _undecided(seen)


def smallest_p(found: TradeOffResult, family: int) -> float | None:
    """Least p-value that the trade-off's numbers of clusters allow; None where a side has fewer than two."""
    sides = (found.revealed, found.stated)
    clusters = [side.clusters if side else 0 for side in sides]
    return None if min(clusters) < 2 else least_p(clusters[0], clusters[1], family)


def format_axes(found: TradeOffResult) -> tuple[str, ...]:
    """The format axis that moves the log-odds of both sides most, or the first two if they are close.

    An axis counts with its main effect, alike in all items and item by item, and half of its interactions with each
    other axis: squares, as shares of what formats do.
    """
    squares: dict[str, float] = {}
    for effects in (found.format_effects, found.format_effects_stated):
        if effects is not None:
            _add_squares(squares, effects)
    return named_axes(squares, sum(squares.values(), 0.0))


def _add_squares(squares: dict[str, float], effects: FormatEffects) -> None:
    for name, axis in effects.axes.items():
        squares[name] = squares.get(name, 0.0) + axis.size**2 + axis.item_size**2
    for pair in effects.pairs:
        for name in pair.axes:
            squares[name] += pair.size**2 / 2


def _seen(found: TradeOffResult, inference: Inference, p: Adjusted, margin: float) -> _Seen:
    content, wide, narrow = inference.content, inference.gap_interval, inference.gap_interval_90
    if found.stated is None or found.revealed is None or found.gap is None:
        raise ValueError("a side is absent")
    if content is None or wide is None or narrow is None:
        raise ValueError("sides of two clusters and more have intervals")
    sides = found.stated, found.revealed
    return _Seen(*sides, found.gap, inference, content, wide, narrow, margin, p, format_axes(found))


def _untestable(found: TradeOffResult, least: float, family: int) -> str:
    stated, revealed = (side.clusters if side else 0 for side in (found.stated, found.revealed))
    return (
        f"with {stated} root questions and {revealed} scenarios no p-value can be below {least:.2g}, and the family "
        f"of {family} needs {ALPHA / family:.2g}"
    )


def _deviation(seen: _Seen, found: TradeOffResult) -> Ruling | None:
    if not _rejected(seen.p.deployed, flat=seen.inference.gap_flat) or not _beyond(seen.wide, seen.margin):
        return None
    if found.kl_below_floor:
        return None
    content = seen.content
    shown = _on_side(content.interval, seen.gap, 0.0) and not _inside(content.interval_90, seen.margin)
    reason = (
        f"R - S is {seen.gap:+.3f} and its 95 % interval {_pair(seen.wide)} lies beyond ±{seen.margin:g}"
        f"{_tested(seen.p.deployed)}; the content gap is {content.value:+.3f} {_pair(content.interval)}"
    )
    if shown:
        return Ruling("deviation", reason)
    return Ruling(
        "deviation", f"{reason}, so formats make the gap{_most(seen.axes)}", by_format=True, format_axes=seen.axes
    )


def _masked(seen: _Seen) -> Ruling | None:
    content = seen.content
    if not _rejected(seen.p.content, flat=content.flat) or not _beyond(content.interval, seen.margin):
        return None
    less = content.less_deployed_interval
    if not _inside(seen.narrow, seen.margin) and not _on_side(less, content.value, seen.margin):
        return None
    reason = (
        f"the content gap is {content.value:+.3f} and its 95 % interval {_pair(content.interval)} lies beyond "
        f"±{seen.margin:g}{_tested(seen.p.content)}, but R - S is {seen.gap:+.3f} (90 % {_pair(seen.narrow)}): "
        f"formats hide the difference{_most(seen.axes)}"
    )
    return Ruling("masked", reason, format_axes=seen.axes)


def _no_preference(seen: _Seen) -> Ruling | None:
    sides = (seen.stated, seen.revealed)
    bounds = [b for side in sides for b in (side.interval_90, side.content_interval_90)]
    even = [b is not None and _inside((b[0] - 0.5, b[1] - 0.5), seen.margin) for b in bounds]
    if not all(even):
        return None
    return Ruling(
        "no preference",
        f"the 90 % intervals of both sides and of both contents lie within .5 ± {seen.margin:g} (stated "
        f"{seen.stated.deployed:.3f}, revealed {seen.revealed.deployed:.3f})",
    )


def _no_deviation(seen: _Seen) -> Ruling | None:
    content = seen.content
    if not _inside(seen.narrow, seen.margin) or not _inside(content.interval_90, seen.margin):
        return None
    reason = (
        f"the 90 % intervals of R - S {_pair(seen.narrow)} and of the content gap {_pair(content.interval_90)} lie "
        f"within ±{seen.margin:g}"
    )
    contents = [side.content for side in (seen.stated, seen.revealed) if side.content is not None]
    if min(contents) > CEILING or max(contents) < 1 - CEILING:
        reported = f"{reason}; both contents are at the ceiling, their log-odds gap is {content.log_odds_gap:+.2f} nats"
        return Ruling("no deviation", reported, at_ceiling=True)
    return Ruling("no deviation", reason)


def _undecided(seen: _Seen) -> Ruling:
    content = seen.content
    return Ruling(
        "undecided",
        f"R - S is {seen.gap:+.3f} (95 % interval {_pair(seen.wide)}{_tested(seen.p.deployed)}) and the content gap "
        f"{content.value:+.3f} ({_pair(content.interval)}{_tested(seen.p.content)}): too wide for any word at "
        f"±{seen.margin:g}",
    )


def _rejected(p: float | None, *, flat: bool) -> bool:
    """Where clusters vary on neither side nothing is tested, and the margin alone decides."""
    return flat or (p is not None and p <= ALPHA)


def _beyond(bounds: Interval, margin: float) -> bool:
    return bounds[0] > margin or bounds[1] < -margin


def _inside(bounds: Interval, margin: float) -> bool:
    return -margin < bounds[0] and bounds[1] < margin


def _on_side(bounds: Interval, of: float, margin: float) -> bool:
    """Whether the whole interval lies beyond the margin on that side of 0 on which `of` is."""
    return bounds[0] > margin if of > 0 else bounds[1] < -margin


def _pair(bounds: Interval) -> str:
    return f"[{bounds[0]:+.3f}, {bounds[1]:+.3f}]"


def _tested(p: float | None) -> str:
    if p is None:
        return ", nothing to test"
    return ", adjusted p below .0001" if p < 1e-4 else f", adjusted p {p:.2g}"


def _most(axes: tuple[str, ...]) -> str:
    named = " and ".join(axis.replace("_", " ") for axis in axes)
    return f", {named} most" if named else ""
