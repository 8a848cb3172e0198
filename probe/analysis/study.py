"""From the table of readings to the results of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from probe.analysis.admission import find_levels, over_admitted
from probe.analysis.between import between
from probe.analysis.cells import no_cells, study_formats
from probe.analysis.clauses import with_clauses
from probe.analysis.coherence import coherence
from probe.analysis.content_floor import content_floor
from probe.analysis.context_factors import pool_factors
from probe.analysis.controls import content_free_log_odds, control_results
from probe.analysis.depth import with_depths
from probe.analysis.divergence import kl_floor
from probe.analysis.format_distances import format_distances
from probe.analysis.format_shares import content_reliability, format_shares
from probe.analysis.ladder import with_ladders
from probe.analysis.neutral_grids import NeutralGrids, tabulate_grids
from probe.analysis.own_words import with_own_words
from probe.analysis.results import (
    RESULTS_VERSION,
    ControlResult,
    ModelResults,
    NumericFloor,
    StudyResults,
    TradeOffResult,
)
from probe.analysis.side import Setting, Sides, read_sides
from probe.analysis.text_words import Study, no_method, over_texts, with_texts, word_over_methods
from probe.analysis.texts import covers, label_means, methods_of, tabulate_texts
from probe.analysis.tradeoff import analyse_tradeoff
from probe.analysis.validity_checks import THRESHOLDS, WrittenAgreement, agreement_checks, control_checks
from probe.analysis.whole_study import study_level
from probe.design.items import TableName
from probe.errors import StudyError
from probe.store.facts import StudyFacts
from probe.store.schema import OWN_TABLES, SCHEMAS

__all__ = ["Terms", "analyse"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What is fixed before reading, and what was measured beside the table.

    Attributes:
        thresholds: What gates and claims ask.
        models: Models of the study, those that could not be read included; None: those in the table.
        written: Agreement with written answers by model and side, where it was measured.
        tables: Rows of the tables beside the readings, of those that were read.
    """

    thresholds: Mapping[str, float] = field(default_factory=lambda: THRESHOLDS)
    models: int | None = None
    written: Mapping[str, Mapping[str, WrittenAgreement]] = field(default_factory=dict)
    tables: Mapping[TableName, pa.Table] = field(default_factory=dict)


def analyse(
    readings: pa.Table, facts: StudyFacts, floors: Mapping[str, float], terms: Terms | None = None
) -> StudyResults:
    """Preferences, budget, biases, flips and claims of every model and trade-off.

    Args:
        readings: Rows of ``readings.parquet``, in any order.
        facts: The study behind the table.
        floors: Numeric floor of a log-odds (nats) of each model in the table.
        terms: Thresholds, size of the study, agreement with written answers, the tables beside the readings.

    Raises:
        StudyError: the table has missing, doubled or infinite cells, or holds what the study does not know.
    """
    terms = terms or Terms()
    beside = {name: terms.tables.get(name, SCHEMAS[name].empty_table()) for name in OWN_TABLES}
    texts = tabulate_texts(beside["texts"], facts)
    if readings.num_rows == 0 and not texts:
        return StudyResults(RESULTS_VERSION, {})
    formats = study_formats(readings, facts.axes)
    read = tabulate_grids(readings, facts.axes)
    models = {name: read.get(name, NeutralGrids(no_cells(formats), None)) for name in sorted({*read, *texts})}
    for model in models:
        if model not in floors:
            raise StudyError(f"manifest: no numeric floor of model {model}. Run the study again in this folder.")
    family = (terms.models or len(models)) * len(facts.tradeoffs)
    found: dict[str, ModelResults] = {}
    admitted: dict[str, dict[str, TradeOffResult]] = {}
    for model, cells in models.items():
        _refuse_strangers(cells, facts)
        controls = control_results(cells.plain, facts.controls, formats, facts.unordered_label_sets, terms.thresholds)
        written = agreement_checks(terms.written.get(model, {}), terms.thresholds)
        labels = label_means(cells) if model in read else None
        if model in texts and labels is not None and not covers(texts[model], cells, facts):
            del texts[model]
        methods = methods_of(texts[model], labels, facts) if model in texts else None
        written += no_method(methods)
        setting = Setting(
            formats=formats,
            unordered=facts.unordered_label_sets,
            agreeing=facts.agreeing,
            delta=floors[model],
            checks=control_checks(controls, terms.thresholds) + written,
            thresholds=terms.thresholds,
            model=model,
            family=family,
            content_free=content_free_log_odds(cells.plain, facts.controls),
            omits=facts.omits,
        )
        found[model] = replace(_analyse_model(cells, facts, setting, controls), methods=methods)
        admitted[model] = over_admitted(cells, facts, setting, found[model].levels, written)
    study = Study(facts, family, terms.thresholds)
    worded = word_over_methods(found, admitted, over_texts(found, texts, study), study)
    worded = with_texts(worded, texts, read)
    worded = with_ladders(worded, models, beside["ladder"], facts, terms.models or len(models))
    worded = with_clauses(worded, models, beside["clauses"], facts)
    worded = with_depths(worded, beside["depth"], readings, facts.unordered_label_sets)
    worded = with_own_words(worded, readings, beside["own_words"])
    return StudyResults(RESULTS_VERSION, worded, no_ladder=dict(facts.ladder.left_out) if facts.ladder else {})


def _analyse_model(
    cells: NeutralGrids, facts: StudyFacts, setting: Setting, controls: dict[str, ControlResult]
) -> ModelResults:
    tradeoffs: dict[str, TradeOffResult] = {}
    sides: dict[str, Sides] = {}
    for name, about in sorted(facts.tradeoffs.items()):
        own = cells.of_tradeoff(name)
        sides[name] = read_sides(own, about.p1, setting)
        tradeoffs[name] = analyse_tradeoff(name, own, sides[name], about, setting)
    principles = {name: (about.p1, about.p2) for name, about in facts.tradeoffs.items()}
    reliability = content_reliability(sides.values())
    usable = {name: found for name, found in sides.items() if not tradeoffs[name].gates}
    return ModelResults(
        numeric_floor=NumericFloor(setting.delta, kl_floor(setting.delta)),
        tradeoffs=tradeoffs,
        controls=controls,
        between=between(usable, principles, setting),
        between_ungated=between(sides, principles, setting),
        context_factors=pool_factors([tradeoffs[name].context_factors for name in usable]),
        format_distances=format_distances([cells.of_tradeoff(name) for name in usable]),
        format_shares=format_shares(sides.values()),
        study_level=study_level(usable, setting),
        study_level_ungated=study_level(sides, setting),
        content_reliability=reliability,
        levels=find_levels(cells, sides.values(), facts, setting),
        coherence=coherence(sides.values(), facts, reliability),
        content_floor=content_floor(sides.values(), cells.plain, facts.controls),
    )


def _refuse_strangers(cells: NeutralGrids, facts: StudyFacts) -> None:
    """A row coded towards another principle than the study's first would turn every sign of its item."""
    remedy = "The folder's files do not belong together: restore them or run the study again."
    for item in cells.items:
        about = facts.tradeoffs.get(item.tradeoff)
        if about is None:
            raise StudyError(f"readings: {item.id}: trade-off {item.tradeoff!r} is not part of the study. {remedy}")
        if item.side != "control" and (item.p1, item.p2) != (about.p1, about.p2):
            raise StudyError(
                f"readings: {item.id}: principles are {item.p1!r}, {item.p2!r}, "
                f"the study has {about.p1!r}, {about.p2!r}. {remedy}"
            )
