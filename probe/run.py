"""The whole measurement: resolve, plan, read, keep, publish."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from probe.progress import Progress, Silent
from probe.results import Results
from probe.runner import Measurement
from probe.store.cache import open_cache
from probe.store.folder import RunFolder
from probe.study.manifest_entries import is_finished
from probe.study.request import PACK_TOKENS, Request
from probe.study.resolve import Study, resolve
from probe.workers.launch import engaged, is_elsewhere, refuse_missing_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from probe.store.cache import Cache
    from probe.store.manifest import Manifest

__all__ = ["Results", "measure", "run", "run_request"]


def run(
    models: str | Sequence[str] = "demo",
    *,
    suite: str | Sequence[str] = (),
    design: str = "standard",
    out: str | Path | None = None,
    limit: int | None = None,
    validate: int = 0,
    dtype: str = "auto",
    quant: str = "none",
    compute: str = "native",
    device: str | None = None,
    revision: str | None = None,
    models_file: str | Path | None = None,
    offline: bool = False,
    reader: str = "auto",
    exact: bool = False,
    pack_tokens: int = PACK_TOKENS,
    system: str | None = None,
    system_merge: bool = False,
    engine: str = "local",
    workers: int | None = None,
    threads: int | None = None,
    cards: int | None = None,
    ray_address: str | None = None,
    slurm: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Results:
    """Measure models and return what was found; the same call again computes nothing.

    Args:
        models: models.yaml ids, hub ids or folders.
        suite: Suites, trade-offs, families or paths, several by comma or as a list; by default the demo study for the
            embedded model, else ``core``.
        design: Name or path of a design.
        out: The run folder; by default a name made from the study, under ``runs/``.
        limit: Only the first clusters of each side of each trade-off, whole, and all controls.
        validate: Cells of each side to which the model also writes its answer, to be held against the reading.
        dtype: ``auto`` (as stored), ``float32``, ``bfloat16`` or ``float16``.
        quant: ``none``, or bitsandbytes' ``int8`` or ``nf4``: a condition of its own.
        compute: ``native``, or ``fp32``: each module computes in float32 from weights kept as they are.
        device: By default a GPU if there is one.
        revision: Commit, tag or branch on the hub.
        models_file: A models.yaml of your own, merged over the shipped one.
        offline: Never reach for the hub.
        reader: ``auto``, ``trie`` or ``plain``: whether prompts of an item share their beginnings in one pass. ``auto``
            does so where that is shown to be right.
        exact: Make results equal to the last bit to each prompt read alone, whatever else is read: float32 on an Intel
            CPU with AVX-512, before anything has loaded torch.
        pack_tokens: Most tokens in one forward pass; a part of what makes it this study.
        system: System text given with every question; by default nothing, which leaves a template's own.
        system_merge: Put it before the question, in the user's turn.
        engine: Who schedules the workers: ``local``, ``ray`` or ``slurm``. No engine and no number of workers is a part
            of the study.
        workers: How many; by default one on each of several cards, else this process alone.
        threads: CPU threads of each, by default one; without workers as torch has it. Each
            reads packs of its own, and their number moves no bit.
        cards: GPUs of each worker; a model is spread over more than one.
        ray_address: Of a Ray cluster, ``auto`` for a running one; by default one is started here.
        slurm: Options of the jobs: ``partition``, ``time`` in minutes, and whatever else sbatch takes.
        progress: Where to say how far it is.

    Raises:
        ProbeError: Something that was given is wrong or the machine lacks something; nothing is half-written.
    """
    request = Request(
        models=(models,) if isinstance(models, str) else tuple(models),
        suites=(suite,) if isinstance(suite, str) else tuple(suite),
        design=design,
        limit=limit,
        validate=validate,
        dtype=dtype,
        quant=quant,
        compute=compute,
        device=device,
        revision=revision,
        models_file=None if models_file is None else Path(models_file),
        offline=offline,
        reader=reader,
        exact=exact,
        pack_tokens=pack_tokens,
        system=system,
        system_merge=system_merge,
        engine=engine,
        workers=workers,
        threads=threads,
        cards=cards,
        ray_address=ray_address,
        slurm=tuple((slurm or {}).items()),
    )
    return run_request(request, None if out is None else Path(out), progress or Silent())


def run_request(
    request: Request,
    out: Path | None,
    progress: Progress,
    announce: Callable[[Study, RunFolder], None] = lambda _study, _folder: None,
) -> Results:
    """`run`, from a request; without `out` the folder is named after the study.

    Args:
        request: What was asked for.
        out: The run folder.
        progress: Where to say how far it is.
        announce: Is told of the study and its folder before anything is read.

    Raises:
        ProbeError: As `run`.
    """
    study = resolve(request)
    folder = RunFolder(out or study.default_folder)
    announce(study, folder)
    measure(study, folder, progress)
    return Results(folder)


def _refuse_absent_device(device: str | None) -> None:
    if device is not None:
        from probe.engine.placement import choose_device  # noqa: PLC0415  torch is loaded when something is read

        choose_device(device)


def measure(study: Study, folder: RunFolder, progress: Progress, cache: Cache | None = None) -> Manifest:
    """Read what is missing of `study` into the cache, then merge, publish results and report in `folder`.

    Every label problem is found before any weights are loaded. The folder is made when there is something to keep;
    whatever ends a run early, finished packs are kept and the same call goes on from there.
    """
    before = folder.accept(study.record)
    repeated = before is not None and before.request_sha256 == study.request_sha256
    if before is not None and repeated and is_finished(folder, before, progress):
        return before
    folder.refuse_unwritable()
    refuse_missing_extra(study.request)
    if not is_elsewhere(study.request):
        _refuse_absent_device(study.request.device)
    cache = cache or open_cache()
    with cache.scratch() as scratch:
        measurement = Measurement(study, folder, before, cache, scratch, progress)
        for source in study.sources:
            measurement.plan(source)
        if before is not None and measurement.has_nothing_to_do():
            return before
        with engaged(study.request, cache.root / "jobs") as crew:
            measurement.read_models(crew)
        return measurement.finish()
