"""What is asked for: one field for each flag of `probe run`, key of a study file and argument of `probe.run`.

What a field means and may be stands with it, in its `Option`; here nobody knows how flags or files are read.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from probe.engine.precision import COMPUTES, DTYPES, QUANTISATIONS, Precision
from probe.errors import EnvironmentFault, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "PACK_TOKENS",
    "PANELS",
    "Known",
    "Option",
    "Request",
    "known_options",
    "refuse_missing_extra",
    "refuse_unfit",
]

_CALLED = {
    **{"string_type": "text", "int_type": "a whole number", "bool_type": "True or False"},
    **{"is_instance_of": "a path", "tuple_type": "a mapping"},
}
"""What is wanted where pydantic finds another type."""

_PACKAGES = {"ray": "ray", "slurm": "submitit"}


WHAT, NUMBERS, WHERE, OUTPUT, ADVANCED = PANELS = ("What", "Numbers", "Where", "Output", "Advanced")
"""Under which headings the help shows flags, in this order."""

PACK_TOKENS = 4096
"""Default budget of a forward pass, in tokens."""


@dataclass(frozen=True, slots=True)
class Option:
    """What is known of a field of a request beside its type and default.

    Attributes:
        help: What it does, for the help of the command and the docstring of `probe.run` alike.
        panel: Under which heading the help shows its flag.
        metavar: What the help writes for its value; empty for a switch.
        flag: Its flag, where that is not the field's name.
        alias: An older flag that is still taken and not shown.
        choices: What it may be; empty for anything of its type.
        minimum: The least that it may be.
        planned: Whether it means something before anything is read, so that `probe plan` takes it too.
        bare: What its flag means without a value; empty where it must have one.
    """

    help: str
    panel: str = ADVANCED
    metavar: str = ""
    flag: str = ""
    alias: str = ""
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    planned: bool = False
    bare: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, as given.

    Attributes:
        source: Verbatim text of the study file that it was read from; empty if there was none.
    """

    models: Annotated[
        tuple[str, ...],
        Option("Ids of `probe list models`, hub ids, folders or GGUF files.", WHAT, "MODEL...", planned=True),
    ] = ("demo",)
    suite: Annotated[
        tuple[str, ...],
        Option(
            "What is asked: a suite, trade-off, family, folder or file (`probe list suites`); several by comma or "
            "repetition. Default: demo for the embedded model, else core.",
            WHAT,
            "NAME",
            planned=True,
        ),
    ] = ()
    design: Annotated[
        str,
        Option(
            "The formats that every question is asked in: quick (4 of them), standard (32), full (192), or the path "
            "of a design file.",
            WHAT,
            "NAME",
            planned=True,
        ),
    ] = "standard"
    system: Annotated[
        tuple[str, ...],
        Option(
            "System text for every question; '' for none, not even a template's own. Several: every model with each "
            "of them. Default: a template's own.",
            WHAT,
            "TEXT",
            planned=True,
        ),
    ] = ()
    limit: Annotated[
        int | None,
        Option(
            "Only the first N general questions and scenarios of each trade-off, whole, and all known-answer "
            "controls; every output is marked PARTIAL, and a larger N goes on from there.",
            WHAT,
            "N",
            planned=True,
        ),
    ] = None
    dtype: Annotated[
        str,
        Option("auto (as stored), float32, bfloat16 or float16.", NUMBERS, "NAME", choices=DTYPES, planned=True),
    ] = "auto"
    quant: Annotated[
        str,
        Option(
            "Quantise the weights: none, or bitsandbytes' int8 or nf4; a condition of its own, not the same model.",
            NUMBERS,
            "NAME",
            choices=QUANTISATIONS,
            planned=True,
        ),
    ] = "none"
    compute: Annotated[
        str,
        Option(
            "Numbers to compute in: native (those of the weights), or fp32 from weights kept as they are.",
            NUMBERS,
            "NAME",
            choices=COMPUTES,
            planned=True,
        ),
    ] = "native"
    exact: Annotated[
        bool,
        Option(
            "Results equal to the last bit to each prompt read alone: float32 on an Intel CPU with AVX-512.", NUMBERS
        ),
    ] = False
    validate: Annotated[
        int,
        Option(
            "Also let the model write its answer to N prompts of each side, questions in formats chosen by a hash, and "
            "compare readings with them; the validity check asks for 100.",
            NUMBERS,
            "N",
            minimum=0,
        ),
    ] = 0
    device: Annotated[
        str | None,
        Option(
            "cuda, cuda:1, cpu ...; auto: spread over all GPUs; offload: also over main memory and disk. Default: a "
            "GPU if there is one.",
            WHERE,
            "NAME",
        ),
    ] = None
    workers: Annotated[
        int | None,
        Option(
            "How many processes, actors or jobs. Default: one for each GPU, where there are several, else this "
            "process alone.",
            WHERE,
            "N",
            minimum=1,
        ),
    ] = None
    models_file: Annotated[
        Path | None,
        Option("A models.yaml of your own, merged over the shipped one.", WHERE, "FILE", flag="models", planned=True),
    ] = None
    offline: Annotated[bool, Option("Use only what is on this machine: never ask the hub.", WHERE, planned=True)] = (
        False
    )
    out: Annotated[Path | None, Option("Run folder. Default: a name of the study under runs/.", OUTPUT, "FOLDER")] = (
        None
    )
    revision: Annotated[str | None, Option("Commit, tag or branch on the hub.", metavar="NAME", planned=True)] = None
    base: Annotated[
        str | None,
        Option(
            "The model that adapters are merged into. Default: what their config names.", metavar="MODEL", planned=True
        ),
    ] = None
    system_merge: Annotated[
        bool, Option("Put the system text before the question, in the user's turn.", planned=True)
    ] = False
    reader: Annotated[
        str,
        Option(
            "auto, trie or plain: read what an item's prompts have in common once (trie), where that gives the same "
            "numbers; plain reads each whole.",
            metavar="NAME",
            choices=("auto", "trie", "plain"),
            planned=True,
        ),
    ] = "auto"
    ladder: Annotated[
        str,
        Option(
            "Also ask what lies between each scenario and its bridge, the general question about such a situation, to "
            "say what the gap is made of; with the first level of every context factor, or with all of them. Goes into "
            "a table of its own.",
            metavar="[all]",
            choices=("none", "first", "all"),
            planned=True,
            bare="first",
        ),
    ] = "none"
    own_words: Annotated[
        str,
        Option(
            "Also ask in two turns: what is chosen after the model was made to state one principle or the other, and "
            "what it states after a choice; each scenario with one general question, or with all of them. Goes into a "
            "table of its own.",
            metavar="[all]",
            choices=("none", "some", "all"),
            planned=True,
            bare="some",
        ),
    ] = "none"
    answers: Annotated[
        str,
        Option(
            "How answers are read: labels, texts (each option's own text, unlisted, into a table of its own) or both. "
            "Default: labels, and both of models without a chat template.",
            metavar="NAME",
            choices=("auto", "labels", "texts", "both"),
            planned=True,
        ),
    ] = "auto"
    clauses: Annotated[
        int,
        Option(
            "Also leave out each sentence, factor phrase and second clause of an option in turn, in N scenarios of "
            "each trade-off, to say which of them moves the choice, and by how much. Goes into a table of its own.",
            metavar="N",
            minimum=0,
            planned=True,
        ),
    ] = 0
    depth: Annotated[
        int,
        Option(
            "Also read up to N cells of each side of each trade-off after every layer, chosen by a hash, to see where "
            "stated and revealed part (a logit lens); in whole crossings of option order and labels, at least one. "
            "Goes into a table of its own.",
            metavar="N",
            minimum=0,
            planned=True,
        ),
    ] = 0
    pack_tokens: Annotated[
        int,
        Option(
            "Most tokens in one forward pass; another number is another study.", metavar="N", minimum=1, planned=True
        ),
    ] = PACK_TOKENS
    gpu_fast: Annotated[
        bool,
        Option(
            "Read in ways meant to be faster on a GPU, which no GPU has run yet: the head in one product, copies "
            "beside the passes, FlexAttention where it agrees; another study.",
            planned=True,
        ),
    ] = False
    scheduler: Annotated[
        str,
        Option(
            "Who starts the workers: local, ray or slurm; no part of the study.",
            metavar="NAME",
            alias="engine",
            choices=("local", "ray", "slurm"),
        ),
    ] = "local"
    threads: Annotated[
        int | None,
        Option(
            "CPU threads of each worker: so many items are read at a time, with the same bits. Default: one for a "
            "worker, else as torch has it.",
            metavar="N",
            minimum=1,
        ),
    ] = None
    gpus_per_worker: Annotated[
        int | None,
        Option(
            "GPUs of each worker; a model is spread over more than one. Default: one.",
            metavar="N",
            alias="cards",
            minimum=1,
        ),
    ] = None
    ray_address: Annotated[
        str | None,
        Option(
            "auto for a running Ray cluster, or host:port. Default: one is started here.",
            metavar="ADDRESS",
        ),
    ] = None
    slurm: Annotated[
        tuple[tuple[str, str], ...],
        Option(
            "Options of the jobs: partition, account, time (minutes), mem, constraint, or any other of sbatch. With "
            "cluster=local they run here, without Slurm.",
            metavar="KEY=VALUE",
            alias="slurm-option",
        ),
    ] = ()
    source: str = ""

    @property
    def precision(self) -> Precision:
        """In which numbers the models are kept and computed.

        Raises:
            InputError: A name is not known.
        """
        return Precision(self.dtype, self.quant, self.compute)


@dataclass(frozen=True, slots=True)
class Known:
    """An option of a request, with all that is known of it.

    Attributes:
        name: Of the field.
        type: Of its value.
        default: Its value where nothing is given.
        option: What else is known.
    """

    name: str
    type: Any
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        """How the command takes it."""
        return "--" + (self.option.flag or self.name.replace("_", "-"))


@cache
def known_options() -> Mapping[str, Known]:
    """Every option of a request by the name of its field, in their order."""
    hints = get_type_hints(Request, include_extras=True)
    found = {}
    for field in fields(Request):
        kind, *said = get_args(hints[field.name]) or (None,)
        option = next((one for one in said if isinstance(one, Option)), None)
        if option is not None:
            found[field.name] = Known(field.name, kind, field.default, option)
    return MappingProxyType(found)


def refuse_missing_extra(request: Request) -> None:
    """Say what to install before anything is planned.

    Raises:
        EnvironmentFault: The scheduler that was asked for is not installed.
    """
    package = _PACKAGES.get(request.scheduler)
    if package is not None and find_spec(package) is None:
        raise EnvironmentFault(
            f"--scheduler {request.scheduler}: {package} is not installed. "
            f"Run: pip install 'probe[{request.scheduler}]'"
        )


def refuse_unfit(request: Request) -> None:
    """Refuse what no study can be read with, before any file is opened.

    Raises:
        InputError: Naming the option.
    """
    for known in known_options().values():
        _refuse_value(known, getattr(request, known.name))
    if not request.models:
        raise InputError("no model was named. Give a models.yaml id, a hub id or a folder; see `probe list models`.")
    _refuse_system(request.system)
    if request.system_merge and not any(request.system):
        raise InputError("--system-merge: there is no system text to merge. Give it with --system.")
    if request.exact and request.gpu_fast:
        raise InputError("--exact: holds on CPUs alone, and --gpu-fast is for GPUs. Leave one of them out.")
    by_label = {"--validate": request.validate, "--ladder": request.ladder != "none"}
    by_label |= {"--own-words": request.own_words != "none"}
    by_label |= {"--clauses": request.clauses, "--depth": request.depth}
    for flag, asked in by_label.items():
        if asked and request.answers == "texts":
            raise InputError(f"{flag}: needs readings by label, which --answers texts leaves out. Give --answers both.")
    if request.ray_address is not None and request.scheduler != "ray":
        raise InputError("--ray-address: is an option of --scheduler ray. Give both, or neither.")
    if request.slurm and request.scheduler != "slurm":
        name, value = request.slurm[0]
        raise InputError(f"--slurm {name}={value}: is an option of --scheduler slurm. Give both, or neither.")


def _refuse_system(texts: Sequence[str]) -> None:
    for text in texts:
        if text and not text.strip():
            raise InputError(
                "--system: the text is white space alone. Give '' for no system text, or leave the option out."
            )
        if texts.count(text) > 1:
            raise InputError(f"--system {text[:40]!r}: stands there twice. Give each text once.")


def _refuse_value(known: Known, value: Any) -> None:  # noqa: ANN401  of any field
    choices, minimum = known.option.choices, known.option.minimum
    if choices and value not in choices:
        raise InputError(f"{known.flag} {value}: not known. Use one of {', '.join(choices)}.")
    _refuse_type(known, value)
    if minimum is not None and value is not None and value < minimum:
        leave = ", or leave it out" if known.default is None else ""
        raise InputError(f"{known.flag} {value}: is less than {minimum}. Give {minimum} or more{leave}.")


def _refuse_type(known: Known, value: Any) -> None:  # noqa: ANN401  of any field
    """What a flag and a study file cannot be of, and an argument in Python can."""
    try:
        TypeAdapter(known.type).validate_python(value, strict=True)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
    else:
        return
    named, wanted = known.flag if known.name != "models" else "models", _CALLED[fault["type"]]
    leave = ", or leave it out" if type(None) in get_args(known.type) else ""
    raise InputError(f"{named} {fault['input']!r}: is not {wanted}. Give {wanted}{leave}.")
