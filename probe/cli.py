"""The command: arguments, exit codes and progress. Everything else stands elsewhere."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

import probe
from probe.commands.plan_cost import Reckoning
from probe.console import Bars, say
from probe.errors import InputError, ProbeError
from probe.store.folder import RunFolder
from probe.study.request import PACK_TOKENS, Request
from probe.study.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

    from probe.store.manifest import Manifest
    from probe.study.resolve import Study

__all__ = ["app", "main"]

INTERRUPTED = 130

app = typer.Typer(
    name="probe",
    help="Measure what open-weight language models say they prefer against what they choose, from exact next-token "
    "probabilities.",
    epilog="Exit codes: 0 done, 1 done with failures or findings, 2 bad input, 3 the machine lacks something, "
    "130 interrupted. The same command goes on where it stopped.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
scenarios = typer.Typer(help="Check and list trade-offs and suites.", no_args_is_help=True)
models = typer.Typer(help="List, check, pin and fetch the models that are known by name.", no_args_is_help=True)
app.add_typer(scenarios, name="scenarios")
app.add_typer(models, name="models")
cache = typer.Typer(help="List, clear and check the finished packs that all runs share.", no_args_is_help=True)
app.add_typer(cache, name="cache")

Models = Annotated[list[str] | None, typer.Argument(metavar="MODEL...", help="Ids of models.yaml, hub ids or folders.")]
Suites = Annotated[
    list[str] | None,
    typer.Option(
        "--suite",
        help="Suite, trade-off, family, folder or file; several by comma or repetition. Default: demo for the embedded "
        "model, else core.",
    ),
]
DesignOption = Annotated[str, typer.Option("--design", help="quick, standard, full, or the path of a design file.")]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        metavar="N",
        help="Only the first N root questions and scenarios of each trade-off, whole, and all controls: a part, and "
        "every output says so.",
    ),
]
Validate = Annotated[
    int,
    typer.Option(
        "--validate",
        metavar="N",
        help="Also let the model write its answer to N cells of each side, and hold readings against them; the gate "
        "asks for 100.",
    ),
]
Figures = Annotated[
    str,
    typer.Option(
        "--figures", envvar="PROBE_FIGURES", help="Kinds of figure files, of svg, pdf and png, by comma; or none."
    ),
]
DType = Annotated[str, typer.Option("--dtype", help="auto (as stored), float32, bfloat16 or float16.")]
Quant = Annotated[str, typer.Option("--quant", help="none, or bitsandbytes' int8 or nf4: a condition of its own.")]
Compute = Annotated[
    str, typer.Option("--compute", help="native, or fp32: every module in float32 from weights kept as they are.")
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        help="cuda, cuda:1, cpu ...; auto: spread over all GPUs; offload: also over main memory and disk. Default: a "
        "GPU if there is one.",
    ),
]
Revision = Annotated[str | None, typer.Option("--revision", help="Commit, tag or branch on the hub.")]
ModelsFile = Annotated[
    Path | None, typer.Option("--models", help="A models.yaml of your own, merged over the shipped one.")
]
Offline = Annotated[bool, typer.Option("--offline", help="Never reach for the hub.")]
Reader = Annotated[
    str,
    typer.Option(
        "--reader",
        help="auto, trie or plain: share the beginnings of an item's prompts in one pass where that is right.",
    ),
]
Exact = Annotated[
    bool,
    typer.Option(
        "--exact",
        help="Results equal to the last bit to each prompt read alone: float32 on an Intel CPU with AVX-512.",
    ),
]
PackTokens = Annotated[int, typer.Option("--pack-tokens", help="Most tokens in one forward pass; a part of the study.")]
System = Annotated[
    str | None,
    typer.Option("--system", help="System text for every question; a part of the study. Default: a template's own."),
]
SystemMerge = Annotated[
    bool, typer.Option("--system-merge", help="Put the system text before the question, in the user's turn.")
]
Scheduler = Annotated[
    str, typer.Option("--engine", help="Who hands packs to the workers: local, ray or slurm; no part of the study.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        help="How many processes, actors or jobs. Default: one for each card, where there are several, else this "
        "process alone.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        help="CPU threads of each: so many packs are read at a time, and no bit moves. Default: one for a worker, "
        "else as torch has it.",
    ),
]
Cards = Annotated[
    int | None,
    typer.Option(
        "--cards", metavar="N", help="GPUs of each worker; a model is spread over more than one. Default: one."
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option("--ray-address", help="auto for a running Ray cluster, or host:port. Default: one is started here."),
]
Partition = Annotated[str | None, typer.Option("--slurm-partition", help="Partition of the jobs.")]
Account = Annotated[str | None, typer.Option("--slurm-account", help="Account that the jobs are charged to.")]
JobTime = Annotated[
    int | None, typer.Option("--slurm-time", metavar="MINUTES", help="Time limit of a job; one that hits it goes on.")
]
JobMemory = Annotated[str | None, typer.Option("--slurm-mem", help="Memory of a job, such as 64G.")]
Constraint = Annotated[
    str | None, typer.Option("--slurm-constraint", help="Kind of nodes: one kind of cards gives one set of bytes.")
]
JobCluster = Annotated[
    str | None, typer.Option("--slurm-cluster", help="slurm; or local or debug, which run jobs here, without Slurm.")
]
JobOptions = Annotated[
    list[str] | None,
    typer.Option("--slurm-option", metavar="NAME=VALUE", help="Any other option of sbatch; may be repeated."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but what went wrong, and where the report is.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Also say of every phase how long it took.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other tools.")]
Runs = Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")]


def _version(wanted: bool) -> None:
    if wanted:
        say(f"probe {probe.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Hold what stands before a verb."""


@app.command()
def run(
    model: Models = None,
    suite: Suites = None,
    design: DesignOption = "standard",
    out: Annotated[
        Path | None, typer.Option("--out", help="Run folder. Default: a name of the study under runs/.")
    ] = None,
    limit: Limit = None,
    validate: Validate = 0,
    dtype: DType = "auto",
    quant: Quant = "none",
    compute: Compute = "native",
    device: Device = None,
    revision: Revision = None,
    models_file: ModelsFile = None,
    offline: Offline = False,
    reader: Reader = "auto",
    exact: Exact = False,
    pack_tokens: PackTokens = PACK_TOKENS,
    system: System = None,
    system_merge: SystemMerge = False,
    engine: Scheduler = "local",
    workers: Workers = None,
    threads: Threads = None,
    cards: Cards = None,
    ray_address: RayAddress = None,
    slurm_partition: Partition = None,
    slurm_account: Account = None,
    slurm_time: JobTime = None,
    slurm_mem: JobMemory = None,
    slurm_constraint: Constraint = None,
    slurm_cluster: JobCluster = None,
    slurm_option: JobOptions = None,
    figures: Figures = "svg,pdf,png",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and print, read nothing, write nothing.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure models: read every cell, compute preferences and their deviation, write a run folder with a report.

    Run the same command again to resume; a finished run computes nothing.
    """
    from probe.report.claim_text import closed_gate_lines  # noqa: PLC0415
    from probe.report.terminal import print_summary  # noqa: PLC0415
    from probe.run import run_request  # noqa: PLC0415

    named = {
        "partition": slurm_partition,
        "account": slurm_account,
        "time": slurm_time,
        "mem": slurm_mem,
        "constraint": slurm_constraint,
        "cluster": slurm_cluster,
    }
    request = Request(
        models=tuple(model or ("demo",)),
        suites=tuple(suite or ()),
        design=design,
        limit=limit,
        validate=validate,
        dtype=dtype,
        quant=quant,
        compute=compute,
        device=device,
        revision=revision,
        models_file=models_file,
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
        slurm=_job_options(named, slurm_option or ()),
    )
    if dry_run:
        _print_plan(request, Reckoning(workers or 1), as_json=False)
        return
    with Bars(quiet=quiet, verbose=verbose) as bars:
        results = run_request(request, out, bars, _say_nothing if quiet else _say_testability)
    _draw_missing(results, figures)
    if not quiet:
        print_summary(results.results, Console(highlight=False, markup=False))
        say("")
    say(f"report: {results.path / 'report.html'}")
    for name, found in sorted(results.results.models.items()):
        for line in closed_gate_lines(name, found):
            say(line, error=True)
    _tell_failures(results.manifest)


@app.command()
def plan(
    model: Models = None,
    suite: Suites = None,
    design: DesignOption = "standard",
    limit: Limit = None,
    dtype: DType = "auto",
    quant: Quant = "none",
    compute: Compute = "native",
    revision: Revision = None,
    models_file: ModelsFile = None,
    offline: Offline = False,
    reader: Reader = "auto",
    pack_tokens: PackTokens = PACK_TOKENS,
    system: System = None,
    system_merge: SystemMerge = False,
    workers: Annotated[
        int, typer.Option("--workers", min=1, metavar="N", help="Cut the study into units for so many workers.")
    ] = 1,
    flops: Annotated[
        float, typer.Option("--flops", help="Floating-point operations a second of a worker, for the time.")
    ] = 1e14,
    card: Annotated[
        float, typer.Option("--card-memory", metavar="GIB", help="Memory of a card: over how many a model is spread.")
    ] = 80.0,
    out: Annotated[Path | None, typer.Option("--out", help="Also write the plan as JSON into this file.")] = None,
    as_json: Json = False,
) -> None:
    """Plan a study with tokenizers alone, no weights: counts, tokens, memory, what does not fit, every label problem.

    Exits 1 if some items do not fit into a model's context, 2 if a label cannot be read.
    """
    request = Request(
        models=tuple(model or ("demo",)),
        suites=tuple(suite or ()),
        design=design,
        limit=limit,
        dtype=dtype,
        quant=quant,
        compute=compute,
        revision=revision,
        models_file=models_file,
        offline=offline,
        reader=reader,
        pack_tokens=pack_tokens,
        system=system,
        system_merge=system_merge,
    )
    _print_plan(request, Reckoning(workers, flops, card), as_json=as_json, out=out)


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="Id of models.yaml, hub id or folder.")],
    item: Annotated[str, typer.Option("--item", help="Id of an item, as in readings.parquet: gift/ask.")],
    variant: Annotated[
        str, typer.Option("--variant", help="axis=level,...; axes left out stand at their default.")
    ] = "",
    suite: Annotated[
        list[str] | None, typer.Option("--suite", help="Where to look for the item. Default: all that ship.")
    ] = None,
    design: Annotated[
        str | None, typer.Option("--design", help="A design file whose own levels the variant uses.")
    ] = None,
    models_file: ModelsFile = None,
    revision: Revision = None,
    offline: Offline = False,
    dtype: DType = "auto",
    device: Device = None,
    system: System = None,
    system_merge: SystemMerge = False,
    weights: Annotated[bool, typer.Option(help="Read the weights, where they are at hand. Nothing is fetched.")] = True,
    as_json: Json = False,
) -> None:
    """Show one prompt as a model gets it: text, decision position, token ids, label forms.

    Where the weights are at hand, also the most probable next tokens, and share and rank of every form of a label.
    """
    from probe.commands import show as verb  # noqa: PLC0415
    from probe.design.axes import load_design  # noqa: PLC0415

    levels = load_design(design).levels if design else None
    request = Request(
        models=(model,),
        suites=tuple(suite or ()),
        models_file=models_file,
        revision=revision,
        offline=offline,
        system=system,
        system_merge=system_merge,
    )
    shown = verb.show(item, variant, request, levels)
    if as_json:
        say(verb.show_json(shown), data=True)
        return
    say(verb.show_text(shown))
    if weights:
        say(verb.top_tokens(shown, dtype=dtype, device=device, count=8))


@app.command("utilities")
def fit_utilities(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder of imported comparisons.")],
    outcomes: Annotated[Path, typer.Argument(metavar="OUTCOMES", help="The outcomes.csv that the import wrote.")],
    as_json: Json = False,
) -> None:
    """Fit utilities of the outcomes or values that a run compares, stated and revealed, and rank them."""
    from probe.commands.utilities import ranks_of, utilities_json, utilities_text  # noqa: PLC0415

    ranks = ranks_of(run_folder, outcomes)
    say(utilities_json(ranks) if as_json else utilities_text(ranks), data=as_json)


@app.command("export")
def export_for(
    source: Annotated[str, typer.Argument(metavar="RUN|SUITE", help="Run folder; name or path of a suite.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="csv, jsonl, latex, markdown, lm-eval-samples or every-eval-ever (run); lm-eval or inspect (suite "
            "or run).",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")],
    design: DesignOption = "quick",
) -> None:
    """Write a suite or a run for another tool."""
    from probe.commands.export import export  # noqa: PLC0415

    for path in export(source, to, out, design):
        say(str(path))


@app.command("import")
def import_data(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="alignment-revisited, moralchoice, anthropic-evals, daily-dilemmas, emergent-values, litmus-values "
            "or table.",
        ),
    ],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The data set's file or folder; a clone's root.")],
    out: Annotated[Path, typer.Option("--out", help="New folder for the trade-off files.")],
    column_map: Annotated[
        Path | None, typer.Option("--map", help="For a table: a YAML file that says which column holds what.")
    ] = None,
    pairs: Annotated[
        int, typer.Option("--pairs", min=1, help="Where outcomes or values are paired: comparisons of each, at least.")
    ] = 8,
    seed: Annotated[int, typer.Option("--seed", help="Of the choice of pairs.")] = 0,
) -> None:
    """Write another project's data set as trade-off files, with a record of every change and refusal."""
    from probe.commands.import_files import import_files  # noqa: PLC0415

    say(import_files(kind, path, out, column_map, (pairs, seed)))


@app.command()
def report(runs: Runs, figures: Figures = "svg,pdf,png") -> None:
    """Render the report and the figures of run folders again, from their tables."""
    for path in runs:
        results = probe.Results(path)
        say(f"report: {results.report()}")
        _draw(probe.Results(path), figures)


@app.command("compare")
def compare_runs(
    runs: Runs,
    fail_above: Annotated[
        float | None,
        typer.Option("--fail-above", min=0.0, help="Exit 1 if a stated or revealed preference changes by more."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write one report over all of them into this file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold every model of the runs against the first: differences of both sides and of their gap, paired by item."""
    from probe.commands.compare import compare, comparison_json, comparison_lines, largest, page_of  # noqa: PLC0415
    from probe.store.atomic import write_bytes  # noqa: PLC0415

    compared = compare(runs)
    for text in [comparison_json(compared)] if as_json else comparison_lines(compared):
        say(text, data=as_json)
    if out is not None:
        write_bytes(out, page_of(runs).encode())
    if fail_above is not None and largest(compared) > fail_above:
        say(f"a preference changes by {largest(compared):.3g}, more than --fail-above {fail_above}", error=True)
        raise typer.Exit(1)


def _draw_missing(results: probe.Results, kinds: str) -> None:
    """Draw the figures of a run unless they are newer than what they show."""
    drawn = results.path / "figures"
    told = results.path / "results.json"
    wanted = _kinds(kinds)
    newest = {path.suffix[1:] for path in drawn.glob("*") if path.stat().st_mtime_ns >= told.stat().st_mtime_ns}
    if not newest.issuperset(wanted):
        _draw(results, kinds)


def _draw(results: probe.Results, kinds: str) -> None:
    if wanted := _kinds(kinds):
        from probe.figures.draw import draw  # noqa: PLC0415  matplotlib takes a second to load

        draw(results.results, results.path / "figures", wanted)


def _kinds(kinds: str) -> list[str]:
    return [] if kinds == "none" else [kind.strip() for kind in kinds.split(",")]


@app.command()
def doctor() -> None:
    """Look at this machine: versions, devices, and a known answer read from the embedded model."""
    from probe.commands.doctor import diagnose  # noqa: PLC0415

    diagnosis = diagnose()
    for line in diagnosis.lines:
        say(line)
    if not diagnosis.sound:
        raise typer.Exit(3)


@scenarios.command("list")
def list_scenarios(suite: Suites = None, as_json: Json = False) -> None:
    """Count what suites hold. Default: all."""
    from probe.commands.list_scenarios import list_scenarios as as_text  # noqa: PLC0415
    from probe.commands.list_scenarios import scenarios_json  # noqa: PLC0415

    chosen = tuple(suite or ("all",))
    say(scenarios_json(chosen) if as_json else as_text(chosen), data=as_json)


@scenarios.command("check")
def check_scenarios(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="SUITE|PATH...", help="Suites, folders or files. Default: all.")
    ] = None,
    readback: Annotated[
        bool, typer.Option("--readback", help="Also print which option stands for which principle.")
    ] = False,
    profile: Annotated[
        str,
        typer.Option(
            "--profile", help="suite: every rule; imported: only what a run needs, the other rules are counted."
        ),
    ] = "suite",
    tokenizer: Annotated[
        list[Path] | None,
        typer.Option("--tokenizer", help="Folder of a tokenizer that measures options too. Repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Lint trade-off files; exits 1 if there is anything to look at."""
    from probe.commands.check_scenarios import check_suites  # noqa: PLC0415

    checked = check_suites(
        tuple(paths or ("all",)), readback=readback, profile=profile, tokenizers=tuple(tokenizer or ())
    )
    say(checked.json() if as_json else checked.text(), data=as_json)
    if checked.findings:
        raise typer.Exit(1)


@models.command("list")
def list_models(
    fits: Annotated[
        float | None, typer.Option("--fits", help="Only what fits a GPU of so many GiB, and how to load it.")
    ] = None,
    family: Annotated[
        str | None, typer.Option("--family", help="Only this family, or those whose name begins so.")
    ] = None,
    models_file: ModelsFile = None,
    as_json: Json = False,
) -> None:
    """List the models that are known by name, with size, memory and licence; `?` marks what nobody has checked."""
    from probe.commands import list_models as verb  # noqa: PLC0415

    listing = verb.models_json if as_json else verb.list_models
    say(listing(models_file, fits, family), data=as_json)


@models.command("check")
def check_models(
    entries: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Ids of models.yaml. Default: all.")
    ] = None,
    models_file: ModelsFile = None,
    offline: Offline = False,
    as_json: Json = False,
) -> None:
    """Hold entries against their files, where they lie here, and against the hub; exits 1 if they differ.

    Downloads nothing.
    """
    from probe.commands.check_models import check_models as verb  # noqa: PLC0415

    checked = verb(tuple(entries or ()), models_file, offline=offline)
    say(checked.json() if as_json else checked.text(), data=as_json)
    if checked.findings:
        raise typer.Exit(1)


@models.command("pin")
def pin_model(
    model: Annotated[str, typer.Argument(metavar="ID", help="Id of an entry.")],
    models_file: ModelsFile = None,
    revision: Revision = None,
) -> None:
    """Look up a model's commit and write it into its entry; print the entry where it cannot be written."""
    from probe.commands.pull import pin  # noqa: PLC0415

    say(pin(model, models_file, revision))


@models.command("pull")
def pull_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Id of models.yaml or hub id.")],
    models_file: ModelsFile = None,
    revision: Revision = None,
) -> None:
    """Download a model's config, tokenizer and safetensors once, for use with --offline."""
    from probe.commands.pull import pull  # noqa: PLC0415

    say(pull(model, models_file, revision))


@app.command()
def verify(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    packs: Annotated[int, typer.Option("--packs", min=0, help="Packs of each model to read again; 0 for none.")] = 8,
    seed: Annotated[int, typer.Option("--seed", help="Chooses them.")] = 0,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME=MODEL", help="Where a model of the run is, if not under its own name."),
    ] = None,
    models_file: ModelsFile = None,
    device: Device = None,
    offline: Offline = False,
    as_json: Json = False,
) -> None:
    """Check a run folder: checksums, manifest against tables, and a sample read again that must give the same bytes.

    On another machine or with other versions the difference is stated instead. Exits 1 if anything is wrong, 3 if a
    model could not be read again.
    """
    from probe.commands.reread import Sample, named_models  # noqa: PLC0415
    from probe.commands.verify import verify_run  # noqa: PLC0415

    sample = Sample(packs, seed, named_models(model or ()), models_file, device, offline)
    with Bars() as bars:
        verified = verify_run(run, sample if packs else None, bars)
    say(verified.json() if as_json else verified.text(), data=as_json)
    if verified.findings or verified.not_reread:
        raise typer.Exit(1 if verified.findings else 3)


@cache.command("ls")
def list_cache(as_json: Json = False) -> None:
    """List what has read the finished packs in the cache, how many there are and how large."""
    from probe.commands.cache import cache_json, cache_text  # noqa: PLC0415

    say(cache_json() if as_json else cache_text(), data=as_json)


@cache.command("gc")
def clear_cache(
    older_than: Annotated[
        float | None, typer.Option("--older-than", metavar="DAYS", help="Remove packs written longer ago.")
    ] = None,
    max_size: Annotated[
        float | None, typer.Option("--max-size", metavar="GB", help="Remove the oldest packs until so much is left.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", help="Only packs of this engine, by the beginning of its key.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Remove what killed runs have left, and finished packs by age, size or engine; run folders keep their tables."""
    from dataclasses import asdict  # noqa: PLC0415

    from probe.commands.cache import clear  # noqa: PLC0415

    freed = clear(older_than, max_size, engine)
    text = f"{freed.files} files removed, {freed.bytes / 1e9:.3f} GB"
    say(json.dumps(asdict(freed)) if as_json else text, data=as_json)


@cache.command("verify")
def verify_cache(
    remove: Annotated[bool, typer.Option("--remove", help="Remove what is damaged.")] = False, as_json: Json = False
) -> None:
    """Check every byte of the cache; exits 1 if a file is damaged."""
    from probe.commands.cache import find_damaged  # noqa: PLC0415

    damaged = find_damaged(remove=remove)
    say(damaged.json() if as_json else damaged.text(), data=as_json)
    if damaged.files:
        raise typer.Exit(1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; errors that the user can mend are told without a traceback."""
    code = 0
    before = _end_like_an_interrupt()
    try:
        app(list(sys.argv[1:] if arguments is None else arguments), prog_name="probe")
    except ProbeError as error:
        say(f"{type(error).__name__}: {error}", error=True)
        code = error.exit_code
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else 1
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
    if code == INTERRUPTED:
        say("interrupted; the same command goes on from here", error=True)
    return code


def _end_like_an_interrupt() -> Callable[[int, FrameType | None], object] | int | None:
    """Let SIGTERM, as a batch system sends it, end the command as Ctrl-C does; returns what it did before."""
    if threading.current_thread() is not threading.main_thread():
        return None

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    return signal.signal(signal.SIGTERM, interrupt)


def _say_testability(study: Study, folder: RunFolder) -> None:
    from probe.commands.testability import testability_text  # noqa: PLC0415

    say(testability_text(study, folder))


def _say_nothing(study: Study, folder: RunFolder) -> None:
    del study, folder


def _print_plan(request: Request, on: Reckoning, *, as_json: bool, out: Path | None = None) -> None:
    from probe.commands.plan import outline, outline_json, outline_text  # noqa: PLC0415
    from probe.store.atomic import write_bytes  # noqa: PLC0415

    study = resolve(request, weights=False)
    outlines = outline(study, on)
    if out is not None:
        write_bytes(out, (outline_json(outlines) + "\n").encode())
    say(
        outline_json(outlines) if as_json else "\n\n".join(outline_text(study, one, on) for one in outlines),
        data=as_json,
    )
    if not as_json:
        say("")
        _say_testability(study, RunFolder(study.default_folder))
    if any(one.problems or one.failure for one in outlines):
        found = sum(group.count for one in outlines for group in one.problems)
        failed = [one.model for one in outlines if one.failure is not None]
        parts = [f"label problems in {found} prompts"] * (found > 0) + [f"no plan for {', '.join(failed)}"] * bool(
            failed
        )
        raise InputError(f"the study cannot be read as planned: {'; '.join(parts)}. Above stands what to do.")
    if any(one.refused for one in outlines):
        raise typer.Exit(1)


def _job_options(named: Mapping[str, str | int | None], others: Sequence[str]) -> tuple[tuple[str, str], ...]:
    for one in others:
        if "=" not in one:
            raise InputError(f"--slurm-option {one}: no value. Give NAME=VALUE, with a name that sbatch knows.")
    split = [one.split("=", 1) for one in others]
    return (
        *((name, str(value)) for name, value in named.items() if value is not None),
        *((name.strip(), value) for name, value in split),
    )


def _tell_failures(manifest: Manifest) -> None:
    refused = [f"{name}: {why}" for name, record in manifest.models.items() for why in record.failures.values()]
    lost = [f"{name}: {i}: {why}" for name, one in manifest.models.items() for i, why in one.failed_packs.items()]
    for line in refused[:5]:
        say(f"refused: {line}", error=True)
    if len(refused) > 5:
        say(f"refused: {len(refused)} items in all; manifest.json names them", error=True)
    for name, why in manifest.failed_models.items():
        say(f"failed: {name}: {why}", error=True)
    for line in lost[:5]:
        say(f"failed: {line}", error=True)
    if len(lost) > 5:
        say(f"failed: {len(lost)} packs in all; manifest.json names them", error=True)
    if refused or lost or manifest.failed_models:
        raise typer.Exit(1)


if __name__ == "__main__":
    sys.exit(main())
