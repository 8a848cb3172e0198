"""From the table of a run folder to results and report: a pure function of the folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import TemplateError

from probe.analysis.agreement import checkable, compare_written
from probe.analysis.neutral_grids import tabulate_grids
from probe.analysis.results import Condition, StudyResults, to_json
from probe.analysis.study import Terms, analyse
from probe.analysis.validity_checks import THRESHOLDS
from probe.errors import StudyError
from probe.report.browser import browser_of
from probe.report.clause_view import clause_views
from probe.report.dataset_card import dataset_card
from probe.report.flipped import flipped_prompts
from probe.report.model_comparison import changes_from_first
from probe.report.page import Page, render_page
from probe.report.partial import titled
from probe.store.manifest import Manifest
from probe.store.schema import READINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.store.facts import StudyFacts
    from probe.store.folder import RunFolder
    from probe.store.manifest import ModelRecord

__all__ = ["DERIVED", "analyse_folder", "derived", "page_of", "publish"]

DERIVED = ("results.json", "report.html", "README.md")
"""Files that are a pure function of the others."""

_UNFIT = (ArithmeticError, LookupError, ValueError, TypeError, AttributeError)
"""What statistics and page raise of files that do not fit each other, beside what Arrow and the page's template do."""


def publish(folder: RunFolder, manifest: Manifest) -> StudyResults:
    """Write ``results.json``, ``report.html`` and ``README.md`` of a folder whose tables are in place."""
    manifest = _as_published(manifest)
    results = analyse_folder(folder, manifest)
    for name, content in _contents(folder, manifest, results).items():
        folder.write(name, content)
    return results


def derived(folder: RunFolder, manifest: Manifest) -> dict[str, str]:
    """What `publish` would write, by file name.

    Raises:
        StudyError: The folder's files do not fit each other, whoever wrote them.
    """
    try:
        manifest = _as_published(manifest)
        return _contents(folder, manifest, analyse_folder(folder, manifest))
    except (*_UNFIT, TemplateError, pa.ArrowException) as error:
        raise StudyError(
            f"{folder.path}: nothing can be computed from its files, which do not fit each other "
            f"({type(error).__name__}: {str(error)[:120]}). If this probe wrote them, that is a fault of probe."
        ) from error


def _contents(folder: RunFolder, manifest: Manifest, results: StudyResults) -> dict[str, str]:
    page = _page(folder, manifest, results)
    return {
        "results.json": to_json(results),
        "report.html": render_page(page),
        "README.md": dataset_card(results, page.title),
    }


def _as_published(manifest: Manifest) -> Manifest:
    """The manifest as its own text says it, without places, code, seconds and hashes of what is made from it."""
    files = {name: digest for name, digest in manifest.files.items() if name not in DERIVED}
    models = {name: replace(record, place="") for name, record in manifest.models.items()}
    return Manifest.from_json(
        replace(manifest, files=files, models=models, code={}, phases={}).to_json(), "manifest.json"
    )


def analyse_folder(folder: RunFolder, manifest: Manifest) -> StudyResults:
    """The measures of a folder's table; a model that failed on the way is left out.

    Raises:
        StudyError: The run was interrupted.
    """
    if not manifest.complete:
        raise StudyError(f"{folder.path}: the run was interrupted. Run the same `probe run` command again.")
    readings = folder.readings()
    floors = {
        name: record.log_odds_floor
        for name, record in manifest.models.items()
        if name not in manifest.failed_models and record.log_odds_floor is not None
    }
    read = pa.array(sorted(floors), pa.string())
    agreement = compare_written(folder.written())
    terms = Terms(
        thresholds={**THRESHOLDS, **manifest.gates},
        models=len(manifest.study.models),
        written=checkable(agreement),
        tables={name: rows.filter(pc.is_in(rows["model"], read)) for name, rows in folder.own_tables().items()},
    )
    found = analyse(readings.filter(pc.is_in(readings["model"], read)), manifest.facts, floors, terms)
    models = {
        name: replace(
            model,
            written=agreement.get(name, {}),
            condition=_condition(manifest.models[name], manifest.study.systems.get(name, manifest.study.system)),
            numeric_floor=replace(model.numeric_floor, cells=manifest.models[name].floor_cells),
        )
        for name, model in found.models.items()
    }
    return replace(found, models=models, partial=manifest.partial)


def _condition(record: ModelRecord, system: str | None) -> Condition:
    own, weights = (record.template_traits or {}).get("default_system"), record.loaded.weights
    return Condition(
        dtype=weights.dtype,
        quantisation=str(weights.quantisation.get("kind", "none")),
        compute=weights.compute,
        weight_bytes=weights.weight_bytes,
        unquantised_share=weights.unquantised_share,
        expansion=str(weights.quantisation.get("expansion", "none")),
        adapter=str(weights.quantisation.get("adapter", "none")),
        style_remark=record.style_remark,
        default_system=str(own) if own and record.system == "none" else None,
        without_system=record.system == "empty",
        system=system or None,
    )


def _page(folder: RunFolder, manifest: Manifest, results: StudyResults) -> Page:
    truths = sorted((folder.path / "study" / "models").glob("*.truth.json"))
    made = page_of(
        results,
        manifest.facts,
        folder.readings(),
        folder.prompts(),
        [folder.table("ladder"), folder.table("clauses")],
        manifest_json=manifest.to_json(),
        title=titled(f"{', '.join(sorted(results.models))} on {', '.join(manifest.suites)}", results.partial),
    )
    page = replace(made, suites=tuple(manifest.suites))
    if not truths:
        return page
    name = truths[0].name.removesuffix(".truth.json")
    return replace(page, truth_json=truths[0].read_bytes().decode("utf-8", "replace"), truth_model=name)


def page_of(
    results: StudyResults,
    facts: StudyFacts,
    readings: pa.Table,
    prompts: pa.Table,
    beside: Sequence[pa.Table] = (),
    *,
    manifest_json: str,
    title: str,
) -> Page:
    """The page over tables: results, and every item and prompt to browse."""
    measured = readings.filter(pc.is_in(readings["model"], pa.array(sorted(results.models), pa.string())))
    cells = tabulate_grids(measured, facts.axes) if results.models else {}
    closed = _closed(results)
    return Page(
        results=results,
        facts=facts,
        manifest_json=manifest_json,
        truth_json=None,
        title=title,
        browser=browser_of(
            pa.concat_tables([readings, *(table.select(READINGS.names) for table in beside)]),
            prompts,
            closed,
            {name: clause_views(model, facts) for name, model in results.models.items()},
        ),
        changes=tuple(changes_from_first([(name, cells[name], closed[name]) for name in sorted(cells)])),
        flipped={
            name: {key: flipped_prompts(cells[name].of_tradeoff(key).of_side("revealed")) for key in model.tradeoffs}
            for name, model in results.models.items()
            if name in cells
        },
    )


def _closed(results: StudyResults) -> dict[str, list[str]]:
    return {
        name: sorted(key for key, found in model.tradeoffs.items() if found.gates)
        for name, model in results.models.items()
    }
