"""The command: arguments, exit codes and progress. Everything else stands elsewhere."""

from __future__ import annotations

import json
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

import probe
from probe.commands.plan_cost import Reckoning
from probe.console import Bars, say
from probe.errors import EnvironmentFault, InputError, ProbeError
from probe.figures import KINDS, figure_files
from probe.options import PLAN, RUN, Panelled, asking
from probe.store.folder import RunFolder
from probe.study.request import Request
from probe.study.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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
app.add_typer(scenarios, name="scenarios", hidden=True)
app.add_typer(models, name="models", hidden=True)
cache = typer.Typer(help="List, clear and check the finished packs that all runs share.", no_args_is_help=True)
app.add_typer(cache, name="cache", hidden=True)

Figures = Annotated[
    str,
    typer.Option(
        "--figures",
        envvar="PROBE_FIGURES",
        metavar="KINDS",
        help="Kinds of figure files, of svg, pdf and png, by comma; or none.",
        rich_help_panel="Advanced",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="Say nothing but what went wrong, and where the report is.",
        rich_help_panel="Output",
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="Also say the outcome in words, and of every phase how long it took.",
        rich_help_panel="Advanced",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Only print the plan, as `probe plan` does.", rich_help_panel="Output"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other tools.")]
Fits = Annotated[
    float | None,
    typer.Option("--fits", metavar="GIB", help="Only models that fit a GPU of so many GiB, and how to load them."),
]
Family = Annotated[
    str | None,
    typer.Option("--family", metavar="NAME", help="Only models of this family, or of those whose name begins so."),
]
Readback = Annotated[bool, typer.Option("--readback", help="Also print which option stands for which principle.")]
Profile = Annotated[
    str,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="suite: every rule; imported: only what a run needs, the other rules are counted.",
    ),
]
Tokenizers = Annotated[
    list[Path] | None,
    typer.Option("--tokenizer", metavar="FOLDER", help="A tokenizer that measures options too. Repeatable."),
]
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


@app.command(cls=Panelled)
@asking(*RUN)
def run(
    asked: Request,
    figures: Figures = "svg,pdf,png",
    dry_run: DryRun = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Ask models every question in every format; write what they state, what they choose and how far the two differ.

    All of it goes into a run folder with a report; nothing is sampled, probabilities are read.

    A MODEL that ends in .yaml is a study file; flags win over it.
    With --models FILE and no MODEL, every model of FILE is measured.
    Run the same command again to resume; a finished run computes nothing.
    """
    if not quiet:  # before anything that takes seconds to load
        _say_at_once("planning" if dry_run else "measuring", asked)
    from probe.report.brief import closed_line  # noqa: PLC0415
    from probe.report.terminal import RunNames, print_summary  # noqa: PLC0415
    from probe.run import run_request  # noqa: PLC0415

    if dry_run:
        _print_plan(asked, Reckoning(asked.workers or 1), as_json=False)
        return
    _kinds(figures)  # refused before hours of reading
    with Bars(quiet=quiet, verbose=verbose) as bars:
        results = run_request(asked, bars, _say_nothing if quiet else _say_testability_briefly)
    _draw_missing(results, figures)
    if quiet:
        say(f"report: {results.path / 'report.html'}")
    else:
        named = RunNames(results.manifest.suites, results.manifest.study.design, str(results.path))
        print_summary(results.results, named, Console(highlight=False, markup=False), verbose=verbose)
    for name, found in sorted(results.results.models.items()):
        if line := closed_line(name, found):
            say(line, error=True)
    _report_failures(results.manifest)


@app.command(cls=Panelled)
@asking(*PLAN)
def plan(
    asked: Request,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            min=1,
            metavar="N",
            help="Share the study out to so many workers.",
            rich_help_panel="Where",
        ),
    ] = 1,
    flops: Annotated[
        float,
        typer.Option(
            "--flops",
            metavar="N",
            help="Operations a second of a worker, for the time. Default: a CPU core's 5e10 and a GPU's 1e14.",
            rich_help_panel="Where",
        ),
    ] = 1e14,
    gpu: Annotated[
        float,
        typer.Option(
            "--card-memory",
            metavar="GIB",
            help="Memory of a GPU: over how many a model is spread.",
            rich_help_panel="Where",
        ),
    ] = 80.0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Also write the plan as JSON into this file.",
            rich_help_panel="Output",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON for other tools.", rich_help_panel="Output")
    ] = False,
) -> None:
    """Look at a study before it is run, without weights: prompts, tokens, memory, time, what its tests can find.

    Also what does not fit into a context, and every label that cannot be read.

    A study file and --models FILE mean the same as in `probe run`.
    Exits 1 if some items do not fit into a model's context, 2 if a label cannot be read.
    """
    _say_at_once("planning", asked)
    _print_plan(asked, Reckoning(workers, flops, gpu), as_json=as_json, out=out)


@app.command()
@asking("models_file", "revision", "offline", "dtype", "device", "base", "system", "system_merge")
def show(
    asked: Request,
    model: Annotated[str, typer.Argument(help="Id of models.yaml, hub id or folder.")],
    item: Annotated[
        str, typer.Option("--item", help="Id of an item, as `probe check FILE --readback` prints it: gift/ask.")
    ],
    variant: Annotated[
        str,
        typer.Option(
            "--variant",
            help="axis=level,...; axes left out stand at their default. In two turns also said=..., first_order=...",
        ),
    ] = "",
    suite: Annotated[
        list[str] | None, typer.Option("--suite", help="Where to look for the item. Default: all that ship.")
    ] = None,
    design: Annotated[
        str | None, typer.Option("--design", help="A design file whose own levels the variant uses.")
    ] = None,
    weights: Annotated[
        bool, typer.Option(help="Read the weights, where they are available. Nothing is fetched.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Show one prompt as a model gets it: text, where its answer is read, token ids, the tokens of each label.

    Where the weights are available, also the most probable next tokens, and share and rank of every form of a label.
    """
    from probe.commands import show as verb  # noqa: PLC0415
    from probe.design.axes import load_design  # noqa: PLC0415

    levels = load_design(design).levels if design else None
    request = replace(asked, models=(model,), suite=tuple(suite or ()))
    shown = verb.show(item, variant, request, levels)
    if as_json:
        say(verb.show_json(shown), data=True)
        return
    say(verb.show_text(shown))
    if weights:
        say(verb.top_tokens(shown, dtype=asked.dtype, device=asked.device, count=8))


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
    design: Annotated[str, typer.Option("--design", help="Design of the prompts: a name or a path.")] = "quick",
) -> None:
    """Write a suite or a run for another tool."""
    from probe.commands.export import export  # noqa: PLC0415

    for path in export(source, to, out, design):
        say(str(path))


@app.command("bundle")
def bundle_run(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="New folder to write into.")],
) -> None:
    """Put what a reader of a run needs into one folder: page, data set card, figures, readings, and tables as csv.

    Prints what to type to upload it; nothing is sent.
    """
    from probe.commands.bundle import bundle, upload_line  # noqa: PLC0415

    written = bundle(run_folder, out)
    size = sum(path.stat().st_size for path in written) / 1e6
    say(f"{len(written)} files, {size:.1f} MB: {out}")
    say(f"open: {out / 'report.html'}")
    say(f"upload: {upload_line(out)}")


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
        Path | None, typer.Option("--map", help="For a table: a YAML file that names which column holds what.")
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
    _kinds(figures)
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
    """Compare every model of the runs with the first: stated, revealed and the gap between them, paired by item."""
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
    """Draw the figures of a run unless all of them are there and newer than what they show."""
    shown = (results.path / "results.json").stat().st_mtime_ns
    files = [results.path / "figures" / name for name in figure_files(_kinds(kinds))]
    if not all(file.is_file() and file.stat().st_mtime_ns >= shown for file in files):
        _draw(results, kinds)


def _draw(results: probe.Results, kinds: str) -> None:
    if wanted := _kinds(kinds):
        from probe.figures.draw import draw  # noqa: PLC0415  matplotlib takes a second to load

        draw(results.results, results.path / "figures", wanted)


def _kinds(kinds: str) -> list[str]:
    """The kinds of figure files that are wanted.

    Raises:
        InputError: One is not known.
    """
    found = [] if kinds == "none" else [kind.strip() for kind in kinds.split(",")]
    unknown = [kind for kind in found if kind not in KINDS]
    if unknown:
        raise InputError(f"--figures {kinds}: {unknown[0]!r} is not known. Use {', '.join(KINDS)} by comma, or none.")
    return found


@app.command()
def doctor() -> None:
    """Look at this machine: versions, and a known answer read from the embedded model on every device, twice."""
    from probe.commands.doctor import diagnose  # noqa: PLC0415

    diagnosis = diagnose()
    for line in diagnosis.lines:
        say(line)
    if not diagnosis.sound:
        raise typer.Exit(3)


@app.command("list")
@asking("models_file")
def list_known(
    asked: Request,
    kind: Annotated[str, typer.Argument(metavar="[suites|models|designs]", help="What. Default: names of all.")] = "",
    fits: Fits = None,
    family: Family = None,
    as_json: Json = False,
) -> None:
    """List suites with their trade-offs, models with their memory, or designs; without an argument the names of all."""
    from probe.commands.list_all import list_all  # noqa: PLC0415

    say(list_all(kind, asked.models_file, as_json=as_json, fits=fits, family=family), data=as_json)


@app.command("check")
@asking("models_file", "offline", "base")
def check_named(
    asked: Request,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SUITE|PATH|MODEL...",
            help="Suites, trade-off files, ids or folders of models. Default: every suite.",
        ),
    ] = None,
    readback: Readback = False,
    profile: Profile = "suite",
    tokenizer: Tokenizers = None,
    as_json: Json = False,
) -> None:
    """Lint trade-off files, and compare entries of models.yaml with their files and the hub; exits 1 if they differ.

    With --models FILE and no name, every entry of FILE is checked. Downloads nothing.
    """
    from probe.commands.check_models import check_models as entries  # noqa: PLC0415
    from probe.commands.check_scenarios import check_suites  # noqa: PLC0415
    from probe.design.kinds import telling_near_model  # noqa: PLC0415
    from probe.design.models import load_models, own_models  # noqa: PLC0415

    known = load_models(asked.models_file)
    everything = ("all",) if asked.models_file is None else tuple(own_models(asked.models_file))
    named = tuple(name for name in names or everything if name in known or _holds_a_model(Path(name)))
    suites = tuple(name for name in names or everything if name not in named)
    linted = compared = None
    if suites:
        with telling_near_model(suites, known):
            linted = check_suites(suites, readback=readback, profile=profile, tokenizers=tuple(tokenizer or ()))
    elif readback or profile != "suite" or tokenizer:
        raise InputError("--readback, --profile and --tokenizer: speak of trade-off files. Name a suite or a file too.")
    if named:
        compared = entries(named, asked.models_file, offline=asked.offline, base=asked.base)
    found = {"suites": linted, "models": compared}
    if as_json:
        say(json.dumps({kind: one and json.loads(one.json()) for kind, one in found.items()}, indent=1), data=True)
    else:
        say("\n".join(one.text() for one in found.values() if one is not None))
    if any(one is not None and one.findings for one in found.values()):
        raise typer.Exit(1)


def _holds_a_model(path: Path) -> bool:
    files = ("config.json", "adapter_config.json")
    return path.suffix == ".gguf" or any((path / one).is_file() for one in files) or any(path.glob("*.gguf"))


@app.command("pull")
@asking("models_file", "revision")
def pull_named(
    asked: Request,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Id of models.yaml or hub id.")],
    pin: Annotated[bool, typer.Option("--pin", help="Also write the model's commit into its entry.")] = False,
) -> None:
    """Download a model's config, tokenizer and safetensors once, for use with --offline."""
    from probe.commands.pull import pin as pin_entry  # noqa: PLC0415
    from probe.commands.pull import pull  # noqa: PLC0415

    if pin:
        say(pin_entry(model, asked.models_file, asked.revision))
    say(pull(model, asked.models_file, asked.revision))


@scenarios.command("list")
def list_scenarios(
    suite: Annotated[list[str] | None, typer.Option("--suite", help="Suite, folder or file; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
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
    readback: Readback = False,
    profile: Profile = "suite",
    tokenizer: Tokenizers = None,
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
@asking("models_file")
def list_models(
    asked: Request,
    fits: Fits = None,
    family: Family = None,
    as_json: Json = False,
) -> None:
    """List the models that are known by name, with size, memory and licence; `?` marks what nobody has checked."""
    from probe.commands import list_models as verb  # noqa: PLC0415

    listing = verb.models_json if as_json else verb.list_models
    say(listing(asked.models_file, fits, family), data=as_json)


@models.command("check")
@asking("models_file", "offline", "base")
def check_models(
    asked: Request,
    entries: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Ids of models.yaml. Default: all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold entries against their files, where they lie here, and against the hub; exits 1 if they differ.

    Downloads nothing.
    """
    from probe.commands.check_models import check_models as verb  # noqa: PLC0415

    checked = verb(tuple(entries or ()), asked.models_file, offline=asked.offline, base=asked.base)
    say(checked.json() if as_json else checked.text(), data=as_json)
    if checked.findings:
        raise typer.Exit(1)


@models.command("pin")
@asking("models_file", "revision")
def pin_model(
    asked: Request,
    model: Annotated[str, typer.Argument(metavar="ID", help="Id of an entry.")],
) -> None:
    """Look up a model's commit and write it into its entry; print the entry where it cannot be written."""
    from probe.commands.pull import pin  # noqa: PLC0415

    say(pin(model, asked.models_file, asked.revision))


@models.command("pull")
@asking("models_file", "revision")
def pull_model(
    asked: Request,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Id of models.yaml or hub id.")],
) -> None:
    """Download a model's config, tokenizer and safetensors once, for use with --offline."""
    from probe.commands.pull import pull  # noqa: PLC0415

    say(pull(model, asked.models_file, asked.revision))


@app.command()
@asking("models_file", "device", "offline", "base")
def verify(
    asked: Request,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    packs: Annotated[int, typer.Option("--packs", min=0, help="Packs of each model to read again; 0 for none.")] = 8,
    seed: Annotated[int, typer.Option("--seed", help="Draws them.")] = 0,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME=MODEL", help="Where a model of the run is, if not under its own name."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a run folder: checksums, manifest against tables, and a sample read again that must give the same bytes.

    On another machine or with other versions the difference is stated instead. Exits 1 if anything is wrong, 4 if a
    model could not be read again.
    """
    from probe.commands.reread import Sample, named_models  # noqa: PLC0415
    from probe.commands.verify import verify_run  # noqa: PLC0415

    sample = Sample(
        packs, seed, named_models(model or ()), asked.models_file, asked.device, asked.base, offline=asked.offline
    )
    with Bars() as bars:
        verified = verify_run(run, sample if packs else None, bars)
    say(verified.json() if as_json else verified.text(), data=as_json)
    if verified.exit_code:
        raise typer.Exit(verified.exit_code)


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
    except PermissionError as error:
        found = f"{error.filename}: cannot be opened ({error.strerror}). Ask for the right to, or name another place."
        say(f"EnvironmentFault: {found}", error=True)
        code = EnvironmentFault.exit_code
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


def _say_at_once(doing: str, asked: Request) -> None:
    suites = f" on {', '.join(asked.suite)}" if asked.suite else ""
    say(f"{doing} {', '.join(asked.models)}{suites}, design {asked.design}", error=True)


def _say_testability(study: Study, folder: RunFolder) -> None:
    from probe.commands.testability import testability_text  # noqa: PLC0415

    say(testability_text(study, folder))


def _say_testability_briefly(study: Study, folder: RunFolder) -> None:
    from probe.commands.testability import testability_brief  # noqa: PLC0415

    say(testability_brief(study, folder))


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


def _report_failures(manifest: Manifest) -> None:
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
