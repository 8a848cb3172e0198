"""The kinds of text that files hold: ids, one-line texts, texts. What each refuses, and why."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

__all__ = [
    "Characters",
    "Id",
    "LineText",
    "Nullable",
    "Text",
    "check_characters",
    "check_id",
    "check_line",
    "check_text",
    "is_id",
    "label_like",
    "null_word",
]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")
_LABEL_LIKE = re.compile(r"[(\[]?(?:[A-Za-z]|[0-9]{1,2})[)\].:](?=\s|$)")


def is_id(text: str) -> bool:
    """Whether a text is an id: at most 64 letters, digits, dots, dashes and underscores.

    Example:
        >>> is_id("honesty-kindness"), is_id("../x"), is_id("a/b"), is_id("")
        (True, False, False, False)
    """
    return _ID.fullmatch(text) is not None


def check_id(text: str) -> str:
    """The text, when it is an id."""
    if not is_id(text):
        raise ValueError(
            f"{text!r} is not an id. Use 1 to 64 letters, digits, '.', '_' and '-', beginning with a letter or digit."
        )
    return text


def check_characters(text: str) -> str:
    """The text, when it holds no control character but the line feed, and no mark that turns its direction."""
    for character in text:
        if character == "\n":
            continue
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _DIRECTION_MARKS:
            raise ValueError(f"the control character U+{ord(character):04X} is not taken. Remove it.")
    return text


def label_like(line: str) -> str:
    """The beginning of a line that reads as an option's label; empty when there is none.

    Example:
        >>> label_like("(b) Stay."), label_like("12. Go."), label_like("A friend. B"), label_like("3.5 miles")
        ('(b)', '12.', '', '')
    """
    match = _LABEL_LIKE.match(line.lstrip())
    return match.group() if match else ""


def check_text(text: str) -> str:
    """The text, when a prompt can show it: not empty, no white space at its ends, no control character."""
    check_characters(text)
    if not text.strip():
        raise ValueError("the text is empty. Write it.")
    if text != text.strip():
        raise ValueError("the text begins or ends in white space. Remove it (use >- or |- for a block of text).")
    return text


def check_line(text: str) -> str:
    """The text, when it is one line and does not begin like a label."""
    check_text(text)
    if "\n" in text:
        raise ValueError("an option is more than one line. Write it in one (use >- for a folded block).")
    if label := label_like(text):
        raise ValueError(
            f"an option begins with {label!r}, which reads as a label. Labels come from the design: remove it."
        )
    return text


def null_word(value: object) -> object:
    """None for the words that YAML has for nothing; everything else as it is."""
    return None if value in ("null", "~", "") else value


Id = Annotated[str, AfterValidator(check_id), WithJsonSchema({"type": "string", "pattern": f"^{_ID.pattern}$"})]
Text = Annotated[str, AfterValidator(check_text)]
Characters = Annotated[str, AfterValidator(check_characters)]
LineText = Annotated[str, AfterValidator(check_line)]
Nullable = BeforeValidator(null_word)
