"""The whole measurement: resolve, plan, read, keep, publish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from probe.errors import InputError
from probe.progress import Progress, Silent, Timed
from probe.results import Results
from probe.runner import Runner
from probe.store.cache import open_cache
from probe.store.folder import RunFolder
from probe.store.versions import same_code
from probe.study.manifest_entries import derive_anew, is_finished
from probe.study.request import PACK_TOKENS, Request, refuse_unfit
from probe.study.resolve import Study, resolve
from probe.workers.launch import is_elsewhere, worker_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from probe.store.cache import Cache
    from probe.store.manifest import Manifest

__all__ = ["Results", "measure", "run", "run_request"]


def run(
    models: str | Sequence[str] = "demo",
    *,
    suite: str | Sequence[str] | None = None,
    design: str = "standard",
    system: str | Sequence[str] | None = (),
    limit: int | None = None,
    ladder: str = "none",
    own_words: str = "none",
    answers: str = "auto",
    clauses: int = 0,
    depth: int = 0,
    dtype: str = "auto",
    quant: str = "none",
    compute: str = "native",
    exact: bool = False,
    validate: int = 0,
    device: str | None = None,
    workers: int | None = None,
    models_file: str | Path | None = None,
    offline: bool = False,
    out: str | Path | None = None,
    revision: str | None = None,
    base: str | None = None,
    system_merge: bool = False,
    reader: str = "auto",
    pack_tokens: int = PACK_TOKENS,
    gpu_fast: bool = False,
    scheduler: str = "local",
    threads: int | None = None,
    gpus_per_worker: int | None = None,
    ray_address: str | None = None,
    slurm: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Results:
    """Measure models and return what was found; the same call again computes nothing.

    What is `exact` must be asked for before anything has loaded torch.

    Args:
        models: Ids of `probe list models`, hub ids, folders or GGUF files.
        suite: What is asked: a suite, trade-off, family, folder or file (`probe list suites`); several by comma or
            repetition. Default: demo for the embedded model, else core.
        design: The formats that every question is asked in: quick (4 of them), standard (32), full (192), or the path
            of a design file.
        system: System text for every question; '' for none, not even a template's own. Several: every model with each
            of them. Default: a template's own.
        limit: Only the first N general questions and scenarios of each trade-off, whole, and all known-answer controls;
            every output is marked PARTIAL, and a larger N goes on from there.
        ladder: Also ask what lies between each scenario and its bridge, the general question about such a situation, to
            say what the gap is made of; with the first level of every context factor, or with all of them. Goes into a
            table of its own.
        own_words: Also ask in two turns: what is chosen after the model was made to state one principle or the other,
            and what it states after a choice; each scenario with one general question, or with all of them. Goes into
            a table of its own.
        answers: How answers are read: labels, texts (each option's own text, unlisted, into a table of its own) or
            both. Default: labels, and both of models without a chat template.
        clauses: Also leave out each sentence, factor phrase and second clause of an option in turn, in N scenarios of
            each trade-off, to say which of them moves the choice, and by how much. Goes into a table of its own.
        depth: Also read up to N cells of each side of each trade-off after every layer, chosen by a hash, to see where
            stated and revealed part (a logit lens); in whole crossings of option order and labels, at least one. Goes
            into a table of its own.
        dtype: auto (as stored), float32, bfloat16 or float16.
        quant: Quantise the weights: none, or bitsandbytes' int8 or nf4; a condition of its own, not the same model.
        compute: Numbers to compute in: native (those of the weights), or fp32 from weights kept as they are.
        exact: Results equal to the last bit to each prompt read alone: float32 on an Intel CPU with AVX-512.
        validate: Also let the model write its answer to N prompts of each side, questions in formats chosen by a hash,
            and compare readings with them; the validity check asks for 100.
        device: cuda, cuda:1, cpu ...; auto: spread over all GPUs; offload: also over main memory and disk. Default: a
            GPU if there is one.
        workers: How many processes, actors or jobs. Default: one for each GPU, where there are several, else this
            process alone.
        models_file: A models.yaml of your own, merged over the shipped one.
        offline: Use only what is on this machine: never ask the hub.
        out: Run folder. Default: a name of the study under runs/.
        revision: Commit, tag or branch on the hub.
        base: The model that adapters are merged into. Default: what their config names.
        system_merge: Put the system text before the question, in the user's turn.
        reader: auto, trie or plain: read what an item's prompts have in common once (trie), where that gives the same
            numbers; plain reads each whole.
        pack_tokens: Most tokens in one forward pass; another number is another study.
        gpu_fast: Read in ways meant to be faster on a GPU, which no GPU has run yet: the head in one product, copies
            beside the passes, FlexAttention where it agrees; another study.
        scheduler: Who starts the workers: local, ray or slurm; no part of the study.
        threads: CPU threads of each worker: so many items are read at a time, with the same bits. Default: one for a
            worker, else as torch has it.
        gpus_per_worker: GPUs of each worker; a model is spread over more than one. Default: one.
        ray_address: auto for a running Ray cluster, or host:port. Default: one is started here.
        slurm: Options of the jobs: partition, account, time (minutes), mem, constraint, or any other of sbatch. With
            cluster=local they run here, without Slurm.
        progress: Where to say how far it is.

    Raises:
        ProbeError: Something that was given is wrong or the machine lacks something; nothing is half-written.
    """
    request = Request(
        models=_several(models),
        suite=_suites(suite),
        design=design,
        out=_path(out),
        limit=limit,
        ladder=ladder,
        own_words=own_words,
        answers=answers,
        clauses=clauses,
        depth=depth,
        validate=validate,
        dtype=dtype,
        quant=quant,
        compute=compute,
        device=device,
        revision=revision,
        models_file=_path(models_file),
        base=base,
        offline=offline,
        reader=reader,
        exact=exact,
        pack_tokens=pack_tokens,
        gpu_fast=gpu_fast,
        system=() if system is None else _several(system),
        system_merge=system_merge,
        scheduler=scheduler,
        workers=workers,
        threads=threads,
        gpus_per_worker=gpus_per_worker,
        ray_address=ray_address,
        slurm=tuple(slurm.items()) if isinstance(slurm, Mapping) else slurm or (),
    )
    return run_request(request, progress or Silent())


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    """What was given, one or several; whether it is text is looked at with the rest of the request."""
    return (given,) if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)


def _suites(given: str | Sequence[str] | None) -> tuple[str, ...]:
    found = () if given is None else _several(given)
    if given is not None and not found:
        raise InputError("--suite: the list is empty. Name what is asked, or leave it out for the default.")
    return found


def _path(given: str | Path | None) -> Path | None:
    return Path(given) if isinstance(given, str) else given


def run_request(
    request: Request,
    progress: Progress,
    announce: Callable[[Study, RunFolder], None] = lambda _study, _folder: None,
) -> Results:
    """`run`, from a request.

    Args:
        request: What was asked for.
        progress: Where to say how far it is.
        announce: Is told of the study and its folder before anything is read.

    Raises:
        ProbeError: As `run`.
    """
    refuse_unfit(request)
    if request.out is not None and not (request.out / "manifest.json").exists():
        RunFolder(request.out).refuse_unwritable()  # before weights are fetched or hashed
    study = resolve(request)
    folder = RunFolder(request.out or study.default_folder)
    announce(study, folder)
    measure(study, folder, progress)
    return Results(folder)


def _refuse_absent_device(device: str | None) -> None:
    if device is not None:
        from probe.engine.placement import choose_device  # noqa: PLC0415  torch is loaded when something is read

        choose_device(device)


def measure(study: Study, folder: RunFolder, progress: Progress, cache: Cache | None = None) -> Manifest:
    """Read what is missing of `study` into the cache, then merge, publish results and report in `folder`.

    Every label problem is found before any weights are loaded. Then the folder is this study's, unless nothing comes to
    be kept; whatever ends a run early, finished packs are kept and the same call goes on from there.
    """
    before = folder.accept(study.record)
    repeated = before is not None and before.request_sha256 == study.request_sha256
    if before is not None and repeated and is_finished(folder, before, progress) and same_code(before.code, "reading"):
        return before if same_code(before.code, "deriving") else derive_anew(folder, before, progress)
    folder.refuse_unwritable()
    if not is_elsewhere(study.request):
        _refuse_absent_device(study.request.device)
    cache = cache or open_cache()
    with cache.scratch() as scratch:
        runner = Runner(study, folder, before, cache, scratch, Timed(progress))
        runner.plan()
        if before is not None and runner.has_nothing_to_do():
            return before
        with runner.claim(), worker_pool(study.request, cache.root / "jobs") as pool:
            runner.read(pool)
        return runner.finish()
