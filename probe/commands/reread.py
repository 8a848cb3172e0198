"""Reading a sample of a run's packs again, from the files that the run folder keeps, past every cache."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from probe.errors import InputError, ModelError
from probe.store.cache import Cache, open_cache
from probe.store.plan_file import ANSWERS
from probe.store.schema import OPTION_TEXTS, READINGS
from probe.study.planning import find_model, job_of, plan_onto_disk
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.study.rows import finish_rows
from probe.study.text_rows import finish_text_rows
from probe.workers.in_process import this_process
from probe.workers.pool import read_together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from probe.progress import Progress
    from probe.store.folder import RunFolder
    from probe.store.manifest import Manifest, ModelRecord
    from probe.study.planning import PlannedModel
    from probe.study.resolve import Study

__all__ = ["Reread", "Sample", "named_models", "reread_sample"]


@dataclass(frozen=True, slots=True)
class Sample:
    """What to read again, and where the model is.

    Attributes:
        packs: How many of each model.
        seed: Chooses them.
        models: Folders or ids of models that are not found by the name in the manifest, by that name.
        models_file: The user's own models.yaml.
        device: As in a run.
        base: What adapters are merged into; by default what their config names.
        offline: Never reach for the hub.
    """

    packs: int = 8
    seed: int = 0
    models: tuple[tuple[str, str], ...] = ()
    models_file: Path | None = None
    device: str | None = None
    base: str | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Reread:
    """A model's sample, read again.

    Attributes:
        model: Its name.
        packs: How many packs.
        rows: Their rows.
        same_engine: Whether machine, versions and settings are those of the run, so that bytes must be equal.
        equal: Whether every row is.
        delta: Largest difference of log-odds, in nats.
    """

    model: str
    packs: int
    rows: int
    same_engine: bool
    equal: bool
    delta: float

    def __str__(self) -> str:
        """What came out."""
        where = "the same machine and versions" if self.same_engine else "another machine or other versions"
        said = "every byte equal" if self.equal else f"log-odds differ by at most {self.delta:.3g} nats"
        return f"{self.model}: {self.packs} packs ({self.rows} rows) read again on {where}: {said}"

    @property
    def finding(self) -> str | None:
        """What is wrong with it, if anything is."""
        return str(self) if self.same_engine and not self.equal else None


def named_models(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What ``--model NAME=MODEL`` says.

    Raises:
        InputError: There is no equals sign.

    Example:
        >>> named_models(["tiny=models/tiny"])
        (('tiny', 'models/tiny'),)
    """
    for one in given:
        if "=" not in one:
            raise InputError(f"--model {one}: no name. Give the name in the run and where it is, as NAME=MODEL.")
    return tuple((name, where) for name, _, where in (one.partition("=") for one in given))


def reread_sample(
    folder: RunFolder, manifest: Manifest, name: str, record: ModelRecord, sample: Sample, progress: Progress
) -> Reread:
    """Plan and read some of a model's packs as the run did, and compare their rows.

    Raises:
        ModelError: The model is not the one that was read.
        ProbeError: It cannot be found, loaded or asked.
    """
    study = _study(folder, manifest, name, record, sample)
    (source,) = study.sources
    if source.snapshot.identity != record.identity:
        raise ModelError(f"{name}: the model that is found now has other files than the one that was read.")
    tables = (pa.concat_tables([folder.readings(), folder.table("ladder")]), folder.table("texts"))
    own, texts = (table.filter(pc.equal(table["model"], name)) for table in tables)
    items = sorted({item for table in (own, texts) for item in table["item"].to_pylist()})
    chosen = random.Random(sample.seed).sample(items, min(sample.packs, len(items)))
    with open_cache().scratch() as scratch:
        model = find_model(study, source)
        planned = plan_onto_disk(study, model, record.pack_tokens, scratch, only=frozenset(chosen))
        *read, engine = _read(planned, study, name, scratch, progress)
    sampled = pa.array(chosen, pa.string())
    before = [table.filter(pc.is_in(table["item"], sampled)).combine_chunks() for table in (own, texts)]
    return _compared(name, before, read, same_engine=engine == record.engine)


def _study(folder: RunFolder, manifest: Manifest, name: str, record: ModelRecord, sample: Sample) -> Study:
    asked, kept = manifest.study, folder.path.absolute() / "study"
    bare = name.rpartition("+")[0] if name in asked.systems else name
    found = str((folder.path.absolute() / record.place).resolve()) if record.place else bare
    merged = "adapter" in record.loaded.weights.quantisation
    hub = record.revision is not None and not merged  # of an adapter that is its base's commit
    given = dict(sample.models)
    system = asked.systems.get(name, asked.system)
    return resolve(
        Request(
            models=(given.get(name, given.get(bare, record.source if hub else found)),),
            suite=(str(kept / "tradeoffs"),),
            design=str(kept / "design.yaml"),
            dtype=asked.dtype,
            quant=asked.quant,
            compute=asked.compute,
            device=sample.device,
            base=sample.base if merged else None,
            revision=record.revision,
            models_file=sample.models_file,
            offline=sample.offline,
            reader=asked.reader,
            exact=asked.exact,
            gpu_fast=asked.gpu_fast,
            pack_tokens=asked.pack_tokens,
            system=() if system is None else (system,),
            system_merge=asked.system_merge,
            ladder=manifest.facts.ladder.cells if manifest.facts.ladder else "none",
            answers="both" if folder.table("texts").num_rows else "labels",
        )
    )


def _read(
    planned: PlannedModel, study: Study, name: str, scratch: Path, progress: Progress
) -> tuple[pa.Table, pa.Table, str]:
    from probe.engine.placement import choose_device  # noqa: PLC0415  torch is loaded when something is read

    device, cache = choose_device(study.request.device), Cache(scratch / "cache")
    job = replace(job_of(planned, study.request, cache, device), name=name, sample=())
    done = read_together({name: job}, this_process(device), lambda *_: None, progress)[name]
    reading, shards = done.finish().reading, [cache.shards(done.engine).load(pack) for pack in planned.plan_file.packs]
    how = {"reader": reading.reader, "logits_dtype": reading.logits_dtype}
    with planned.plan_file.open(ANSWERS) as rows:
        cells = [rows[item] for item in range(len(planned.plan_file.items))]
    read = [(one, shard.rows) for one, shard in zip(cells, shards, strict=True) if shard is not None]
    kinds = list(zip(planned.plan_file.tables, read, strict=True))
    listed, unlisted = ([pair for table, pair in kinds if (table == "texts") is own] for own in (False, True))
    readings, texts = READINGS.empty_table(), OPTION_TEXTS.empty_table()
    if listed:
        decode = planned.model.encoder.decode
        readings = finish_rows([one for one, _ in listed], [shard for _, shard in listed], decode, **how)
    if unlisted:
        texts = finish_text_rows([one for one, _ in unlisted], [shard for _, shard in unlisted], **how)
    return _called(readings, name), _called(texts, name), done.engine


def _called(rows: pa.Table, name: str) -> pa.Table:
    """With the model's name in the run; its folder may be called otherwise here."""
    return rows.set_column(0, rows.schema.field(0), pa.repeat(pa.scalar(name, pa.string()), rows.num_rows))


def _compared(name: str, before: Sequence[pa.Table], read: Sequence[pa.Table], *, same_engine: bool) -> Reread:
    """Readings and option texts as they were, and read again."""
    deltas, equal = [], True
    for was, rows in zip(before, read, strict=True):
        equal &= was.equals(rows.combine_chunks())
        keys = [list(zip(t["item"].to_pylist(), t["variant"].to_pylist(), strict=True)) for t in (was, rows)]
        shifts = np.abs(_log_odds(was) - _log_odds(rows)) if keys[0] == keys[1] else np.array([np.inf])
        deltas.append(float(shifts.max(initial=0.0)))
    packs = len({item for was in before for item in was["item"].to_pylist()})
    return Reread(name, packs, sum(was.num_rows for was in before), same_engine, equal, max(deltas))


def _log_odds(table: pa.Table) -> NDArray[np.float64]:
    p1, p2 = (table[name].to_numpy() for name in ("logprob_p1", "logprob_p2"))
    return np.asarray(p1 - p2, dtype=np.float64)
