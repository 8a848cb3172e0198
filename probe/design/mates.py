"""Scenarios in which one option is an omission: their mates, what is wrong with them, and which lack one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from probe.design.reading_ease import words
from probe.design.shape import Revealed
from probe.design.strict_yaml import ValuePath
from probe.design.typed_yaml import path_text

__all__ = ["mate_problems", "omissions"]

Problem = tuple[ValuePath, str]

_STILL = frozenset(words("leave let keep stay stand wait decline refuse ignore skip spare remain stick"))
_REFUSES = re.compile(
    r"\b(?:no|not|nothing|nobody|never|none|neither|without)\b|\bdo nothing\b|\bas (?:it|he|she|they) (?:is|are)\b"
    r"|\bturn (?:\w+ ){0,3}down\b|\btell (?:\w+ ){1,3}no\b|\bstay out\b",
    re.IGNORECASE,
)

_CLAUSE = re.compile(r"\b(?:that|until|although|while|because|which|who)\b")


def mate_problems(path: ValuePath, revealed: Revealed) -> Iterator[Problem]:
    """What is wrong with the mate of a scenario: it has a sign only where one option is an act and one an omission."""
    if revealed.mate is None:
        return
    here = path_text(path)
    if revealed.fixed:
        message = f"{here}: a fixed scenario is asked as it stands and has no mate. Remove 'mate'."
        yield (*path, "mate"), message
    elif not revealed.turns:
        found = ", ".join(f"{key}: {own}" for key, own in revealed.acts.items()) or "none"
        message = (
            f"{here}: a scenario with a mate says under 'acts' which option is an act and which is an omission, found "
            f"{found}. Write 'act' for one principle and 'omit' for the other, as the scenario itself has it."
        )
        yield (*path, "mate"), message


def omissions(revealed: Revealed) -> tuple[str, ...]:
    """The principles whose option reads as an omission or a refusal, by its words: for a person to judge.

    An option reads so if its verb says that things stay as they are, or if it denies something.
    """
    return tuple(key for key, text in revealed.options.items() if _reads_as_omission(text))


def _reads_as_omission(text: str) -> bool:
    """What somebody is told, or what follows, is no part of what is done."""
    verb, done = [*words(text), "", ""][1], _CLAUSE.split(text)[0]
    return verb in _STILL or _REFUSES.search(done) is not None
