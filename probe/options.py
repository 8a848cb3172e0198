"""Flags made from the fields of a request: the only module that tells typer of them."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args

import typer
from typer.core import TyperCommand

from probe.errors import InputError
from probe.study.request import PANELS, Request, known_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from typer.core import TyperOption

    from probe.study.request import Known

__all__ = ["PLAN", "RUN", "Panelled", "asking"]

Verb: TypeAlias = "Callable[..., None]"

RUN = tuple(known_options())
"""What `run` takes: everything."""

PLAN = tuple(name for name, known in known_options().items() if known.option.planned)
"""What `plan` takes."""

_SLURM = ("partition", "account", "time", "mem", "constraint", "cluster")
"""Options of jobs that were flags of their own; these flags are still taken and not shown."""

_GIVEN = ("COMMANDLINE", "ENVIRONMENT")
_STUDY_FILE = (".yaml", ".yml")


class Panelled(TyperCommand):
    """A command whose flags all stand under headings, `--help` under the last; some mean something without a value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  a context of typer's own click
        """Read the arguments, with a value behind each flag that may stand alone."""
        return super().parse_args(ctx, _with_bare_values(args))

    def get_help_option(self, ctx: Any) -> TyperOption | None:  # noqa: ANN401  a context of typer's own click
        """The flag `--help`."""
        option: TyperOption | None = super().get_help_option(ctx)
        if option is not None:
            option.rich_help_panel = PANELS[-1]
        return option


def asking(*names: str) -> Callable[[Verb], Verb]:
    """Let a verb take these options of a request, which it gets as its first argument.

    Its other parameters are flags of its own. Where `models` is among the names, a ``.yaml`` among the models is a
    study file, over which flags win, and the models of ``--models FILE`` are meant where none are named.
    """

    def decorate(verb: Verb) -> Verb:
        own = list(inspect.signature(verb, eval_str=True).parameters.values())[1:]
        panelled = "models" in names
        made = [one for name in names for one in _flags(known_options()[name], panelled=panelled)]

        def command(ctx: typer.Context, **given: Any) -> None:  # noqa: ANN401  what typer has read
            flags = {one.name: given.pop(one.name) for one in made}
            said = {name: value for name, value in flags.items() if _is_said(ctx, name)}
            verb(_request(names, said), **given)

        context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        both = (*made, *own) if panelled else (*own, *made)
        keyed = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in both]
        command.__signature__ = inspect.Signature([context, *sorted(keyed, key=_rank)])  # type: ignore[attr-defined]
        command.__name__, command.__doc__ = verb.__name__, verb.__doc__
        return command

    return decorate


def _is_said(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name in _GIVEN


def _with_bare_values(args: Sequence[str]) -> list[str]:
    """The arguments with what a flag means that stands without one of its values; a model may follow it.

    Example:
        >>> _with_bare_values(["--ladder", "demo", "--ladder", "all"])
        ['--ladder', 'first', 'demo', '--ladder', 'all']
    """
    bare = {known.flag: known.option for known in known_options().values() if known.option.bare}
    found: list[str] = []
    for index, one in enumerate(args):
        found.append(one)
        if one == "--":
            return [*found, *args[index + 1 :]]
        if one in bare and "".join(args[index + 1 : index + 2]) not in bare[one].choices:
            found.append(bare[one].bare)
    return found


def _rank(parameter: inspect.Parameter) -> int:
    """Arguments, then headings in their order; what has none stands where it always does, first."""
    panels = [getattr(one, "rich_help_panel", None) for one in get_args(parameter.annotation)]
    return max((PANELS.index(panel) + 1 for panel in panels if panel in PANELS), default=0)


def _flags(known: Known, *, panelled: bool) -> Iterator[inspect.Parameter]:
    """The flag of an option, and older flags for the same."""
    option, kind = known.option, known.type
    panel = option.panel if panelled else None
    default = known.default
    if kind == tuple[str, ...] or known.name == "slurm":
        kind, default = list[str] | None, None
    if known.name == "models":
        yield _parameter(known.name, kind, default, typer.Argument(metavar=option.metavar, help=option.help))
        return
    shown = typer.Option(known.flag, metavar=option.metavar or None, help=option.help, rich_help_panel=panel)
    yield _parameter(known.name, kind, default, shown)
    if option.alias:
        yield _parameter(_alias(option.alias), kind, default, typer.Option(f"--{option.alias}", hidden=True))
    for name in _SLURM if known.name == "slurm" else ():
        yield _parameter(_alias(f"slurm-{name}"), str | None, None, typer.Option(f"--slurm-{name}", hidden=True))


def _parameter(name: str, kind: Any, default: object, info: object) -> inspect.Parameter:  # noqa: ANN401  a type
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


def _alias(flag: str) -> str:
    return flag.replace("-", "_")


def _request(names: Sequence[str], said: Mapping[str, Any]) -> Request:
    """The request: what was said over what a study file says over the defaults."""
    values: dict[str, Any] = {}
    for name in names:
        alias = _alias(known_options()[name].option.alias)
        value = said.get(name, said.get(alias)) if name != "slurm" else _job_options(said) or None
        if value is not None:
            values[name] = tuple(value) if isinstance(value, list) else value
    if "models" in names:
        values = _with_models_of_file(_with_study_file(values, names))
    return Request(**values)


def _with_study_file(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    named = values.pop("models", ())
    files = [one for one in named if one.lower().endswith(_STUDY_FILE)]
    others = tuple(one for one in named if one not in files)
    flags = {**values, **({"models": others} if others else {})}
    if not files:
        return flags
    if len(files) > 1:
        raise InputError(f"{files[0]}, {files[1]}: are two study files. Give one, and run once for each.")
    from probe.study.study_file import read_study_file  # noqa: PLC0415  most runs have none

    read = read_study_file(Path(files[0]))
    return {name: value for name, value in read.items() if name in names or name == "source"} | flags


def _with_models_of_file(values: dict[str, Any]) -> dict[str, Any]:
    if "models" in values or values.get("models_file") is None:
        return values
    from probe.design.models import own_models  # noqa: PLC0415  most runs name their models

    return {**values, "models": tuple(own_models(values["models_file"]))}


def _job_options(said: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Options of jobs, from ``KEY=VALUE`` and from flags of their own."""
    pairs = [*(said.get("slurm") or ()), *(said.get("slurm_option") or ())]
    for one in pairs:
        if "=" not in one:
            raise InputError(f"--slurm {one}: no value. Give KEY=VALUE, with a name that sbatch knows.")
    split = [one.split("=", 1) for one in pairs]
    named = {name: said[f"slurm_{name}"] for name in _SLURM if f"slurm_{name}" in said}
    return (*named.items(), *((name.strip(), value) for name, value in split))
