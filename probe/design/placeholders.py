"""Context factors and their ``{{name}}`` places: every one named, every one used, every level different."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

from probe.design.shape import Revealed
from probe.design.strict_yaml import ValuePath
from probe.design.typed_yaml import did_you_mean, listed, path_text

__all__ = ["Inserted", "brace_problems", "factor_problems", "fill", "filled_spans", "without_placeholders"]

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")

Problem = tuple[ValuePath, str]


def fill(text: str, words: Mapping[str, str]) -> str:
    """The text with every ``{{name}}`` replaced by the words for `name`.

    Example:
        >>> fill("You owe {{sum}}.", {"sum": "ten euros"})
        'You owe ten euros.'
    """
    return _PLACEHOLDER.sub(lambda where: words[where.group(1)], text)


@dataclass(frozen=True, slots=True)
class Inserted:
    """Where the words of a factor stand in a filled text, without space around them."""

    factor: str
    start: int
    end: int


def filled_spans(text: str, words: Mapping[str, str]) -> tuple[str, list[Inserted]]:
    """The text as `fill` makes it, and where each factor's words stand in it.

    Example:
        >>> filled_spans("You owe {{sum}}.", {"sum": "ten euros"})
        ('You owe ten euros.', [Inserted(factor='sum', start=8, end=17)])
    """
    found: list[Inserted] = []
    made, at = "", 0
    for found_at in _PLACEHOLDER.finditer(text):
        own = words[found_at.group(1)]
        made += text[at : found_at.start()]
        begin = len(made) + len(own) - len(own.lstrip())
        made += own
        at = found_at.end()
        if own.strip():
            found.append(Inserted(found_at.group(1), begin, begin + len(own.strip())))
    return made + text[at:], found


def without_placeholders(text: str) -> str:
    """The text without its places: what every cell of a scenario shares.

    Example:
        >>> without_placeholders("You owe {{sum}} to Ida.")
        'You owe  to Ida.'
    """
    return _PLACEHOLDER.sub("", text)


def brace_problems(path: ValuePath, text: str) -> Iterator[Problem]:
    """Double braces in a text that no factor can fill."""
    if "{{" in text or "}}" in text:
        message = (
            f"{path_text(path)}: holds '{{{{' or '}}}}', but only scenarios have placeholders for factors. "
            "Write the words out."
        )
        yield path, message


def factor_problems(path: ValuePath, revealed: Revealed) -> Iterator[Problem]:
    """What is wrong with a scenario's factors, their levels and the places for them."""
    used = yield from _used(path, revealed.text, revealed.options, revealed)
    for factor, levels in revealed.factors.items():
        here = (*path, "factors", factor)
        if factor not in used:
            message = f"{path_text(here)}: the factor is not used. Put {{{{{factor}}}}} in the text, or remove it."
            yield here, message
        yield from _level_problems(here, levels)
    if revealed.mate is not None:
        here = (*path, "mate")
        used = yield from _used(here, revealed.mate.text, revealed.mate.options, revealed)
        for factor in revealed.factors:
            if factor not in used:
                message = f"{path_text(here)}: the factor '{factor}' is not used. Put {{{{{factor}}}}} in its text too."
                yield (*here, "text"), message


def _used(
    path: ValuePath, text: str, options: Mapping[str, str], revealed: Revealed
) -> Generator[Problem, None, set[str]]:
    """The factors that a situation's texts have places for, and what is wrong with the places."""
    texts = {(*path, "text"): text} | {(*path, "options", key): words for key, words in options.items()}
    used: set[str] = set()
    for where, words in texts.items():
        names = _PLACEHOLDER.findall(words)
        used.update(names)
        yield from _placeholder_problems(where, words, names, revealed)
    return used


def _placeholder_problems(path: ValuePath, text: str, names: list[str], revealed: Revealed) -> Iterator[Problem]:
    for name in dict.fromkeys(names):
        if name not in revealed.factors:
            hint = did_you_mean(name, revealed.factors) or " Declare it under 'factors', or write the words out."
            known = listed(revealed.factors)
            yield path, f"{path_text(path)}: {{{{{name}}}}} names no factor; the factors are {known}.{hint}"
    rest = _PLACEHOLDER.sub("", text)
    if "{{" in rest or "}}" in rest:
        yield path, f"{path_text(path)}: a '{{{{' or '}}}}' is left over. Write a placeholder as {{{{name}}}}."


def _level_problems(path: ValuePath, levels: Mapping[str, str]) -> Iterator[Problem]:
    here = path_text(path)
    if len(levels) < 2:
        yield path, f"{here}: two levels or more are expected, found {len(levels)}. Add one, or write the words out."
    first: dict[str, str] = {}
    for level, text in levels.items():
        if text in first:
            message = f"{here}: the levels '{first[text]}' and '{level}' have the same text. Let them change the text."
            yield (*path, level), message
        first.setdefault(text, level)
        if "{{" in text or "}}" in text:
            yield (*path, level), f"{here}.{level}: a level holds '{{{{' or '}}}}'. Write the words out."
