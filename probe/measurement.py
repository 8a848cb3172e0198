"""Work in progress on one run folder: plan, read what is missing into the store, merge what the store has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from probe.analysis.gates import THRESHOLDS
from probe.checkpack import check_pack
from probe.errors import EnvironmentFault, ModelError
from probe.floors import numeric_floor
from probe.merging import ReadModel, merge_prompts, merge_readings
from probe.planning import find_model, plan_onto_disk
from probe.prompts.template import FROZEN_DATE
from probe.reading import missing_cells, missing_packs, read_into_store
from probe.records import model_files, model_record
from probe.store.earlier import EarlierRows
from probe.store.manifest import Manifest
from probe.store.versions import library_versions
from probe.validation import choose_cells, holds_answers, merge_answers, writing_of
from probe.work import Work, known_engine
from probe.writing import kept_answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from probe.merging import MergedModel
    from probe.planning import AskedModel, PlannedModel
    from probe.progress import Progress
    from probe.store.cache import Cache
    from probe.store.folder import RunFolder
    from probe.store.manifest import ModelRecord
    from probe.study import Source, Study
    from probe.validation import WrittenCell
    from probe.work import EngineFacts

__all__ = ["Measurement", "is_finished"]


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
        earlier, budgets = self._earlier(), {name: one.pack_tokens for name, one in self.before.models.items()}
        same = all(budgets.get(n) == one.budget and _holds(earlier, one) for n, one in self.planned.items())
        return same and all(holds_answers(self.folder, name, cells) for name, cells in self.cells.items())

    def read_model(self, name: str) -> None:
        """Bring every pack of a model into the store; one of several models may fail.

        Where memory runs out the model starts again at half the budget: its rows are all of one budget.

        Raises:
            ProbeError: The only model of the study cannot be read.
        """
        from probe.engine.exhausted import NoMemoryError  # noqa: PLC0415  torch is loaded when something is read

        if name not in self.planned:
            return None
        log = self._log()
        while name not in self.read:
            planned = self.planned[name]
            try:
                self._read(planned, log)
            except NoMemoryError as error:
                if 4 * planned.budget < planned.sheet.longest:
                    return self._fail(name, error)
                log("memory", name, f"none for packs of {planned.budget} tokens; again with half of that")
                self._plan(planned.model, planned.budget // 2)
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
                trusted = self._is_trusted(name, read.shards.engine, self.planned[name].budget)
                self.read[name] = replace(read, trusted=trusted)
            return self._publish()

    def _publish(self) -> Manifest:
        from probe.publish import publish  # noqa: PLC0415  the statistics cost seconds that a finished run need not pay

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
        manifest = self._manifest(records, complete=True)
        publish(folder, manifest)
        manifest = replace(manifest, files=folder.file_hashes())
        folder.write_manifest(manifest)
        return manifest

    def _plan(self, model: AskedModel, budget: int) -> None:
        with self.progress.phase(f"planning {model.name}", len(self.study.items)) as advance:
            planned = plan_onto_disk(self.study, model, budget, self.scratch, advance, disk=self.cache.disk)
        self.planned[model.name] = planned
        self.cells[model.name] = choose_cells(self.study, model, {one.item for one in planned.refused})

    def _read(self, planned: PlannedModel, log: Callable[..., None]) -> None:
        work = self._work(planned)
        facts = known_engine(work)
        seconds = 0.0
        every = range(len(planned.sheet.items))
        if facts is None or self._lacks(work, facts, log):
            facts, seconds = read_into_store(work, every, log, self.progress)
        key = facts.key(work)
        self._seconds[planned.name] = seconds
        self.read[planned.name] = ReadModel(
            planned.name,
            planned.sheet,
            planned.sample,
            self.cache.shards(key),
            facts,
            planned.model.encoder.decode,
            self._is_trusted(planned.name, key, planned.budget),
        )

    def _lacks(self, work: Work, facts: EngineFacts, log: Callable[..., None]) -> bool:
        shards = self.cache.shards(facts.key(work))
        every = range(len(work.sheet.items))
        unwritten = kept_answers(work.writing, self.cache.notes("written"), shards.engine) is None
        return bool(missing_packs(work, shards, every, log)) or missing_cells(work, shards, facts) or unwritten

    def _kept(self, planned: PlannedModel) -> frozenset[tuple[str, str]]:
        """Items of which the folder has rows at the same budget, with their packs."""
        record = self.before.models.get(planned.name) if self.before else None
        if record is None or record.pack_tokens != planned.budget:
            return frozenset()
        return frozenset((item, one.pack) for item, one in self._earlier().items(planned.name).items())

    def _work(self, planned: PlannedModel) -> Work:
        from probe.engine.placement import choose_device  # noqa: PLC0415  torch is loaded when something is read

        source, request, kept = planned.model.source, self.study.request, self._kept(planned)
        return Work(
            folder=source.snapshot.folder,
            name=planned.name,
            identity=source.snapshot.identity,
            precision=request.precision,
            device=choose_device(request.device),
            reader="exact" if request.exact else request.reader,
            check=check_pack(planned.model.encoder, planned.model.style, planned.model.context),
            budget=planned.budget,
            sheet=planned.sheet,
            sample=planned.sample,
            cache=self.cache,
            writing=writing_of(self.cells[planned.name], planned.model),
            kept=kept,
            kept_by=self.before.models[planned.name].engine if kept and self.before else "",
        )

    def _log(self) -> Callable[..., None]:
        log = self.folder.log(self._manifest({}, complete=False))

        def line(*words: str) -> None:
            log.line(*words)
            if words[0] == "damaged":
                _tell_mending(words[1], self.progress)

        return line

    def _earlier(self) -> EarlierRows:
        """The folder's rows, if they are those that its manifest vouches for."""
        vouched = self.before.files.get("readings.parquet") if self.before else None
        whole = self.folder.holds("readings.parquet", vouched)
        return EarlierRows(self.folder.path / "readings.parquet" if whole else None)

    def _is_trusted(self, name: str, engine: str, budget: int) -> bool:
        record = self.before.models.get(name) if self.before else None
        return record is not None and (record.engine, record.pack_tokens) == (engine, budget)

    def _budget(self, name: str) -> int:
        record = self.before.models.get(name) if self.before else None
        asked = self.study.request.pack_tokens
        return min(asked, record.pack_tokens) if record and record.pack_tokens else asked

    def _fail(self, name: str, error: ModelError | EnvironmentFault) -> None:
        if len(self.study.sources) == 1:
            raise error
        self.failed[name] = str(error)

    def _record(self, name: str, counted: MergedModel) -> ModelRecord:
        planned, read = self.planned[name], self.read[name]
        floor = numeric_floor(read, self.folder.path / "readings.parquet")
        before = self.before.models.get(name) if self.before and read.trusted else None
        return replace(
            model_record(planned, read, self.study.request.compute),
            log_odds_floor=floor.delta,
            floor_reader=floor.reader,
            floor_compute=floor.compute,
            floor_cells=floor.cells,
            written_cells=len(self.cells[name]) or (before.written_cells if before else 0),
            packs=counted.packs,
            forward_seconds=counted.new_seconds + (before.forward_seconds if before else 0.0),
            wall_seconds=self._seconds[name] + (before.wall_seconds if before else 0.0),
            failures={**(before.failures if before else {}), **{one.item: str(one) for one in planned.refused}},
        )

    def _manifest(self, models: dict[str, ModelRecord], *, complete: bool) -> Manifest:
        return Manifest(
            study=self.study.record,
            request_sha256=self.study.request_sha256,
            complete=complete,
            suites=tuple(Path(name).name for name in self.study.suites),
            limit=self.study.request.limit,
            facts=self.study.facts(),
            models=models,
            failed_models=self.failed,
            # What was asked before the first reading goes on being asked of a folder.
            gates={**THRESHOLDS, **(self.before.gates if self.before else {})},
            template_date=FROZEN_DATE.date().isoformat(),
            versions=library_versions(),
            files=self.folder.file_hashes() if complete else {},
            validate=self.study.request.validate,
        )


def is_finished(folder: RunFolder, manifest: Manifest, progress: Progress) -> bool:
    """Whether a run has ended with every model read, and every file is still the one that it wrote; tells which is not.

    A file that is not is made again from the finished packs.
    """
    if not manifest.complete or manifest.failed_models:
        return False
    damaged = folder.damaged(manifest)
    for name in damaged:
        _tell_mending(f"{name} is missing or damaged", progress)
    return not damaged


def _tell_mending(what: str, progress: Progress) -> None:
    with progress.phase(f"mending: {what}", 1) as advance:
        advance(1)


def _holds(earlier: EarlierRows, planned: PlannedModel) -> bool:
    """Whether every planned pack is among the rows."""
    here = earlier.items(planned.name)
    pairs = zip(planned.sheet.items, planned.sheet.packs, strict=True)
    return all(item in here and here[item].pack == pack for item, pack in pairs)
