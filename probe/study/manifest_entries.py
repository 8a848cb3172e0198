"""What a run folder says of a study and of each model: the manifest, and the files kept of a model."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from probe.analysis.validity_checks import THRESHOLDS
from probe.design.option_texts import has_texts
from probe.prompts.template import FROZEN_DATE, template_of
from probe.store.facts import Partial
from probe.store.manifest import Manifest, ModelRecord
from probe.store.versions import code_record, library_versions
from probe.study.own_tables import kept_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from probe.progress import Progress
    from probe.store.folder import RunFolder
    from probe.store.manifest import Manifest
    from probe.store.previous_rows import EarlierItem
    from probe.study.merge import MergedModel, ReadModel
    from probe.study.numeric_floor import Floor
    from probe.study.planning import AskedModel, PlannedModel
    from probe.study.resolve import Study
    from probe.study.sources import Source

__all__ = [
    "MENDING",
    "derive_anew",
    "holds_packs",
    "is_finished",
    "log_of",
    "model_files",
    "model_record",
    "partial_of",
    "reason",
    "report_mending",
    "study_manifest",
]

MENDING = "mending"
"""How phases begin that say what is damaged: with its place, which belongs into no manifest."""


def model_record(
    planned: PlannedModel, read: ReadModel, counted: MergedModel, floor: Floor, before: ModelRecord | None, folder: Path
) -> ModelRecord:
    """What the manifest in `folder` says of a model.

    Args:
        planned: How it was asked.
        read: How it was read.
        counted: What merging counted.
        floor: Its numeric floor.
        before: What the manifest said of rows that are still there.
        folder: The run folder.
    """
    source, style, encoder = planned.model.source, planned.model.style, planned.model.encoder
    template = template_of(encoder) if style.kind == "chat" else None
    return ModelRecord(
        source=source.spec.source.name if isinstance(source.spec.source, Path) else source.spec.source,
        revision=source.snapshot.revision,
        identity=source.snapshot.identity,
        files=source.snapshot.files,
        style=style.kind,
        template_sha256=hashlib.sha256(template.source.encode()).hexdigest() if template else None,
        template_keywords=dict(style.keywords),
        template_append=style.append,
        template_append_ids=list(style.append_ids),
        template_traits=style.traits.record() if style.traits else None,
        system=style.system_location,
        style_remark=style.remark,
        loaded=read.facts,
        engine=read.shards.engine,
        pack_tokens=planned.budget,
        log_odds_floor=floor.delta,
        floor_reader=floor.reader,
        floor_compute=floor.compute,
        floor_cells=floor.cells,
        written_cells=read.written or (before.written_cells if before else 0),
        packs=counted.packs,
        forward_seconds=counted.new_seconds + (before.forward_seconds if before else 0.0),
        wall_seconds=read.seconds + (before.wall_seconds if before else 0.0),
        failures={**(before.failures if before else {}), **{one.item: str(one) for one in planned.refused}},
        failed_packs=dict(read.lost),
        scheduler=read.scheduler,
        workers=read.workers,
        place=_location(source.spec.source, folder),
    )


def _location(model: Path | str, folder: Path) -> str:
    """From a run folder to a model that was named by a relative path; other paths are nobody's matter."""
    if isinstance(model, str) or model.is_absolute():
        return ""
    return Path(os.path.relpath(model.resolve(), folder.resolve())).as_posix()


def model_files(models: Sequence[AskedModel]) -> dict[str, str]:
    """What the run folder keeps of each model: its entry, its chat template, and its planted truth if it has one."""
    files = {}
    for model in models:
        name = model.name.replace("/", "--")
        entry = model.source.spec.entry
        if entry is not None:
            files[f"models/{name}.json"] = entry.model_dump_json(indent=1) + "\n"
        template = template_of(model.encoder)
        if model.style.kind == "chat" and template is not None:
            files[f"models/{name}.jinja"] = template.source
        truth = model.source.snapshot.folder / "truth.json"
        if truth.is_file():
            files[f"models/{name}.truth.json"] = truth.read_text(encoding="utf-8")
    return files


def study_manifest(
    study: Study,
    before: Manifest | None,
    models: dict[str, ModelRecord],
    failed: dict[str, str],
    files: dict[str, str],
    *,
    complete: bool,
) -> Manifest:
    """The manifest of a study.

    Args:
        study: What was asked.
        before: The folder's manifest as it was.
        models: Records of the models that were read.
        failed: Models that could not be read, with the reason.
        files: sha256 of the folder's files.
        complete: Whether everything has been read or refused.
    """
    return Manifest(
        study=study.record,
        request_sha256=study.request_sha256,
        complete=complete,
        suites=tuple(Path(name).absolute().name for name in study.suites),
        limit=study.request.limit,
        facts=kept_facts(study.facts(), before.facts if before else None),
        models=models,
        failed_models=failed,
        # What was asked before the first reading goes on being asked of a folder.
        gates={**THRESHOLDS, **(before.gates if before else {})},
        template_date=FROZEN_DATE.date().isoformat(),
        versions=library_versions(),
        files=files,
        validate=study.request.validate,
        code=dict(code_record()),
    )


def partial_of(study: Study, readings: pa.Table, texts: pa.Table) -> Partial | None:
    """How much of a limited study was read, by label where labels were; None where nothing was left out.

    Counted in the tables, since a folder keeps what a wider run has read before.
    """
    if study.request.limit is None:
        return None
    by_label = readings.num_rows > 0 or texts.num_rows == 0
    pairs = (readings if by_label else texts).select(["side", "cluster"]).group_by(["side", "cluster"]).aggregate([])
    found = {(pair["side"], pair["cluster"]) for pair in pairs.to_pylist()}
    whole = {(item.side, item.cluster) for item in study.all_items if by_label or has_texts(item)}
    roots, scenarios = ({pair for pair in whole if pair[0] == side} for side in ("stated", "revealed"))
    if roots | scenarios <= found:
        return None
    return Partial(study.request.limit, len(roots & found), len(roots), len(scenarios & found), len(scenarios))


def reason(error: Exception, source: Source) -> str:
    """What an error says of a model, as a manifest may keep it: without places of this machine and without tokens.

    What libraries say of a file names where it lies, and that names whose machine it is.
    """
    text, folder = str(error), source.snapshot.folder
    for where in (folder.resolve(), folder.absolute(), folder):
        text = text.replace(str(where), folder.name)
    for where, shown in ((Path.cwd(), "."), (Path.home(), "~")):
        text = text.replace(str(where), shown)
    return re.sub(r"hf_[A-Za-z0-9]{8,}", "hf_...", text)


def is_finished(folder: RunFolder, manifest: Manifest, progress: Progress) -> bool:
    """Whether a run has ended with every model and pack read, and every file is still the one that it wrote.

    Tells which file is not; it is made again from the finished packs.
    """
    failed = manifest.failed_models or any(one.failed_packs for one in manifest.models.values())
    if not manifest.complete or failed:
        return False
    damaged = folder.damaged(manifest)
    for name in damaged:
        report_mending(f"{name} is missing or damaged", progress)
    return not damaged


def derive_anew(folder: RunFolder, before: Manifest, progress: Progress) -> Manifest:
    """Make results and report of a finished folder with this code; its tables stay as they are.

    Raises:
        EnvironmentFault: Another run is writing it, or it cannot be written.
    """
    from probe.report.publish import publish  # noqa: PLC0415  the statistics cost seconds

    folder.refuse_unwritable()
    report_mending("results and report, which other code has made", progress)
    with folder.lock():
        folder.write_manifest(replace(before, complete=False))
        manifest = replace(before, code=dict(code_record()))
        publish(folder, manifest)
        manifest = replace(manifest, files=folder.file_hashes())
        folder.write_manifest(manifest)
    return manifest


def report_mending(what: str, progress: Progress) -> None:
    """Say what is being made again."""
    with progress.phase(f"{MENDING}: {what}", 1) as advance:
        advance(1)


def holds_packs(here: Mapping[str, EarlierItem], planned: PlannedModel) -> bool:
    """Whether every planned pack is among the rows, of all tables."""
    pairs = zip(planned.plan_file.items, planned.plan_file.packs, strict=True)
    return all(item in here and here[item].pack == pack for item, pack in pairs)


def log_of(folder: RunFolder, begin: Manifest, progress: Progress) -> Callable[..., None]:
    """Takes the words of a line of a folder's log; what is damaged is told to the user too.

    Args:
        folder: It is made with the first line.
        begin: Its manifest then.
        progress: Where the user is told.
    """
    log = folder.log(begin)

    def line(*words: str) -> None:
        log.line(*words)
        if words[0] == "damaged":
            report_mending(words[1], progress)

    return line
