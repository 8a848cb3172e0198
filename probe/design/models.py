"""models.yaml: the models that are known by name, and what an argument on the command line means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from probe.design.data import PACKAGE, data_path
from probe.design.fields import Characters, Id, Nullable, Text
from probe.design.strict_yaml import Document, Faulty, faults_as, load_yaml, parse_yaml
from probe.design.typed_yaml import did_you_mean, listed, read_as
from probe.errors import ModelError

__all__ = [
    "ModelEntry",
    "ModelSpec",
    "Quantisation",
    "Template",
    "load_models",
    "own_models",
    "read_models_text",
    "resolve_model",
]

_HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_FEW = 12
_COMMIT = re.compile(r"[0-9a-f]{40}")


def _truth_word(value: object) -> object:
    """True and false for the words of these names, all other text as text: a template distinguishes them."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _check_pattern(pattern: re.Pattern[str], what: str, value: object) -> object:
    if isinstance(value, str) and not pattern.fullmatch(value):
        raise ValueError(f"{value!r} is not {what}. Mend it.")
    return value


HubId = Annotated[str, BeforeValidator(partial(_check_pattern, _HUB_ID, "a hub id of the form org/name"))]
Commit = Annotated[str, BeforeValidator(partial(_check_pattern, _COMMIT, "a commit of 40 hexadecimal digits"))]


Billions = Annotated[Annotated[float, Field(gt=0, allow_inf_nan=False)] | None, Nullable]
Quantisation = Literal["none", "int8", "nf4"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Template(_Frozen):
    """What a model's chat template is given beside the messages, and what follows its generation prompt.

    Attributes:
        keywords: Names that the template reads, and their values.
        append: Text right after the generation prompt.
        append_ids: Token ids right after that, for what no text can say.
    """

    keywords: dict[str, Annotated[bool | Characters, BeforeValidator(_truth_word)]] = {}
    append: Characters = ""
    append_ids: tuple[Annotated[int, Field(ge=0)], ...] = ()


class ModelEntry(_Frozen):
    """What is known of a model before it is loaded; None where it is not known.

    Attributes:
        id: The name that users and tables call it.
        hub: Its hub id; this or `path`.
        path: Its folder, from the folder of the file that the entry stands in (for the shipped file, from the
            package); this or `hub`.
        revision: The commit that is pinned.
        family: Models of one family share architecture and training data.
        kind: Whether it only continues text, follows instructions, or thinks before it answers.
        params_b: Parameters, in thousand millions.
        active_b: Of these, how many one token passes through; for a mixture of experts.
        unquantised_b: Of these, how many bitsandbytes leaves as they are: embeddings, output projection, experts.
        licence: Name of the licence of its weights.
        gated: Whether its licence must be accepted on the hub first.
        context: Longest prompt, in tokens.
        dtype: What its weights are stored in.
        quant: Which ways of loading make sense.
        template: How to ask it for an answer right away.
        unverified: Fields that nobody has compared with the model's own page or files.
        notes: What surprises people.
    """

    id: Id
    hub: Annotated[HubId | None, Nullable] = None
    path: Annotated[Path | None, Nullable] = None
    revision: Annotated[Commit | None, Nullable] = None
    family: Text
    kind: Literal["base", "instruct", "reasoning"]
    params_b: Billions = None
    active_b: Billions = None
    unquantised_b: Billions = None
    licence: Text
    gated: Annotated[bool | None, Nullable] = None
    context: Annotated[Annotated[int, Field(gt=0)] | None, Nullable] = None
    dtype: Annotated[Literal["float32", "float16", "bfloat16"] | None, Nullable] = None
    quant: Annotated[Annotated[tuple[Quantisation, ...], Field(min_length=1)] | None, Nullable] = None
    template: Template = Template()
    unverified: tuple[Text, ...] = ()
    notes: Characters = ""

    _folder: Path = PrivateAttr(default=PACKAGE)

    @model_validator(mode="after")
    def _one_source(self) -> ModelEntry:
        if (self.hub is None) == (self.path is None):
            found = "both" if self.hub else "neither"
            raise ValueError(f"the model '{self.id}' needs either 'hub' or 'path', found {found}. Give one.")
        return self

    @model_validator(mode="after")
    def _parts_fit_the_whole(self) -> ModelEntry:
        for name in ("active_b", "unquantised_b"):
            part = getattr(self, name)
            if part is not None and self.params_b is not None and part > self.params_b:
                raise ValueError(f"{name} of '{self.id}' is {part:g}, more than params_b, {self.params_b:g}. Mend one.")
        return self

    @model_validator(mode="after")
    def _unverified_is_given(self) -> ModelEntry:
        given = {name for name in self.model_fields_set if getattr(self, name) is not None} - {"unverified"}
        for name in self.unverified:
            if name not in given:
                hint = did_you_mean(name, given) or " Take it out."
                raise ValueError(f"unverified of '{self.id}' names '{name}', and the entry gives no such field.{hint}")
        return self

    @property
    def source(self) -> Path | str:
        """The model's folder, or its hub id."""
        return self.hub if self.path is None else self._folder / self.path  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Which model is meant.

    Attributes:
        name: What tables call it: the id of an entry, a folder's base name, or a hub id.
        source: A folder, or a hub id as text.
        revision: The pinned commit, or None.
        entry: What models.yaml says of it, or None.
    """

    name: str
    source: Path | str
    revision: str | None
    entry: ModelEntry | None


class _ModelsFile(_Frozen):
    models: tuple[ModelEntry, ...]


def load_models(extra: Path | None = None) -> dict[str, ModelEntry]:
    """The shipped models by id, and those of the user's own file over them.

    Raises:
        ModelError: A file is wrong; one line per fault.
    """
    models = _read(data_path("models.yaml"), PACKAGE)
    if extra is not None:
        models |= own_models(extra)
    return models


def own_models(path: Path) -> dict[str, ModelEntry]:
    """The models of the user's own file alone, by id, in its order.

    Raises:
        ModelError: The file is wrong; one line per fault.
    """
    return _read(path, path.absolute().parent)


def resolve_model(argument: str, models: Mapping[str, ModelEntry]) -> ModelSpec:
    """The model that an argument names.

    An argument that contains ``/`` and exists is a folder, or a GGUF file, whose name is its stem; otherwise the id
    of an entry; otherwise a hub id. A folder or a hub id that an entry names is that entry's model, with its name and
    its template options.

    Raises:
        ModelError: It is none of these, or several entries name it.

    Example:
        >>> resolve_model("demo", load_models()).source.name
        'demo_model'
        >>> resolve_model("some-org/some-model", {}).source
        'some-org/some-model'
    """
    path = Path(argument)
    if ("/" in argument and path.exists()) or (path.suffix.lower() == ".gguf" and path.is_file()):
        if not path.is_dir() and path.suffix.lower() != ".gguf":
            raise ModelError(
                f"model '{argument}': is a file. Give the folder that holds config.json and the weights, or "
                "a .gguf file."
            )
        known = _entry_of(path, models)
        if known is not None:
            return ModelSpec(known.id, path, None, known)
        name = path.name if path.name not in ("", "..") else path.resolve().name
        return ModelSpec(_stem_of_gguf(path) or name, path, None, None)
    if argument in models:
        entry = models[argument]
        return ModelSpec(entry.id, entry.source, entry.revision, entry)
    if _HUB_ID.fullmatch(argument):
        known = _entry_of(argument, models)
        return ModelSpec(known.id if known else argument, argument, known.revision if known else None, known)
    hint = did_you_mean(argument, models)
    if path.is_dir():
        hint = f" For the folder, write ./{argument}."
    raise ModelError(
        f"model '{argument}': neither an existing folder whose path contains '/', nor an id of models.yaml, nor a hub "
        f"id of the form org/name.{hint or f' {_known(models)}: name one of them, or give a folder.'}"
    )


def _stem_of_gguf(path: Path) -> str | None:
    """What a GGUF file is called, given itself or as the only model of its folder."""
    if path.is_file():
        return path.stem
    files = [] if any(path.glob("*.safetensors")) else list(path.glob("*.gguf"))
    return files[0].stem if len(files) == 1 else None


def _known(models: Mapping[str, ModelEntry]) -> str:
    """The ids, where a reader can take them in; else where they are listed."""
    few = len(models) <= _FEW
    return f"Ids are {listed(models)}" if few else f"`probe list models` tells the {len(models)} ids"


def _entry_of(source: Path | str, models: Mapping[str, ModelEntry]) -> ModelEntry | None:
    """The entry that names this folder or hub id.

    Raises:
        ModelError: Several do.
    """
    if isinstance(source, Path):
        found = [one for one in models.values() if one.path is not None and _same_folder(one.source, source)]
    else:
        found = [one for one in models.values() if one.hub == source]
    if len(found) > 1:
        raise ModelError(
            f"model '{source}': the entries {listed([one.id for one in found])} all name it. Give the id of one."
        )
    return found[0] if found else None


def _same_folder(one: Path | str, other: Path) -> bool:
    return Path(one).resolve() == other.resolve()


def read_models_text(text: str, where: str) -> dict[str, ModelEntry]:
    """The entries of a models file given as text, by id; `where` names it in messages.

    Raises:
        ModelError: It is wrong; one line per fault.
    """
    with faults_as(ModelError):
        return _entries(parse_yaml(text, where), PACKAGE)


def _read(path: Path, folder: Path) -> dict[str, ModelEntry]:
    with faults_as(ModelError):
        return _entries(load_yaml(path), folder)


def _entries(document: Document, folder: Path) -> dict[str, ModelEntry]:
    models: dict[str, ModelEntry] = {}
    for index, entry in enumerate(read_as(document, _ModelsFile).models):
        if entry.id in models:
            message = f"models[{index}]: the id '{entry.id}' stands twice. Remove one."
            raise Faulty([document.fault(("models", index, "id"), message)])
        entry._folder = folder
        models[entry.id] = entry
    return models
