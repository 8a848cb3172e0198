"""Questions without listed options, to which the options' own texts are read as answers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from probe.design.items import Item

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BEHIND_ID", "GREETING", "answer_text", "asks_which", "has_texts", "text_items"]

BEHIND_ID = "~texts"
"""What follows the id of an item in that of the same question without listed options."""

GREETING = "Hello."
"""What stands in the question's position where it is read how probable a text is whatever is asked."""

_WHICH = re.compile(r"\bwhich (?:of (?:the|these)|option)\b", re.IGNORECASE)
_ENDED = re.compile(r"[.!?。！？…]['\"’”»)\]]*$")


def has_texts(item: Item) -> bool:
    """Whether an item is asked without its options too: not if its text prints them, or if it has no content.

    Known-answer controls are among them where one answer is right, as the choice of a method rests on these.
    """
    return item.fixed is None and (item.side != "control" or item.expect is not None)


def text_items(items: Iterable[Item]) -> tuple[Item, ...]:
    """The same questions, to be asked without listed options, sorted by id."""
    found = (replace(item, id=f"{item.id}{BEHIND_ID}", table="texts") for item in items if has_texts(item))
    return tuple(sorted(found, key=lambda item: item.id))


def answer_text(option: str) -> str:
    """An option's text as an answer: with the full stop that ends it.

    Example:
        >>> answer_text("I agree"), answer_text("Keep the promise.")
        ('I agree.', 'Keep the promise.')
    """
    text = option.strip()
    return text if _ENDED.search(text) else f"{text}."


def asks_which(text: str) -> bool:
    """Whether a question speaks of options that are not there where none are listed.

    Example:
        >>> asks_which("Which of the two should come first for you?"), asks_which("What do you do?")
        (True, False)
    """
    return _WHICH.search(text) is not None
