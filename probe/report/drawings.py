"""The figures of a page, each with its heading and how to read it. Computes no statistic."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

from probe.analysis.results import ModelResults, StudyResults
from probe.report import effect_figures, figures, matrix_figures
from probe.report.curve_figures import curve_line, specification_curve
from probe.report.depth_figure import depth_curves
from probe.report.depth_text import depth_line, depths_of
from probe.report.dose_figures import dose_line, dose_titled, psychometric_curve
from probe.report.first_figure import first_figure, sides_and_gaps
from probe.report.ladder_figure import waterfall
from probe.report.number_format import clean
from probe.report.own_words_figure import own_words_figure
from probe.report.sentences import by_distance
from probe.report.truth import Comparison

__all__ = ["Drawing", "curve_drawings", "first_drawing", "model_drawings", "planted_drawing", "shared_drawings"]

_READ = (
    "Left: stated and revealed probability of the principle named, with 95 % intervals. Right: revealed minus stated, "
    "R − S, with its 95 % interval; the band is ±0.05. Square: filled for a deviation, hollow for none or undecided, "
    "grey for no claim."
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure on a page.

    Attributes:
        anchor: Id of the place where it is drawn.
        title: Its heading.
        caption: How to read it.
        height: Pixels.
        drawn: What the drawing library is given.
        shown: Whether it stands unfolded.
    """

    anchor: str
    title: str
    caption: str
    height: int
    drawn: object
    shown: bool = False


_EVERY = "Every trade-off, the largest difference first"

_SHOWN = frozenset({_EVERY, "Effect of each context"})
"""What a model's section shows unfolded, behind the first screen."""


def first_drawing(results: StudyResults) -> tuple[Drawing, bool]:
    """The figure of the first screen, and whether it has every trade-off."""
    figure, left_out = first_figure(results)
    rest = f" Trade-offs that are further down since their difference is smaller: {left_out}." if left_out else ""
    drawn = _drawing("first-figure", "Stated, revealed and their difference", f"{_READ}{rest}", figure)
    return drawn, not left_out


def curve_drawings(anchor: str, model: ModelResults) -> tuple[Drawing, ...]:
    """The specification curve of every trade-off that was asked in several formats, the furthest apart first."""
    found = [(key, t.specification, specification_curve(key, t)) for key, t in by_distance(model)]
    return tuple(
        _drawing(f"{anchor}-curve-{index + 1}", clean(key), curve_line(curve), figure)
        for index, (key, curve, figure) in enumerate(found)
        if curve is not None and figure is not None
    )


def _drawing(anchor: str, title: str, caption: str, figure: go.Figure) -> Drawing:
    return Drawing(anchor, title, caption, int(figure.layout.height), figure.to_plotly_json(), shown=title in _SHOWN)


def model_drawings(anchor: str, model: ModelResults, *, whole: bool) -> tuple[Drawing, ...]:
    """The figures of one model.

    Args:
        anchor: What their ids begin with.
        model: The model.
        whole: Whether the first screen has all of its rows, so that they are not drawn again.
    """
    drawn = (
        (_EVERY, _READ, None if whole else sides_and_gaps(model)),
        (
            "What a single choice deviates by, and why",
            "The whole bar is how far a single reading in a scenario lies from the stated side, in nats. Only the last "
            "part, the gap, is a difference of the two sides as wholes; format, context and differences between "
            "scenarios are variation on the revealed side.",
            figures.budget(model),
        ),
        (
            "What lies between the general question and the choice",
            "From the bridge, the general question about such a situation, to the choice in it: what giving the "
            "situation adds, what wording the options as acts adds, and what asking for what one does instead of what "
            "one should do adds. Each bar begins where the one above it ends; circle: the general questions.",
            waterfall(model),
        ),
        (
            "What a forced first answer does to the second",
            "To the right of 0 the second answer follows the first. Diamonds: the choice, after a forced answer for a "
            "principle. Circles: the principle that is said, after a forced choice. Lines: 95 % intervals. Grey band: "
            "pull of answers to an unrelated question. Open marks: what saying the same label, or the option at the "
            "same position, does to the choice by itself. Beside a name: probability of choosing the principle named "
            "without a first turn, and after the model's own first answer.",
            own_words_figure(model),
        ),
        (
            "Which part of the format has the largest effect",
            "The format part of the bar above, split by format axis. The axis named after a trade-off is the one "
            "that moves the choice most.",
            figures.format_effects(model),
        ),
        (
            "Pull of position and label",
            "To the right of 0, what is shown first (circles) or labelled first (diamonds) gains, whatever its "
            "content. Filled: scenarios. Open: general questions. Squares: the two were only varied together.",
            figures.biases(model),
        ),
        (
            "How much of the next token is an answer",
            "Probability of all labels together. Near 1, the model answers in the form asked for; near 0, they "
            "are a small rest, and their ratio means little.",
            figures.option_mass(model),
        ),
    )
    return tuple(
        _drawing(f"{anchor}-figure-{index + 1}", title, caption, figure)
        for index, (title, caption, figure) in enumerate((*drawn, *_further_drawings(model)))
        if figure is not None
    )


def _further_drawings(model: ModelResults) -> tuple[tuple[str, str, go.Figure | None], ...]:
    return (*_effect_drawings(model), *_dose_drawings(model), *_depth_drawings(model))


def _effect_drawings(model: ModelResults) -> tuple[tuple[str, str, go.Figure | None], ...]:
    found = model.format_distances
    return (
        (
            "The shift of log-odds",
            "Each mark is a trade-off: to the right the stated, upwards the revealed side, both towards the first "
            "principle and with biases of order and label cancelled. On the dotted diagonal the two are equal; in the "
            "upper left and lower right quarters they point opposite ways. Open: not interpretable.",
            effect_figures.log_odds(model),
        ),
        (
            "Effect of each format",
            "Main effect of every level of every format axis, against the mean of all formats; a mark is a trade-off. "
            "Filled: scenarios. Open: general questions. All marks to one side: the format pulls whatever is asked.",
            effect_figures.axis_effects(model),
        ),
        (
            "Effect of each context",
            "Every level of every context factor against the mean of its scenarios. Broad bands are 95 % intervals "
            "over scenarios; thin lines, where fewer than six carry the level, reach from the least to the largest.",
            effect_figures.context_effects(model),
        ),
        (
            "Every format against every other",
            "Mean KL of the row's format from the column's, over the scenarios of trade-offs with passed validity "
            "checks: how far the same question moves if it is asked in another format. Names are the levels of the "
            "axes that vary.",
            None if found is None else matrix_figures.format_matrix(found, model.numeric_floor),
        ),
    )


def _dose_drawings(model: ModelResults) -> tuple[tuple[str, str, go.Figure | None], ...]:
    """The curve of every factor whose levels are doses."""
    return tuple(
        (
            f"Choice over doses: {clean(dose_titled(key, curve))}",
            f"Probability at each dose, exact, over all formats; dotted one half, dashed the stated preference, "
            "upright: where the mean log-odds are 0, and where p is the stated preference. "
            f"{clean(dose_line(curve))}",
            psychometric_curve(key, t, curve),
        )
        for key, t in by_distance(model)
        for curve in t.dose_curves
    )


def _depth_drawings(model: ModelResults) -> tuple[tuple[str, str, go.Figure | None], ...]:
    """The curves of every trade-off that was read after every layer."""
    return tuple(
        (
            f"Layer by layer: {clean(key)}",
            "What the hidden state after each layer would give if the model ended there (a logit lens), not what a "
            "layer represents. Above: mean log-odds towards the first principle with 95 % bootstrap bands over root "
            "questions or scenarios; dotted upright: from there on the sides have opposite signs. Middle: what the "
            "position and the label gain, revealed solid, stated dotted. Below: option mass at some layers, revealed "
            "filled, stated open; where it is near 0, the log-odds compare two labels that are both improbable. "
            f"{clean(depth_line(key, found))}",
            depth_curves(key, found),
        )
        for key, found in depths_of(model)
    )


def shared_drawings(results: StudyResults) -> tuple[Drawing, ...]:
    """What is only seen with the models beside each other."""
    figure = matrix_figures.kl_by_model(results) if len(results.models) > 1 else None
    if figure is None:
        return ()
    caption = (
        "KL(revealed || stated) in nats, the larger the lighter: how far the revealed side of a model lies from the "
        "stated. In brackets: not interpretable in that model."
    )
    return (_drawing("models-figure-1", "How large the differences are, by trade-off and model", caption, figure),)


def planted_drawing(anchor: str, compared: tuple[Comparison, ...]) -> Drawing:
    """What was measured against what was planted."""
    caption = "A reading that finds exactly what was planted lies on the dotted diagonal."
    return _drawing(f"{anchor}-planted", "Found where it was planted", caption, figures.planted_and_measured(compared))
