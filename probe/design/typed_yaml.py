"""A strict YAML document as a typed value; what does not fit is told with file, line, what was found, what to do."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Collection
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from probe.design.strict_yaml import Document, Fault, Faulty, Plain, ValuePath

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["did_you_mean", "listed", "path_text", "read_as"]

M = TypeVar("M", bound=BaseModel)

_BEGINNING = 3
"""So many letters are enough to mean a word that begins with them."""

_EXPECTED = {
    "string_type": "text",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
}


def read_as(document: Document, model: type[M]) -> M:
    """The document as a value of `model`.

    Raises:
        Faulty: With one fault for everything that does not fit, in the order of lines.
    """
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        faults = [_fault(document, model, detail) for detail in error.errors(include_url=False)]
    raise Faulty(sorted(faults, key=lambda fault: fault.line))


def did_you_mean(word: str, known: Collection[str]) -> str:
    """`` Did you mean 'x'?`` when a known word is near or begins so, capitals or not, else nothing.

    Example:
        >>> did_you_mean("kindnes", ["honesty", "kindness"]), did_you_mean("Hon", ["honesty", "kindness"])
        (" Did you mean 'kindness'?", " Did you mean 'honesty'?")
    """
    lower = {one.lower(): one for one in sorted(known, reverse=True)}
    near = difflib.get_close_matches(word.lower(), sorted(lower), n=1, cutoff=0.6)
    longer = [one for one in sorted(lower) if len(word) >= _BEGINNING and one.startswith(word.lower())]
    return next((f" Did you mean '{lower[one]}'?" for one in [*near, *longer]), "")


def listed(words: Collection[str]) -> str:
    """Words in quotes with commas between them.

    Example:
        >>> listed(["a", "b"])
        "'a', 'b'"
    """
    return ", ".join(f"'{word}'" for word in words) or "none"


def path_text(path: ValuePath) -> str:
    """A path of keys and indices as people write it.

    Example:
        >>> path_text(("revealed", 3, "options"))
        'revealed[3].options'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the file"


def _fault(document: Document, model: type[BaseModel], detail: ErrorDetails) -> Fault:
    path = _path_in(document.value, detail["loc"])
    return document.fault(path, _message(model, path, detail))


def _path_in(value: Plain, loc: ValuePath) -> ValuePath:
    """The part of pydantic's location that exists in the file: without names of union members and key markers."""
    path: list[str | int] = []
    for part in loc:
        inside = _inside(value, part)
        if inside is not None:
            path.append(part)
            value = inside
    return tuple(path)


def _inside(value: Plain, part: str | int) -> Plain | None:
    if isinstance(value, dict):
        return value.get(str(part))
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def _message(model: type[BaseModel], path: ValuePath, detail: ErrorDetails) -> str:
    where, found = path_text(path), _found(detail["input"])
    context = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            text = f"the key '{detail['loc'][-1]}' is missing. Add it."
        case "extra_forbidden":
            where, key, keys = path_text(path[:-1]), str(path[-1]), _keys_at(model, path[:-1])
            hint = did_you_mean(key, keys) or " Remove it."
            text = f"the key '{key}' is not known; known are {listed(keys)}.{hint}"
        case "literal_error":
            words = [str(word) for word in typing.get_args(_type_at(model, path))]
            hint = did_you_mean(str(detail["input"]), words) or " Write one of them."
            text = f"one of {listed(words)} is expected, found {found}.{hint}"
        case "too_long" | "too_short":
            bound = context.get("max_length", context.get("min_length"))
            text = f"{bound} entries are expected, found {context['actual_length']}. Mend the list."
        case "value_error":
            text = str(context["error"])
        case kind if kind in _EXPECTED:
            text = f"{_EXPECTED[kind]} is expected, found {found}. Mend the value."
        case _:
            text = f"{detail['msg']}, found {found}. Mend the value."
    return f"{where}: {text}"


def _found(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"


def _type_at(annotation: object, path: ValuePath) -> object:
    """The annotation that holds at a path, through models, lists, mappings, unions and `Annotated`."""
    while True:
        origin, args = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            annotation = args[0]
        elif origin in (typing.Union, types.UnionType):
            annotation = next((arg for arg in args if arg is not type(None)), None)
        elif not path:
            return annotation
        elif origin is dict:
            annotation, path = args[1], path[1:]
        elif origin in (tuple, list):
            annotation, path = args[0], path[1:]
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            name = next((n for n, f in annotation.model_fields.items() if path[0] in (n, f.alias)), None)
            annotation, path = (annotation.model_fields[name].annotation if name else None), path[1:]
        else:
            return None


def _keys_at(model: type[BaseModel], path: ValuePath) -> list[str]:
    found = _type_at(model, path)
    if isinstance(found, type) and issubclass(found, BaseModel):
        return [info.alias or name for name, info in found.model_fields.items()]
    return []
