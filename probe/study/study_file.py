"""A study file: the options of a request as keys of one YAML file, read as strictly as every other input."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from probe.design.fields import Nullable
from probe.design.strict_yaml import faults_as, load_yaml
from probe.design.typed_yaml import read_as
from probe.errors import InputError
from probe.study.request import known_options

if TYPE_CHECKING:
    from pathlib import Path

    from probe.study.request import Known

__all__ = ["read_study_file"]

_KEY = "key_"
"""Begins the names of the model's fields: a model has methods of its own, `validate` among them."""


def read_study_file(path: Path) -> dict[str, Any]:
    """Values of a request's fields that a file gives, its own text among them; what it leaves out is left out.

    Paths in it start where the command does, as they do in a flag.

    Raises:
        InputError: The file is wrong: one line per fault, with file, line and what to do.
    """
    with faults_as(InputError):
        document = load_yaml(path)
        given = read_as(document, _file_model())
    values = {field.removeprefix(_KEY): getattr(given, field) for field in given.model_fields_set}
    if "slurm" in values:
        values["slurm"] = tuple(values["slurm"].items())
    return {**values, "source": document.source}


@cache
def _file_model() -> type[BaseModel]:
    kinds: dict[str, Any] = {
        _KEY + name: (_kind(known), Field(known.default, alias=name)) for name, known in known_options().items()
    }
    made: type[BaseModel] = create_model("StudyFile", __config__=ConfigDict(frozen=True, extra="forbid"), **kinds)
    return made


def _kind(known: Known) -> Any:  # noqa: ANN401  a type, made at run time
    kind, option = known.type, known.option
    if known.name == "slurm":
        return dict[str, str]
    if option.choices:
        kind = Literal[option.choices]
    if option.minimum is not None:
        kind = Annotated[kind, Field(ge=option.minimum)]
    if known.default is None:
        kind = Annotated[kind, Nullable]
    if known.type != tuple[str, ...]:
        return kind
    if known.name == "system":
        return Annotated[kind, BeforeValidator(_as_list), BeforeValidator(_none_as_list), Nullable]
    return Annotated[kind, BeforeValidator(_named), BeforeValidator(_as_list)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _named(value: object) -> object:
    if value == []:
        raise ValueError("the list is empty. Name something in it, or leave the key out for the default.")
    return value


def _none_as_list(value: object) -> object:
    return [] if value is None else value
