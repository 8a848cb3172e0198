"""From the table of a run folder to results and report: a pure function of the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from probe.analysis.results import StudyResults, to_json
from probe.analysis.study import analyse
from probe.errors import StudyError
from probe.report.page import Page, render_page
from probe.store.atomic import write_bytes

if TYPE_CHECKING:
    from probe.store.folder import RunFolder
    from probe.store.manifest import Manifest

__all__ = ["analyse_folder", "publish"]


def publish(folder: RunFolder, manifest: Manifest) -> StudyResults:
    """Write ``results.json`` and ``report.html`` of a folder whose tables are in place."""
    results = analyse_folder(folder, manifest)
    write_bytes(folder.path / "results.json", to_json(results).encode())
    write_bytes(folder.path / "report.html", render_page(_page(folder, manifest, results)).encode())
    return results


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
    return analyse(readings.filter(measured), manifest.facts, floors)


def _page(folder: RunFolder, manifest: Manifest, results: StudyResults) -> Page:
    truths = sorted((folder.path / "study" / "models").glob("*.truth.json"))
    return Page(
        results=results,
        facts=manifest.facts,
        manifest_json=manifest.to_json(),
        truth_json=truths[0].read_text(encoding="utf-8") if truths else None,
        truth_model=truths[0].name.removesuffix(".truth.json") if truths else "",
        title=f"{', '.join(sorted(results.models))} on {', '.join(manifest.suites)}",
    )
