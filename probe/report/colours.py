"""The colours of every figure, on the page and on paper: one meaning each."""

from __future__ import annotations

from probe.design.items import EVERY_AXIS

__all__ = [
    "BAND",
    "CONTEXT",
    "FORMAT",
    "GAP",
    "GROUND",
    "INK",
    "QUIET",
    "REVEALED",
    "SCENARIOS",
    "STATED",
    "STEPS",
    "TERMS",
    "axis_colour",
]

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), the blue lightened until it also stands on black. Blue and
# orange are the two sides and nothing else; text on a bar is INK, with a contrast of at least 4.5 on each colour.
STATED = "#3B8FC9"
REVEALED = "#D55E00"
GAP = "#9B7BC8"
FORMAT = "#CC79A7"
CONTEXT = "#009E73"
SCENARIOS = "#B8AE2D"
TERMS = {"format": FORMAT, "context": CONTEXT, "scenarios": SCENARIOS, "gap": GAP}
"""The terms of the deviation budget, in its order."""

STEPS = {"vignette": "#5FB3A8", "wording": "#C98F6B", "should_to_do": "#A7A0D0"}
"""The terms of the ladder, in its order."""

QUIET = "#8C8C8C"
INK = "#111111"
BAND = "rgba(136, 136, 136, 0.22)"
GROUND = "#FFFFFF"
"""Behind a label, so that no line crosses it; the page's style sheet puts the paper's colour in its place."""

_AXES = dict(
    zip(
        ("slot", *EVERY_AXIS),
        ("#B8AE2D", "#CC79A7", "#009E73", "#84A83F", "#B98B5E", "#4FA6A0", "#D98F9F", "#A9A9B8", "#C9A0DC"),
        strict=True,
    )
)


def axis_colour(axis: str) -> str:
    """The colour of a format axis, the same in every figure; one that is not known is grey.

    Example:
        >>> axis_colour("order") != axis_colour("cue")
        True
    """
    return _AXES.get(axis, QUIET)
