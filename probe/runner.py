"""Job in progress on one run folder: plan, read what is missing into the store, merge what the store has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from probe.errors import ModelError, ProbeError
from probe.store.schema import SCHEMAS
from probe.store.versions import same_code
from probe.study.answer_cache import kept_answers
from probe.study.job import known_reader
from probe.study.manifest_entries import (
    MENDING,
    holds_packs,
    is_finished,
    log_of,
    model_files,
    model_record,
    partial_of,
    reason,
    study_manifest,
)
from probe.study.merge import ReadModel, merge_own_tables, merge_prompts, merge_readings
from probe.study.model_reader import missing_cells, missing_packs
from probe.study.numeric_floor import Floor, numeric_floor
from probe.study.planning import find_model, job_of, plan_onto_disk
from probe.study.written_answers import choose_cells, holds_answers, merge_answers, writing_of
from probe.workers.pool import read_together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from probe.design.items import TableName
    from probe.loaded_facts import LoadedFacts
    from probe.progress import Timed
    from probe.store.cache import Cache
    from probe.store.folder import RunFolder
    from probe.store.manifest import Manifest, ModelRecord
    from probe.store.previous_rows import EarlierItem
    from probe.study.job import Job
    from probe.study.merge import MergedModel
    from probe.study.planning import AskedModel, PlannedModel
    from probe.study.resolve import Study
    from probe.study.written_answers import WrittenCell
    from probe.workers.pool import WorkerPool
    from probe.workers.scheduler import ReadTogether

__all__ = ["Runner"]


@dataclass
class Runner:
    """A study on its way into a run folder.

    Attributes:
        study: What is asked.
        folder: Where it goes.
        before: The folder's manifest as it was.
        cache: Where finished packs are kept.
        scratch: A folder for the time of this run.
        progress: Where to say how far it is.
        planned: Models, planned onto disk.
        cells: Cells of each model to which it writes answers.
        read_models: Models whose packs are all in the store or in the folder.
        failed: Models that could not be read, with the reason.
    """

    study: Study
    folder: RunFolder
    before: Manifest | None
    cache: Cache
    scratch: Path
    progress: Timed
    planned: dict[str, PlannedModel] = field(default_factory=dict)
    cells: dict[str, tuple[WrittenCell, ...]] = field(default_factory=dict)
    read_models: dict[str, ReadModel] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def plan(self) -> None:
        """Plan every model onto disk, at the budget that it was read with before, if it was.

        Raises:
            ProbeError: A label cannot be read exactly, or the only model of the study cannot be asked.
        """
        for source in self.study.sources:
            try:
                self._plan(find_model(self.study, source), self._budget(source.name))
            except ModelError as error:
                self._fail(source.name, error)

    def claim(self) -> AbstractContextManager[None]:
        """The folder is this study's from now on, so that another is refused before it reads anything."""
        return self.folder.claimed(self._manifest({}, complete=False))

    def has_nothing_to_do(self) -> bool:
        """Whether a finished folder holds everything that was planned, as its manifest vouches."""
        if self.before is None or self.failed or not is_finished(self.folder, self.before, self.progress):
            return False
        if not (same_code(self.before.code, "reading") and same_code(self.before.code, "deriving")):
            return False
        budgets = {name: one.pack_tokens for name, one in self.before.models.items()}
        planned = self.planned.items()
        same = all(budgets.get(name) == one.budget and holds_packs(self._rows(name), one) for name, one in planned)
        return same and all(holds_answers(self.folder, name, cells) for name, cells in self.cells.items())

    def read(self, pool: WorkerPool) -> None:
        """Bring every pack of every model into the store; one of several models may fail.

        Raises:
            ProbeError: The only model of the study cannot be read.
        """
        log = log_of(self.folder, self._manifest({}, complete=False), self.progress)
        while names := [name for name in self.planned if name not in self.read_models and name not in self.failed]:
            jobs = {name: self._job(self.planned[name], pool) for name in names}
            for name in names if pool.here else ():
                facts = known_reader(jobs[name])
                if facts is not None and not self._lacks(jobs[name], facts, log):
                    self._keep(self.planned[name], facts, jobs.pop(name).engine(facts), pool)
            if jobs:
                self._read(jobs, pool, log)

    def _read(self, jobs: Mapping[str, Job], pool: WorkerPool, log: Callable[..., None]) -> None:
        """Once; a model whose memory has run out is planned again at half the budget, for the next time."""
        for name, done in read_together(jobs, pool, log, self.progress).items():
            planned = self.planned[name]
            if done.memory and 4 * planned.budget >= planned.plan_file.longest:
                log("memory", name, f"none for packs of {planned.budget} tokens; again with half of that")
                self._plan(planned.model, planned.budget // 2)
                continue
            try:
                facts = done.finish()
            except ProbeError as error:
                self._fail(name, error)
            else:
                self._keep(planned, facts, done.engine, pool, done)

    def finish(self) -> Manifest:
        """Write everything that a finished run has; the manifest last.

        Raises:
            ModelError: No model could be read at all.
        """
        if not self.read_models:
            raise ModelError("; ".join(self.failed[name] for name in sorted(self.failed)))
        self.folder.begin(self._manifest({}, complete=False))
        with self.folder.lock():
            self.before = self.folder.accept(self.study.record)
            for name, read in self.read_models.items():
                trusted = self._trusts(name, read.shards.engine, self.planned[name].budget)
                self.read_models[name] = replace(read, trusted=trusted)
            return self._publish()

    def _publish(self) -> Manifest:
        from probe.report.publish import publish  # noqa: PLC0415  the statistics cost seconds that a finished run need not pay

        folder, names = self.folder, [source.name for source in self.study.sources]
        if self.before is not None and self.before.complete:
            folder.write_manifest(replace(self.before, complete=False))
        with self.progress.timing("tables"):
            counted = merge_readings(folder, names, self.read_models, folder.earlier("readings", self.before))
            beside = merge_own_tables(folder, names, self.read_models, self.before)
            vouched = self.before.files.get("prompts.parquet") if self.before else None
            prompts = folder.path / "prompts.parquet" if folder.holds("prompts.parquet", vouched) else None
            merge_prompts(folder, names, self.read_models, prompts, self.scratch)
            models = {name: planned.model for name, planned in self.planned.items()}
            vouched = self.before.files.get("validation.parquet") if self.before else None
            merge_answers(folder, vouched, models, self.read_models, self.cells, self.cache.notes("written"))
            folder.write_study({**dict(self.study.verbatim()), **model_files([p.model for p in self.planned.values()])})
        records = dict(self.before.models) if self.before else {}
        records |= {name: self._record(name, counted[name], beside.get(name, {})) for name in self.read_models}
        read = (folder.readings(), folder.table("texts"))
        manifest = replace(self._manifest(records, complete=True), partial=partial_of(self.study, *read))
        with self.progress.timing("results and report"):
            publish(folder, manifest)
        timed = self.progress.seconds.items()
        phases = {name: round(took, 3) for name, took in timed if not name.startswith(MENDING)}
        manifest = replace(manifest, files=folder.file_hashes(), phases=phases)
        folder.write_manifest(manifest)
        return manifest

    def _plan(self, model: AskedModel, budget: int) -> None:
        items = len(self.study.items_of(model.style.kind))
        with self.progress.phase(f"planning {model.name}", items) as advance:
            planned = plan_onto_disk(self.study, model, budget, self.scratch, advance, disk=self.cache.disk)
        self.planned[model.name] = planned
        self.cells[model.name] = choose_cells(self.study, model, {one.item for one in planned.refused})

    def _keep(
        self, planned: PlannedModel, facts: LoadedFacts, engine: str, pool: WorkerPool, done: ReadTogether | None = None
    ) -> None:
        """Note that a model has been read, but for what of it was lost; `done` is None where all of it was there."""
        lost = done.lost_items() if done else {}
        cells = tuple(cell for cell in self.cells[planned.name] if cell.item.id not in lost)
        self.cells[planned.name] = cells
        self.read_models[planned.name] = ReadModel(
            planned.name,
            planned.plan_file,
            planned.budget,
            planned.sample,
            self.cache.shards(engine),
            facts,
            planned.model.encoder.decode,
            self._trusts(planned.name, engine, planned.budget),
            lost,
            seconds=done.seconds if done else 0.0,
            written=len(cells),
            scheduler=pool.scheduler,
            workers=len(pool.workers),
        )

    def _lacks(self, job: Job, facts: LoadedFacts, log: Callable[..., None]) -> bool:
        shards = self.cache.shards(job.engine(facts))
        every = range(len(job.plan_file.items))
        unwritten = kept_answers(job.writing, self.cache.notes("written"), shards.engine) is None
        return bool(missing_packs(job, shards, every, log)) or missing_cells(job, shards, facts) or unwritten

    def _kept(self, planned: PlannedModel) -> frozenset[tuple[str, str]]:
        """Items of which the folder has rows at the same budget, with their packs."""
        record = self.before.models.get(planned.name) if self.before else None
        if record is None or record.pack_tokens != planned.budget:
            return frozenset()
        return frozenset((item, one.pack) for item, one in self._rows(planned.name).items())

    def _job(self, planned: PlannedModel, pool: WorkerPool) -> Job:
        kept = self._kept(planned)
        return replace(
            job_of(planned, self.study.request, self.cache, pool.device),
            writing=writing_of(self.cells[planned.name], planned.model),
            kept=kept,
            kept_by=self.before.models[planned.name].engine if kept and self.before else "",
            threads=pool.threads,
        )

    def _rows(self, name: str) -> dict[str, EarlierItem]:
        """What the folder's tables hold of a model, by item."""
        tables = (self.folder.earlier(table, self.before) for table in SCHEMAS)
        return {item: one for table in tables for item, one in table.items(name).items()}

    def _trusts(self, name: str, engine: str, budget: int) -> bool:
        return self.before is not None and self.before.trusts(name, engine, budget)

    def _budget(self, name: str) -> int:
        record = self.before.models.get(name) if self.before else None
        asked = self.study.request.pack_tokens
        return min(asked, record.pack_tokens) if record and record.pack_tokens else asked

    def _fail(self, name: str, error: ProbeError) -> None:
        if len(self.study.sources) == 1:
            raise error
        self.failed[name] = reason(error, next(one for one in self.study.sources if one.name == name))

    def _record(self, name: str, counted: MergedModel, beside: Mapping[TableName, MergedModel]) -> ModelRecord:
        read = self.read_models[name]
        before = self.before.models.get(name) if self.before and read.trusted else None
        floor = numeric_floor(read, self.folder.path / "readings.parquet")
        if before is not None and not read.sample:
            floor = Floor(before.floor_reader or 0.0, before.floor_compute, floor.why, before.floor_cells)
        record = model_record(self.planned[name], read, counted, floor, before, self.folder.path)
        return replace(
            record,
            packs_beside={table: one.packs for table, one in beside.items() if one.packs},
            forward_seconds=record.forward_seconds + sum(one.new_seconds for one in beside.values()),
        )

    def _manifest(self, models: dict[str, ModelRecord], *, complete: bool) -> Manifest:
        files = self.folder.file_hashes() if complete else {}
        return study_manifest(self.study, self.before, models, self.failed, files, complete=complete)
