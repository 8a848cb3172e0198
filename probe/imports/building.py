"""Small pieces that importers share: ids, texts that a trade-off file can hold, items that are asked as they stand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from probe.design.fields import label_like
from probe.design.shape import Revealed, Stated

S = TypeVar("S", bound=BaseModel)

__all__ = ["as_id", "revealed_item", "stated_item", "tidied"]


def as_id(text: str) -> str:
    """A text as an id: letters, digits, dots, dashes and underscores, at most 64.

    Example:
        >>> as_id("Do not break your promises!")
        'do-not-break-your-promises'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._]+", "-", plain).strip("-._").lower()[:64] or "x"


def tidied(text: str) -> tuple[str, tuple[str, ...]]:
    r"""The text without what a prompt cannot show, and what was changed.

    Example:
        >>> tidied(" Tea\tor coffee?\r\n")
        ('Tea or coffee?', ('tabs, carriage returns and outer white space left out',))
    """
    plain = re.sub(r"\r\n?", "\n", text).replace("\t", " ").replace("\u2028", "\n").replace("\u2029", "\n").strip()
    changes = () if plain == text else ("tabs, carriage returns and outer white space left out",)
    return plain, changes


def stated_item(id_: str, text: str, options: Mapping[str, str], *, fixed: bool = False) -> Stated | str:
    """A stated question, or why a trade-off file cannot hold it."""
    fault = _fault(text, options)
    content = {"id": id_, "form": "choose", "text": text, "options": dict(options), "fixed": fixed}
    return fault or _built(Stated, content)


def revealed_item(id_: str, text: str, options: Mapping[str, str], *, fixed: bool = False) -> Revealed | str:
    """A scenario, or why a trade-off file cannot hold it."""
    fault = _fault(text, options)
    return fault or _built(Revealed, {"id": id_, "text": text, "options": dict(options), "fixed": fixed})


def _fault(text: str, options: Mapping[str, str]) -> str:
    if any("{{" in one or "}}" in one for one in (text, *options.values())):
        return "the text holds double braces, which mark factors in a trade-off file"
    if len(set(options.values())) < len(options):
        return "both options have the same words"
    for one in options.values():
        if mark := label_like(one):
            return f"an option begins with {mark!r}, which reads as a label"
    return ""


def _built(shape: type[S], content: Mapping[str, object]) -> S | str:
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        return "; ".join(str(one.get("ctx", {}).get("error", one["msg"])) for one in error.errors())
