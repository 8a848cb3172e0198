"""The report as one HTML file that loads nothing: a pure function of what it is given."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
from markupsafe import Markup

from probe.analysis.results import ModelResults, StudyResults
from probe.report.brief import outcome_line
from probe.report.browser import Browser, packed
from probe.report.check_tables import check_tables
from probe.report.checks import check_matrix
from probe.report.chips import model_chips, study_chips
from probe.report.claim_tables import claim_tables
from probe.report.claim_text import verdict_text
from probe.report.clause_text import clause_tables
from probe.report.depth_text import depth_tables
from probe.report.drawings import (
    Drawing,
    curve_drawings,
    first_drawing,
    model_drawings,
    planted_drawing,
    shared_drawings,
)
from probe.report.flipped import Flipped
from probe.report.ladder_text import ladder_tables
from probe.report.leaderboard import leaderboard
from probe.report.main_table import main_table
from probe.report.method_text import method_tables
from probe.report.model_comparison import Change, change_table
from probe.report.number_format import amount, clean
from probe.report.own_words_text import own_words_tables
from probe.report.partial import marked
from probe.report.plotly_js import drawing_library
from probe.report.preference_tables import preference_tables, truth_table
from probe.report.sampling_table import sampling_tables
from probe.report.sensitivity_tables import sensitivity_tables
from probe.report.sentences import CAVEAT, MEANING, Answer, answers, by_distance
from probe.report.summary import Point, asking_line, condition_line, points
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
        changes: Every further model compared with the first.
        suites: Names of the suites that were read; empty where they are not known.
        parts: Of several runs, a line for each that read a part of its suite.
        flipped: Prompts whose choice turns with one format axis, by model and trade-off.
    """

    results: StudyResults
    facts: StudyFacts
    manifest_json: str
    truth_json: str | None
    title: str
    truth_model: str = "demo"
    browser: Browser | None = None
    changes: tuple[Change, ...] = ()
    suites: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    flipped: Mapping[str, Mapping[str, tuple[Flipped, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _PlacedTable:
    anchor: str
    table: Table


@dataclass(frozen=True, slots=True)
class _Entry:
    """One trade-off: its word, the sentences about it, and prompts to look at."""

    word: str
    reported: Answer
    flipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _ModelView:
    name: str
    anchor: str
    chips: tuple[str, ...]
    headline: str
    points: tuple[Point, ...]
    asking: str
    condition: str
    main: tuple[_PlacedTable, ...]
    entries: tuple[_Entry, ...]
    checks: tuple[_PlacedTable, ...]
    figures: tuple[Drawing, ...]
    curves: tuple[Drawing, ...]
    tables: tuple[_PlacedTable, ...]
    planted_figures: tuple[Drawing, ...]
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
    first, whole = first_drawing(page.results)
    models = [_view(index, name, page, truth, whole=whole) for index, name in enumerate(page.results.models)]
    shared = shared_drawings(page.results)
    formats = math.prod(len(levels) for levels in page.facts.axes.values())
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
        parts=page.parts,
        caveat=CAVEAT,
        models=models,
        first=first,
        study_chips=study_chips(page.results, page.suites, formats),
        shared=shared,
        leaderboard=_shown("models-main", leaderboard(page.results), page.results.partial) if len(models) > 1 else (),
        changes=_placed("models-table", tuple(change_table(change) for change in page.changes)),
        figures_packed=_packed_figures(
            [first, *shared, *(d for one in models for d in (*one.curves, *one.figures, *one.planted_figures))]
        ),
        axes=[(axis.replace("_", " "), levels) for axis, levels in page.facts.axes.items()],
        variants=formats,
        manifest=page.manifest_json,
        truth=page.truth_json,
        truth_design=None if truth is None or truth.design is None else clean(truth.design),
    )
    return f"{rendered.strip()}\n"


def _packed_figures(drawings: Sequence[Drawing]) -> str:
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


def _view(index: int, name: str, page: Page, truth: Truth | None, *, whole: bool) -> _ModelView:
    anchor, model, partial = f"model-{index + 1}", page.results.models[name], page.results.partial
    compared = () if truth is None or name != page.truth_model else compare(truth, model)
    tables = tuple(
        marked(table, partial)
        for table in (
            *claim_tables(model),
            *preference_tables(model),
            *method_tables(model),
            *ladder_tables(model),
            *clause_tables(model),
            *depth_tables(model),
            *own_words_tables(model),
            *sensitivity_tables(model),
            *check_tables(model),
            *sampling_tables(model),
        )
    )
    planted = (truth_table(compared),) if compared else ()
    return _ModelView(
        name=clean(name),
        anchor=anchor,
        chips=model_chips(model),
        headline=outcome_line(name, model, advice=False),
        points=points(model),
        asking=asking_line(model),
        condition=condition_line(model),
        main=_shown(f"{anchor}-main", main_table(model), partial),
        entries=tuple(_entries(model, page.flipped.get(name, {}))),
        checks=_shown(f"{anchor}-checks", check_matrix(model), partial),
        figures=model_drawings(anchor, model, whole=whole),
        curves=curve_drawings(anchor, model),
        tables=_placed(f"{anchor}-table", tables),
        planted_figures=(planted_drawing(anchor, compared),) if compared else (),
        planted=_placed(f"{anchor}-truth", planted),
        floor_log_odds=amount(model.numeric_floor.log_odds),
        floor_kl=amount(model.numeric_floor.kl),
    )


def _entries(model: ModelResults, flipped: Mapping[str, tuple[Flipped, ...]]) -> Iterator[_Entry]:
    for (key, found), reported in zip(by_distance(model), answers(model), strict=True):
        yield _Entry(verdict_text(found), reported, tuple(one.reported for one in flipped.get(key, ())))


def _shown(anchor: str, table: Table, partial: Partial | None) -> tuple[_PlacedTable, ...]:
    return _placed(anchor, (marked(table, partial),)) if table.rows else ()


def _placed(anchor: str, tables: tuple[Table, ...]) -> tuple[_PlacedTable, ...]:
    return tuple(_PlacedTable(f"{anchor}-{index + 1}", table) for index, table in enumerate(tables))
