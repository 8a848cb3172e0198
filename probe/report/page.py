"""The report as one HTML file that loads nothing: a pure function of what it is given."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import plotly.graph_objects as go
from markupsafe import Markup

from probe.analysis.results import ModelResults, StudyResults
from probe.report import effect_figures, figures, matrix_figures
from probe.report.browser import Browser, packed
from probe.report.check_tables import check_tables
from probe.report.claim_tables import claim_tables
from probe.report.model_comparison import Change, change_table
from probe.report.number_format import amount, clean
from probe.report.partial import marked
from probe.report.plotly_js import drawing_library
from probe.report.preference_tables import preference_tables, truth_table
from probe.report.sampling_table import sampling_tables
from probe.report.sensitivity_tables import sensitivity_tables
from probe.report.sentences import MEANING, Answer, answers
from probe.report.summary import Point, asking_line, condition_line, headline, points
from probe.report.table import Table
from probe.report.truth import Truth, compare, read_truth
from probe.store.facts import Partial, StudyFacts

__all__ = ["Page", "render_page"]

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that a report shows.

    Attributes:
        results: What the study found.
        facts: The study behind it.
        manifest_json: Text of ``manifest.json``.
        truth_json: Text of ``truth.json`` where the planted preferences of a model are known, else None.
        title: Heading of the page.
        truth_model: Name of the model that the truth is about.
        browser: Every cell and prompt, for the item browser; without it there is none.
        changes: Every further model held against the first.
    """

    results: StudyResults
    facts: StudyFacts
    manifest_json: str
    truth_json: str | None
    title: str
    truth_model: str = "demo"
    browser: Browser | None = None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class _Drawing:
    anchor: str
    title: str
    caption: str
    height: int
    drawn: object


@dataclass(frozen=True, slots=True)
class _PlacedTable:
    anchor: str
    table: Table


@dataclass(frozen=True, slots=True)
class _ModelView:
    name: str
    anchor: str
    headline: str
    points: tuple[Point, ...]
    asking: str
    condition: str
    answers: tuple[Answer, ...]
    figures: tuple[_Drawing, ...]
    tables: tuple[_PlacedTable, ...]
    planted_figures: tuple[_Drawing, ...]
    planted: tuple[_PlacedTable, ...]
    floor_log_odds: str
    floor_kl: str


def render_page(page: Page) -> str:
    """The text of ``report.html``: the same page always gives the same text.

    Raises:
        StudyError: the truth is damaged.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    truth = None if page.truth_json is None else read_truth(page.truth_json)
    models = [
        _view(place, name, model, truth if name == page.truth_model else None, page.results.partial)
        for place, (name, model) in enumerate(sorted(page.results.models.items()))
    ]
    shared = _shared(page.results)
    plotly = drawing_library()
    scripts = {f"{name}_js": (_HERE / f"{name}.js").read_text("utf-8") for name in ("unpack", "draw", "browse")}
    rendered = environment.get_template("template.html.j2").render(
        title=clean(page.title),
        policy=_policy((plotly, *scripts.values())),
        plotly_packed=packed(plotly),
        browser=page.browser,
        style=Markup((_HERE / "style.css").read_text("utf-8")),
        **{name: Markup(text) for name, text in scripts.items()},
        meaning=MEANING,
        models=models,
        shared=shared,
        changes=_placed("models-table", tuple(change_table(change) for change in page.changes)),
        figures_packed=_packed_figures(
            [*shared, *(drawn for one in models for drawn in (*one.figures, *one.planted_figures))]
        ),
        axes=[(axis.replace("_", " "), levels) for axis, levels in page.facts.axes.items()],
        variants=math.prod(len(levels) for levels in page.facts.axes.values()),
        manifest=page.manifest_json,
        truth=page.truth_json,
        truth_design=None if truth is None or truth.design is None else clean(truth.design),
    )
    return f"{rendered.strip()}\n"


def _packed_figures(drawings: Sequence[_Drawing]) -> str:
    """All figures by the id of the place where each is drawn."""
    figures = {one.anchor: one.drawn for one in drawings}
    return packed.__wrapped__(json.dumps(figures, ensure_ascii=False, separators=(",", ":")))


def _policy(scripts: tuple[str, ...]) -> str:
    """A policy under which nothing is fetched and only these scripts run."""
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _view(place: int, name: str, model: ModelResults, truth: Truth | None, partial: Partial | None) -> _ModelView:
    anchor = f"model-{place + 1}"
    compared = () if truth is None else compare(truth, model)
    tables = tuple(
        marked(table, partial)
        for table in (
            *claim_tables(model),
            *preference_tables(model),
            *sensitivity_tables(model),
            *check_tables(model),
            *sampling_tables(model),
        )
    )
    planted = (truth_table(compared),) if compared else ()
    return _ModelView(
        name=clean(name),
        anchor=anchor,
        headline=headline(name, model),
        points=points(model),
        asking=asking_line(model),
        condition=condition_line(model),
        answers=answers(model),
        figures=_drawings(anchor, model),
        tables=_placed(f"{anchor}-table", tables),
        planted_figures=(_planted(anchor, figures.planted_and_measured(compared)),) if compared else (),
        planted=_placed(f"{anchor}-truth", planted),
        floor_log_odds=amount(model.numeric_floor.log_odds),
        floor_kl=amount(model.numeric_floor.kl),
    )


def _placed(anchor: str, tables: tuple[Table, ...]) -> tuple[_PlacedTable, ...]:
    return tuple(_PlacedTable(f"{anchor}-{place + 1}", table) for place, table in enumerate(tables))


def _drawing(anchor: str, title: str, caption: str, figure: go.Figure) -> _Drawing:
    return _Drawing(anchor, title, caption, int(figure.layout.height), figure.to_plotly_json())


def _drawings(anchor: str, model: ModelResults) -> tuple[_Drawing, ...]:
    drawn = (
        (
            "What it says and what it chooses",
            "Circles: asked in general. Diamonds: choosing in scenarios. The further apart, the longer the line "
            "between them; the broad bands are 95 % intervals over other questions and scenarios of this kind. "
            "The dotted line is indifference.",
            figures.stated_and_revealed(model),
        ),
        (
            "What a single choice deviates by, and why",
            "The whole bar is how far a single reading in a scenario lies from what the model says, in nats. Only the "
            "last part, the gap, sets the two sides apart as wholes; format, context and differences between "
            "scenarios are variation on the revealed side.",
            figures.budget(model),
        ),
        (
            "Which part of the format pivots",
            "The format part of the bar above, split by format axis. The axis named after a trade-off is the one "
            "that moves the choice most.",
            figures.pivots(model),
        ),
        (
            "Pull of position and label",
            "To the right of 0, what is shown first (circles) or labelled first (diamonds) gains, whatever it says. "
            "Filled: scenarios. Open: general questions. Squares: the two were not varied apart.",
            figures.biases(model),
        ),
        (
            "How much of the next token is an answer",
            "Probability of all labels together. Near 1, the model answers in the form asked for; near 0, they "
            "are a small rest, and their ratio says little.",
            figures.option_mass(model),
        ),
    )
    return tuple(
        _drawing(f"{anchor}-figure-{place + 1}", title, caption, figure)
        for place, (title, caption, figure) in enumerate((*drawn, *_effect_drawings(model)))
        if figure is not None
    )


def _effect_drawings(model: ModelResults) -> tuple[tuple[str, str, go.Figure | None], ...]:
    found = model.format_distances
    return (
        (
            "The shift of log-odds",
            "Each mark is a trade-off: to the right what it says, upwards what it chooses, both towards the first "
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
            "Mean KL of the row's format from the column's, over the scenarios of trade-offs with open gates: how far "
            "the same question moves if it is asked in another format. Names are the levels of the axes that vary.",
            None if found is None else matrix_figures.format_matrix(found, model.numeric_floor),
        ),
    )


def _shared(results: StudyResults) -> tuple[_Drawing, ...]:
    """What is only seen with the models beside each other."""
    figure = matrix_figures.kl_by_model(results) if len(results.models) > 1 else None
    if figure is None:
        return ()
    caption = (
        "KL(revealed || stated) in nats, the larger the lighter: how far what a model chooses lies from what it says. "
        "In brackets: not interpretable in that model."
    )
    return (_drawing("models-figure-1", "How far apart, by trade-off and model", caption, figure),)


def _planted(anchor: str, figure: go.Figure) -> _Drawing:
    caption = "A reading that finds exactly what was planted lies on the dotted diagonal."
    return _drawing(f"{anchor}-planted", "Found where it was planted", caption, figure)
