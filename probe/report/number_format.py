"""Numbers and names as people read them. Does not know what they mean."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from probe.analysis.ladder_results import Step
from probe.analysis.results import NumericFloor

__all__ = [
    "BELOW",
    "MISSING",
    "amount",
    "below",
    "clean",
    "counted",
    "interval",
    "joined",
    "left_out_line",
    "markdown_text",
    "nats",
    "part",
    "probability",
    "share",
    "signed",
    "signed_pair",
    "verbatim",
    "with_interval",
]

MISSING = "–"
"""What stands where a number is missing."""

_STEERING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

_MARKDOWN = frozenset("\\`*_{}[]#|!~")


def clean(text: str) -> str:
    r"""Take out of `text` every character that steers a terminal or reorders a line.

    Control, format (bidirectional overrides, zero-width), surrogate and private characters go, and line and
    paragraph separators; each run of white space becomes one space.

    Example:
        >>> clean("a\x1b[31mred\u202e b")
        'a[31mred b'
    """
    return _without_steering(" ".join(text.split()))


def verbatim(text: str) -> str:
    r"""A text as it is, lines, tabs and spaces included, without the characters that steer or reorder.

    Example:
        >>> verbatim("a\x1b[31m\u202e\n  b")
        'a[31m\n  b'
    """
    return _without_steering(text, kept="\n\t")


def markdown_text(text: str) -> str:
    r"""Text that Markdown and HTML show as it is.

    Example:
        >>> print(markdown_text("a|b <img> *c* [x](y)"))
        a\|b &lt;img&gt; \*c\* \[x\](y)
    """
    escaped = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{character}" if character in _MARKDOWN else character for character in escaped)


def _without_steering(text: str, kept: str = "") -> str:
    """A report cleans millions of characters of which few are different, so each is looked up once."""
    found = {ord(c): None for c in set(text).difference(kept) if unicodedata.category(c) in _STEERING}
    return text.translate(found) if found else text


def probability(value: float | None) -> str:
    """A probability with three decimals; certainty is only printed where it holds.

    Example:
        >>> probability(0.82), probability(0.99996), probability(2e-7), probability(None)
        ('0.820', '>0.999', '<0.001', '–')
    """
    if value is None:
        return MISSING
    if 0 < value < 0.0005:
        return "<0.001"
    if 0.9995 <= value < 1:
        return ">0.999"
    return f"{value:.3f}"


def amount(value: float | None) -> str:
    """A number with three decimals, or two significant digits where three decimals would hide it.

    Example:
        >>> amount(0.34912), amount(0.0000123), amount(0.0), amount(None)
        ('0.349', '1.2e-5', '0', '–')
    """
    if value is None:
        return MISSING
    if value == 0:
        return "0"
    if abs(value) >= 0.001:
        return f"{value:.3f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def signed(value: float | None) -> str:
    """`amount` with its sign.

    Example:
        >>> signed(0.5), signed(-0.25), signed(0.0), signed(None)
        ('+0.500', '-0.250', '0', '–')
    """
    text = amount(value)
    return f"+{text}" if value is not None and value > 0 else text


def signed_pair(bounds: tuple[float, float] | None) -> str:
    """An interval of signed quantities.

    Example:
        >>> signed_pair((-0.25, 0.5)), signed_pair(None)
        ('[-0.250, +0.500]', '–')
    """
    return MISSING if bounds is None else f"[{signed(bounds[0])}, {signed(bounds[1])}]"


def with_interval(step: Step | None) -> str:
    """A signed value and, where there is one, its interval."""
    if step is None:
        return MISSING
    return f"{signed(step.value)} {signed_pair(step.interval)}" if step.interval else signed(step.value)


def part(value: float, whole: float) -> str:
    """A part of a whole, and in percent of it.

    Example:
        >>> part(0.1, 0.4)
        '0.100 (25 %)'
    """
    return f"{amount(value)} ({share(value, whole)})"


def share(part: float | None, whole: float | None) -> str:
    """A part of a whole in percent; nothing is divided by nothing.

    Example:
        >>> share(0.1, 0.4), share(0.001, 0.4), share(0.0, 0.4), share(0.1, 0.0)
        ('25 %', '<1 %', '0 %', '–')
    """
    if part is None or whole is None or whole <= 0:
        return MISSING
    percent = 100 * part / whole
    if 0 < percent < 0.5:
        return "<1 %"
    return f"{percent:.0f} %"


def interval(bounds: tuple[float, float] | None) -> str:
    """An interval of probabilities.

    Example:
        >>> interval((0.41, 0.5)), interval(None)
        ('[0.410, 0.500]', '–')
    """
    if bounds is None:
        return MISSING
    return f"[{probability(bounds[0])}, {probability(bounds[1])}]"


def counted(count: int, what: str) -> str:
    """How many there are of something.

    Example:
        >>> counted(1, "scenario"), counted(3, "scenario")
        ('1 scenario', '3 scenarios')
    """
    return f"{count} {what}{'s' * (count != 1)}"


def left_out_line(left_out: Mapping[str, str], what: str, *, named: int | None = None) -> str:
    """Scenarios that something is not known of, by their reasons, each by name or the first few; empty where all are.

    Example:
        >>> left_out_line({"t/a": "y", "t/b": "y", "t/c": "x"}, "cannot be cut", named=1)
        '2 scenarios cannot be cut, since y: t/a and 1 more; 1 scenario cannot be cut, since x: t/c'
    """
    reasons: dict[str, list[str]] = {}
    for scenario, why in sorted(left_out.items()):
        reasons.setdefault(why, []).append(clean(scenario))
    parts = []
    for why, own in reasons.items():
        more = f" and {len(own) - named} more" if named is not None and len(own) > named else ""
        parts.append(f"{counted(len(own), 'scenario')} {what}, since {clean(why)}: {', '.join(own[:named])}{more}")
    return "; ".join(parts)


def joined(words: tuple[str, ...] | list[str]) -> str:
    """Words as a sentence lists them.

    Example:
        >>> joined(["order"]), joined(["order", "cue"]), joined(["order", "cue", "layout"])
        ('order', 'order and cue', 'order, cue and layout')
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


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
