"""Work in progress on one run folder: plan, read what is missing into the store, merge what the store has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from probe.errors import EnvironmentFault, ModelError
from probe.prompts.check_pack import check_pack
from probe.store.previous_rows import EarlierRows
from probe.store.versions import same_code
from probe.study.answer_cache import kept_answers
from probe.study.job import Job, known_reader
from probe.study.manifest_entries import (
    holds_packs,
    is_finished,
    log_of,
    model_files,
    model_record,
    partial_of,
    reason,
    study_manifest,
)
from probe.study.merge import ReadModel, merge_prompts, merge_readings
from probe.study.model_reader import missing_cells, missing_packs, read_into_store
from probe.study.numeric_floor import numeric_floor
from probe.study.planning import find_model, plan_onto_disk
from probe.study.written_answers import choose_cells, holds_answers, merge_answers, writing_of
from probe.workers.pool import read_together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from probe.errors import ProbeError
    from probe.progress import Progress
    from probe.store.cache import Cache
    from probe.store.folder import RunFolder
    from probe.store.manifest import Manifest, ModelRecord
    from probe.study.job import EngineFacts
    from probe.study.merge import MergedModel
    from probe.study.planning import AskedModel, PlannedModel
    from probe.study.resolve import Source, Study
    from probe.study.written_answers import WrittenCell
    from probe.workers.pool import WorkerPool

__all__ = ["Measurement"]


@dataclass
class Measurement:
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
        read: Models whose packs are all in the store or in the folder.
        failed: Models that could not be read, with the reason.
        lost: Items of a model that could not be read, with the reason.
        pool: Who reads; None for this process alone.
    """

    study: Study
    folder: RunFolder
    before: Manifest | None
    cache: Cache
    scratch: Path
    progress: Progress
    planned: dict[str, PlannedModel] = field(default_factory=dict)
    cells: dict[str, tuple[WrittenCell, ...]] = field(default_factory=dict)
    read: dict[str, ReadModel] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    lost: dict[str, dict[str, str]] = field(default_factory=dict)
    pool: WorkerPool | None = None
    _seconds: dict[str, float] = field(default_factory=dict)

    def plan(self, source: Source) -> None:
        """Plan a model onto disk, at the budget that it was read with before, if it was.

        Raises:
            ProbeError: A label cannot be read exactly, or the only model of the study cannot be asked.
        """
        try:
            self._plan(find_model(self.study, source), self._budget(source.name))
        except ModelError as error:
            self._fail(source.name, error)

    def has_nothing_to_do(self) -> bool:
        """Whether a finished folder holds everything that was planned, as its manifest vouches."""
        if self.before is None or self.failed or not is_finished(self.folder, self.before, self.progress):
            return False
        if not (same_code(self.before.code, "reading") and same_code(self.before.code, "deriving")):
            return False
        earlier, budgets = self._earlier(), {name: one.pack_tokens for name, one in self.before.models.items()}
        same = all(budgets.get(n) == one.budget and holds_packs(earlier, one) for n, one in self.planned.items())
        return same and all(holds_answers(self.folder, name, cells) for name, cells in self.cells.items())

    def read_models(self, pool: WorkerPool | None) -> None:
        """Bring every pack of every model into the store, in this process or by a crew; one of several may fail.

        Raises:
            ProbeError: The only model of the study cannot be read.
        """
        if pool is None:
            for source in self.study.sources:
                self._read_model(source.name)
            return
        self.pool, log = pool, log_of(self.folder, self._manifest({}, complete=False), self.progress)
        while names := [name for name in self.planned if name not in self.read and name not in self.failed]:
            self._read_together(names, pool, log)

    def _read_together(self, names: Sequence[str], pool: WorkerPool, log: Callable[..., None]) -> None:
        """Once; a model whose memory has run out is planned again at half the budget, for the next time."""
        jobs = {name: self._job(self.planned[name]) for name in names}
        for name in names if pool.here else ():
            facts = known_reader(jobs[name])
            if facts is not None and not self._lacks(jobs[name], facts, log):
                self._keep(self.planned[name], jobs.pop(name), facts, 0.0)
        for name, done in read_together(jobs, pool, log, self.progress).items():
            planned = self.planned[name]
            if done.memory and 4 * planned.budget >= planned.plan_file.longest:
                self._halve(planned, log)
            elif done.failure or done.facts is None:
                self._fail(name, done.fault or ModelError(done.failure))
            else:
                self.lost[name] = done.lost_items()
                self._keep(planned, done.job, done.facts, done.seconds, done.engine)

    def _read_model(self, name: str) -> None:
        """Bring every pack of a model into the store; one of several models may fail.

        Where memory runs out the model starts again at half the budget: its rows are all of one budget.

        Raises:
            ProbeError: The only model of the study cannot be read.
        """
        from probe.engine.out_of_memory import NoMemoryError  # noqa: PLC0415  torch is loaded when something is read

        if name not in self.planned:
            return None
        log = log_of(self.folder, self._manifest({}, complete=False), self.progress)
        while name not in self.read:
            planned = self.planned[name]
            try:
                self._read(planned, log)
            except NoMemoryError as error:
                if 4 * planned.budget < planned.plan_file.longest:
                    return self._fail(name, error)
                self._halve(planned, log)
            except (ModelError, EnvironmentFault) as error:
                return self._fail(name, error)
        return None

    def finish(self) -> Manifest:
        """Write everything that a finished run has; the manifest last.

        Raises:
            ModelError: No model could be read at all.
        """
        if not self.read:
            raise ModelError("; ".join(self.failed[name] for name in sorted(self.failed)))
        self.folder.begin(self._manifest({}, complete=False))
        with self.folder.lock():
            self.before = self.folder.accept(self.study.record)
            for name, read in self.read.items():
                trusted = self._trusts(name, read.shards.engine, self.planned[name].budget)
                self.read[name] = replace(read, trusted=trusted)
            return self._publish()

    def _publish(self) -> Manifest:
        from probe.report.publish import publish  # noqa: PLC0415  the statistics cost seconds that a finished run need not pay

        folder, names = self.folder, [source.name for source in self.study.sources]
        if self.before is not None and self.before.complete:
            folder.write_manifest(replace(self.before, complete=False))
        earlier = self._earlier()
        counted = merge_readings(folder, names, self.read, earlier)
        vouched = self.before.files.get("prompts.parquet") if self.before else None
        prompts = folder.path / "prompts.parquet" if folder.holds("prompts.parquet", vouched) else None
        merge_prompts(folder, names, self.read, prompts, self.scratch)
        models = {name: planned.model for name, planned in self.planned.items()}
        vouched = self.before.files.get("validation.parquet") if self.before else None
        merge_answers(folder, vouched, models, self.read, self.cells, self.cache.notes("written"))
        folder.write_study({**dict(self.study.verbatim()), **model_files([p.model for p in self.planned.values()])})
        records = dict(self.before.models) if self.before else {}
        records |= {name: self._record(name, counted[name]) for name in self.read}
        manifest = replace(self._manifest(records, complete=True), partial=partial_of(self.study, folder.readings()))
        publish(folder, manifest)
        manifest = replace(manifest, files=folder.file_hashes())
        folder.write_manifest(manifest)
        return manifest

    def _halve(self, planned: PlannedModel, log: Callable[..., None]) -> None:
        log("memory", planned.name, f"none for packs of {planned.budget} tokens; again with half of that")
        self._plan(planned.model, planned.budget // 2)

    def _plan(self, model: AskedModel, budget: int) -> None:
        with self.progress.phase(f"planning {model.name}", len(self.study.items)) as advance:
            planned = plan_onto_disk(self.study, model, budget, self.scratch, advance, disk=self.cache.disk)
        self.planned[model.name] = planned
        self.cells[model.name] = choose_cells(self.study, model, {one.item for one in planned.refused})

    def _read(self, planned: PlannedModel, log: Callable[..., None]) -> None:
        job = self._job(planned)
        facts = known_reader(job)
        seconds = 0.0
        if facts is None or self._lacks(job, facts, log):
            facts, seconds = read_into_store(job, range(len(planned.plan_file.items)), log, self.progress)
        self._keep(planned, job, facts, seconds)

    def _keep(
        self, planned: PlannedModel, job: Job, facts: EngineFacts, seconds: float, engine: str | None = None
    ) -> None:
        """Note that a model has been read, but for what of it was lost."""
        key = engine or facts.key(job)
        lost = self.lost.get(planned.name, {})
        self._seconds[planned.name] = seconds
        self.cells[planned.name] = tuple(cell for cell in self.cells[planned.name] if cell.item.id not in lost)
        self.read[planned.name] = ReadModel(
            planned.name,
            planned.plan_file,
            tuple((item, row) for item, row in planned.sample if planned.plan_file.items[item] not in lost),
            self.cache.shards(key),
            facts,
            planned.model.encoder.decode,
            self._trusts(planned.name, key, planned.budget),
            frozenset(lost),
        )

    def _lacks(self, job: Job, facts: EngineFacts, log: Callable[..., None]) -> bool:
        shards = self.cache.shards(facts.key(job))
        every = range(len(job.plan_file.items))
        unwritten = kept_answers(job.writing, self.cache.notes("written"), shards.engine) is None
        return bool(missing_packs(job, shards, every, log)) or missing_cells(job, shards, facts) or unwritten

    def _kept(self, planned: PlannedModel) -> frozenset[tuple[str, str]]:
        """Items of which the folder has rows at the same budget, with their packs."""
        record = self.before.models.get(planned.name) if self.before else None
        if record is None or record.pack_tokens != planned.budget:
            return frozenset()
        return frozenset((item, one.pack) for item, one in self._earlier().items(planned.name).items())

    def _job(self, planned: PlannedModel) -> Job:
        from probe.engine.placement import choose_device  # noqa: PLC0415  torch is loaded when something is read

        source, request, kept = planned.model.source, self.study.request, self._kept(planned)
        return Job(
            folder=source.snapshot.folder,
            name=planned.name,
            identity=source.snapshot.identity,
            precision=request.precision,
            device=self.pool.device if self.pool else choose_device(request.device),
            reader="exact" if request.exact else request.reader,
            check=check_pack(planned.model.encoder, planned.model.style, planned.model.context),
            budget=planned.budget,
            plan_file=planned.plan_file,
            sample=planned.sample,
            cache=self.cache,
            writing=writing_of(self.cells[planned.name], planned.model),
            kept=kept,
            kept_by=self.before.models[planned.name].engine if kept and self.before else "",
            threads=self.pool.threads if self.pool else request.threads,
        )

    def _earlier(self) -> EarlierRows:
        """The folder's rows, if they are those that its manifest vouches for."""
        vouched = self.before.files.get("readings.parquet") if self.before else None
        whole = self.folder.holds("readings.parquet", vouched)
        return EarlierRows(self.folder.path / "readings.parquet" if whole else None)

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

    def _record(self, name: str, counted: MergedModel) -> ModelRecord:
        planned, read = self.planned[name], self.read[name]
        floor = numeric_floor(read, self.folder.path / "readings.parquet")
        before = self.before.models.get(name) if self.before and read.trusted else None
        return replace(
            model_record(planned, read, self.study.request.compute, self.folder.path),
            log_odds_floor=floor.delta,
            floor_reader=floor.reader,
            floor_compute=floor.compute,
            floor_cells=floor.cells,
            written_cells=len(self.cells[name]) or (before.written_cells if before else 0),
            packs=counted.packs,
            forward_seconds=counted.new_seconds + (before.forward_seconds if before else 0.0),
            wall_seconds=self._seconds[name] + (before.wall_seconds if before else 0.0),
            failures={**(before.failures if before else {}), **{one.item: str(one) for one in planned.refused}},
            failed_packs=self.lost.get(name, {}),
            scheduler=self.pool.scheduler if self.pool else "none",
            workers=len(self.pool.workers) if self.pool else 1,
        )

    def _manifest(self, models: dict[str, ModelRecord], *, complete: bool) -> Manifest:
        files = self.folder.file_hashes() if complete else {}
        return study_manifest(self.study, self.before, models, self.failed, files, complete=complete)
