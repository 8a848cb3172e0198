"""Work in progress on one run folder: which packs are missing, reading them, keeping what was read."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from probe.analysis.gates import THRESHOLDS
from probe.assemble import log_odds, prompt_rows, reading_rows
from probe.errors import EnvironmentFault, ModelError
from probe.prompts.template import FROZEN_DATE, template_of
from probe.publish import publish
from probe.store.manifest import Manifest, ModelRecord, library_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from probe.engine.floor import Floor
    from probe.engine.load import LoadedModel
    from probe.progress import Progress
    from probe.prompts.pack import Engine
    from probe.prompts.plan import ItemPlan, PromptPlan
    from probe.store.folder import RunFolder
    from probe.study import ModelPlan, Study

__all__ = ["Measurement"]

KEEP_SECONDS = 30.0
"""Most seconds of finished work that a kill can cost."""


@dataclass
class Measurement:
    """The table so far and the record of each model.

    Attributes:
        study: What is asked.
        folder: Where it goes.
        progress: Where to say how far it is.
        readings: Rows so far, also those of earlier runs.
        records: How each model was loaded and read.
        failed: Models that could not be read, with the reason.
    """

    study: Study
    folder: RunFolder
    progress: Progress
    readings: pa.Table
    records: dict[str, ModelRecord]
    failed: dict[str, str] = field(default_factory=dict)
    _unkept: int = 0
    _kept_at: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, study: Study, folder: RunFolder, before: Manifest | None, progress: Progress) -> Measurement:
        """Go on from what the folder holds, `before` being its manifest."""
        return cls(study, folder, progress, folder.readings(), dict(before.models) if before else {})

    def read_model(self, plan: ModelPlan) -> None:
        """Read the packs of one model that are missing; one of several models may fail.

        Raises:
            ProbeError: The only model of the study cannot be read.
        """
        name = plan.source.name
        try:
            _refuse_empty(plan)
            missing = self.missing(plan)
            record = self.records.get(name)
            if missing or record is None or record.log_odds_floor is None:
                self._load_and_read(plan, missing)
        except (ModelError, EnvironmentFault) as error:
            if len(self.study.sources) == 1:
                raise
            self.failed[name] = str(error)
            return
        record = self.records[name]
        refusals = {refused.item: str(refused) for refused in plan.refused}
        self.records[name] = replace(record, failures={**record.failures, **refusals})

    def missing(self, plan: ModelPlan) -> list[ItemPlan]:
        """Items of a model whose pack has not been read."""
        done = set(self._rows(plan.source.name)["pack_sha256"].unique().to_pylist())
        return [item for item in plan.items if item.pack.sha256 not in done]

    def keep(self) -> None:
        """Write what has been read since the last time, so that the same command goes on from here."""
        if self._unkept:
            self.folder.write_readings(self.readings)
            self.folder.write_manifest(self._manifest(complete=False))
            self._unkept = 0
        self._kept_at = time.monotonic()

    def finish(self, plans: Sequence[ModelPlan]) -> Manifest:
        """Write everything that a finished run has; the manifest last.

        Raises:
            ModelError: No model could be read at all.
        """
        if self.readings.num_rows == 0:
            raise ModelError("; ".join(self.failed[name] for name in sorted(self.failed)))
        self.folder.write_readings(self.readings)
        texts = [prompt_rows(plan.source.name, plan.items) for plan in plans]
        self.folder.write_prompts(pa.concat_tables([self.folder.prompts(), *texts]))
        self.folder.write_study({**dict(self.study.verbatim()), **_model_files(plans)})
        manifest = self._manifest(complete=True)
        # Published from its own text, so that a report rendered later from the folder is the same.
        publish(self.folder, Manifest.from_json(manifest.to_json(), "manifest.json"))
        self.folder.write_manifest(manifest)
        return manifest

    def _load_and_read(self, plan: ModelPlan, missing: Sequence[ItemPlan]) -> None:
        from probe.engine.load import loaded  # noqa: PLC0415  torch is loaded when something is read
        from probe.engine.placement import choose_device  # noqa: PLC0415
        from probe.engine.plain import PlainReader  # noqa: PLC0415

        source, request = plan.source, self.study.request
        device = choose_device(request.device)
        with loaded(source.snapshot.folder, source.name, precision=request.precision, device=device) as model:
            started = time.perf_counter()
            record = self.records.setdefault(source.name, _record(plan, model, request.compute))
            reader = PlainReader(model.model, plan.encoder.boundary_tokens(), source.name)
            with self.progress.phase(f"reading {source.name}", len(missing)) as advance:
                for item in missing:
                    self._read(plan, reader, item)
                    advance(1)
            floor = self._numeric_floor(plan, model)
            wall = record.wall_seconds + time.perf_counter() - started
            self.records[source.name] = replace(
                self.records[source.name],
                log_odds_floor=floor.delta,
                floor_reader=floor.reader,
                floor_compute=floor.compute,
                floor_compute_absent=floor.why,
                floor_cells=floor.cells,
                wall_seconds=wall,
            )

    def _read(self, plan: ModelPlan, reader: Engine, item: ItemPlan) -> None:
        name = plan.source.name
        record = self.records[name]
        started = time.perf_counter()
        readings = reader.read(item.pack)
        forward = record.forward_seconds + time.perf_counter() - started
        self.records[name] = replace(record, forward_seconds=forward, packs=record.packs + 1)
        decode, logits = plan.encoder.decode, record.logits_dtype
        rows = reading_rows(name, item, readings, decode, reader=record.reader, logits_dtype=logits)
        self.readings = pa.concat_tables([self.readings, rows])
        self._unkept += 1
        if time.monotonic() - self._kept_at > KEEP_SECONDS:
            self.keep()

    def _numeric_floor(self, plan: ModelPlan, model: LoadedModel) -> Floor:
        from probe.engine.floor import FLOOR_CELLS, measure_floor  # noqa: PLC0415

        rows = self._rows(plan.source.name)
        keys = zip(rows["item"].to_pylist(), rows["variant"].to_pylist(), strict=True)
        read = dict(zip(keys, rows["log_odds"].to_pylist(), strict=True))
        cells = _spread_sample(plan, FLOOR_CELLS)
        with self.progress.phase(f"numeric floor of {plan.source.name}", len(cells)) as advance:
            return measure_floor(
                model,
                [(p.prompt, read[i.item.id, p.variant.id], _log_odds_of(i, p)) for i, p in cells],
                advance,
            )

    def _rows(self, name: str) -> pa.Table:
        return self.readings.filter(pc.equal(self.readings["model"], name))

    def _manifest(self, *, complete: bool) -> Manifest:
        return Manifest(
            study=self.study.record,
            request_sha256=self.study.request_sha256,
            complete=complete,
            suites=tuple(Path(name).name for name in self.study.suites),
            limit=self.study.request.limit,
            facts=self.study.facts(),
            models=self.records,
            failed_models=self.failed,
            gates=dict(THRESHOLDS),
            template_date=FROZEN_DATE.date().isoformat(),
            versions=library_versions(),
            files=self.folder.file_hashes(),
        )


def _refuse_empty(plan: ModelPlan) -> None:
    if not plan.items:
        raise ModelError(
            f"{plan.source.name}: none of the {len(plan.refused)} items can be asked; the first: {plan.refused[0]}"
        )


def _record(plan: ModelPlan, model: LoadedModel, compute: str) -> ModelRecord:
    source, style = plan.source, plan.style
    template = template_of(plan.encoder) if style.kind == "chat" else None
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
        system=style.system_place,
        dtype=model.dtype,
        attention=model.attention,
        architecture=model.architecture,
        parameters=model.parameters,
        device=model.device,
        threads=model.threads,
        quantisation=model.quantisation,
        compute=compute,
        weight_bytes=model.weight_bytes,
        estimated_bytes=model.estimated_bytes,
        unquantised_share=model.unquantised_share,
        placement=model.placement,
        reader="plain",
        logits_dtype="float32",
        log_odds_floor=None,
        floor_cells=0,
        packs=0,
        forward_seconds=0.0,
        wall_seconds=0.0,
    )


def _model_files(plans: Sequence[ModelPlan]) -> dict[str, str]:
    """What the run folder keeps of each model: its entry, its chat template, and its planted truth if it has one."""
    files = {}
    for plan in plans:
        name = plan.source.name.replace("/", "--")
        entry = plan.source.spec.entry
        if entry is not None:
            files[f"models/{name}.json"] = entry.model_dump_json(indent=1) + "\n"
        template = template_of(plan.encoder)
        if plan.style.kind == "chat" and template is not None:
            files[f"models/{name}.jinja"] = template.source
        truth = plan.source.snapshot.folder / "truth.json"
        if truth.is_file():
            files[f"models/{name}.truth.json"] = truth.read_text(encoding="utf-8")
    return files


def _spread_sample(plan: ModelPlan, size: int) -> list[tuple[ItemPlan, PromptPlan]]:
    """Cells spread evenly over sides and label sets, and over items within them; the same for the same study."""
    strata: defaultdict[tuple[str, str], list[tuple[str, ItemPlan, PromptPlan]]] = defaultdict(list)
    for item in plan.items:
        for prompt in item.prompts:
            key = hashlib.sha256(f"{item.item.id}\t{prompt.variant.id}".encode()).hexdigest()
            strata[item.item.side, prompt.variant["label_set"]].append((key, item, prompt))
    queues = [sorted(cells, key=lambda cell: cell[0]) for _, cells in sorted(strata.items())]
    ranked = sorted((rank, row, cell) for row, queue in enumerate(queues) for rank, cell in enumerate(queue[:size]))
    return [(item, prompt) for _, _, (_, item, prompt) in ranked[:size]]


def _log_odds_of(item: ItemPlan, prompt: PromptPlan) -> Callable[[tuple[float, ...]], float]:
    return lambda logprobs: log_odds(item, prompt, logprobs)
