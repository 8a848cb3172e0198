"""From the table of readings to the results of a study."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from probe.analysis.cells import Cells, study_formats, tabulate
from probe.analysis.controls import control_results
from probe.analysis.divergence import kl_floor
from probe.analysis.formats import Formats
from probe.analysis.gates import control_gates
from probe.analysis.results import RESULTS_VERSION, ModelResults, NumericFloor, StudyResults
from probe.analysis.side import Setting
from probe.analysis.tradeoff import analyse_tradeoff
from probe.errors import StudyError
from probe.store.facts import StudyFacts

__all__ = ["analyse"]


def analyse(readings: pa.Table, facts: StudyFacts, floors: Mapping[str, float]) -> StudyResults:
    """Preferences, budget, biases and flips of every model and trade-off.

    Args:
        readings: Rows of ``readings.parquet``, in any order.
        facts: The study behind the table.
        floors: Numeric floor of a log-odds (nats) of each model in the table.

    Raises:
        StudyError: the table has missing, doubled or infinite cells, or holds what the study does not know.
    """
    if readings.num_rows == 0:
        return StudyResults(RESULTS_VERSION, {})
    formats = study_formats(readings, facts.axes)
    models = tabulate(readings, formats)
    for model in models:
        if model not in floors:
            raise StudyError(f"manifest: no numeric floor of model {model}. Run the study again in this folder.")
    return StudyResults(
        RESULTS_VERSION,
        {model: _analyse_model(cells, facts, formats, floors[model]) for model, cells in models.items()},
    )


def _analyse_model(cells: Cells, facts: StudyFacts, formats: Formats, delta: float) -> ModelResults:
    _refuse_strangers(cells, facts)
    controls = control_results(cells, facts.controls, formats, facts.unordered_label_sets)
    setting = Setting(
        formats=formats,
        unordered=facts.unordered_label_sets,
        agreeing=facts.agreeing,
        delta=delta,
        gates=control_gates(controls),
    )
    return ModelResults(
        numeric_floor=NumericFloor(delta, kl_floor(delta)),
        tradeoffs={
            name: analyse_tradeoff(cells.of_tradeoff(name), about, setting)
            for name, about in sorted(facts.tradeoffs.items())
        },
        controls=controls,
    )


def _refuse_strangers(cells: Cells, facts: StudyFacts) -> None:
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
