"""From the table of a run folder to results and report: a pure function of the folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from probe.analysis.agreement import compare_written, gated
from probe.analysis.gates import THRESHOLDS
from probe.analysis.results import Condition, StudyResults, to_json
from probe.analysis.study import Terms, analyse
from probe.errors import StudyError
from probe.report.browser import browser_of
from probe.report.page import Page, render_page
from probe.store.manifest import Manifest

if TYPE_CHECKING:
    from probe.store.folder import RunFolder
    from probe.store.manifest import ModelRecord

__all__ = ["DERIVED", "analyse_folder", "derived", "publish"]

DERIVED = ("results.json", "report.html")
"""Files that are a pure function of the others."""


def publish(folder: RunFolder, manifest: Manifest) -> StudyResults:
    """Write ``results.json`` and ``report.html`` of a folder whose tables are in place."""
    results = analyse_folder(folder, manifest)
    for name, content in _contents(folder, manifest, results).items():
        folder.write(name, content)
    return results


def derived(folder: RunFolder, manifest: Manifest) -> dict[str, str]:
    """What `publish` would write, by file name."""
    return _contents(folder, manifest, analyse_folder(folder, manifest))


def _contents(folder: RunFolder, manifest: Manifest, results: StudyResults) -> dict[str, str]:
    page = render_page(_page(folder, _as_published(manifest), results))
    return {"results.json": to_json(results), "report.html": page}


def _as_published(manifest: Manifest) -> Manifest:
    """The manifest without the hashes of what is made from it, and as its own text says it: the same at any time."""
    files = {name: digest for name, digest in manifest.files.items() if name not in DERIVED}
    return Manifest.from_json(replace(manifest, files=files).to_json(), "manifest.json")


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
    measured = pc.is_in(readings["model"], pa.array(sorted(floors), pa.string()))
    agreement = compare_written(folder.written())
    terms = Terms({**THRESHOLDS, **manifest.gates}, len(manifest.study.models), gated(agreement))
    found = analyse(readings.filter(measured), manifest.facts, floors, terms)
    models = {
        name: replace(model, written=agreement.get(name, {}), condition=_condition(manifest.models[name]))
        for name, model in found.models.items()
    }
    return replace(found, models=models)


def _condition(record: ModelRecord) -> Condition:
    return Condition(
        dtype=record.dtype,
        quantisation=str(record.quantisation.get("kind", "none")),
        compute=record.compute,
        weight_bytes=record.weight_bytes,
        unquantised_share=record.unquantised_share,
    )


def _page(folder: RunFolder, manifest: Manifest, results: StudyResults) -> Page:
    truths = sorted((folder.path / "study" / "models").glob("*.truth.json"))
    return Page(
        results=results,
        facts=manifest.facts,
        manifest_json=manifest.to_json(),
        truth_json=truths[0].read_text(encoding="utf-8") if truths else None,
        truth_model=truths[0].name.removesuffix(".truth.json") if truths else "",
        browser=browser_of(folder.readings(), folder.prompts(), _closed(results)),
        title=f"{', '.join(sorted(results.models))} on {', '.join(manifest.suites)}",
    )


def _closed(results: StudyResults) -> dict[str, list[str]]:
    return {
        name: sorted(key for key, found in model.tradeoffs.items() if found.gates)
        for name, model in results.models.items()
    }
