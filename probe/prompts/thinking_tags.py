"""Tags around a model's thoughts, and whether a text ends between them."""

from __future__ import annotations

import re

__all__ = ["closing_tag", "has_thought_tag", "open_thought"]

_TAG = re.compile(
    r"[<\[\u25c1][^<>\[\]\u25c1\u25b7\s]*(?:think|thought|reason)[^<>\[\]\u25c1\u25b7\s]*[>\]\u25b7]", re.IGNORECASE
)
_NAMED = re.compile(
    r"([<\[][^<>\[\]\s]*[>\]])\s*((?:thoughts?|think|thinking|analysis|reasoning)\b)(?:<\|?message\|?>)?", re.IGNORECASE
)
"""A control token and, right behind it, a word that opens a thought: a channel or a role of that name."""

_ANY_TAG = re.compile(r"[<\[][^<>\[\]\s]+[>\]]")
_CLOSES = re.compile(r"^.\|?/|(?<![a-z])end(?![a-z])", re.IGNORECASE)


def open_thought(text: str) -> str | None:
    r"""The tag of a thought that `text` ends inside, if it does.

    Example:
        >>> open_thought("Hi <think>\n")
        '<think>'
        >>> open_thought("<think>\n\n</think>\n\n") is None
        True
        >>> open_thought("<|START_THINKING|>..<|END_THINKING|><|START_THINKING|>")
        '<|START_THINKING|>'
        >>> open_thought("<|turn>model\n<|channel>thought\n")
        '<|channel>thought'
    """
    tags = _TAG.findall(text)
    if tags and not _closes(tags[-1]):
        return str(tags[-1])
    named = list(_NAMED.finditer(text))
    return named[-1][1] + named[-1][2] if named and not _ANY_TAG.search(text, named[-1].end()) else None


def closing_tag(opening: str) -> str:
    """What closes a thought, by the way its opening is written.

    Example:
        >>> closing_tag("<think>"), closing_tag("[THINK]"), closing_tag("<|START_THINKING|>")
        ('</think>', '[/THINK]', '<|END_THINKING|>')
        >>> closing_tag("<|begin_of_thought|>")
        '<|end_of_thought|>'
    """
    if not opening.endswith((">", "]", "\u25b7")):
        return _reversed(_ANY_TAG.search(opening))
    for start, end in (("START", "END"), ("start", "end"), ("BEGIN", "END"), ("begin", "end")):
        if re.search(f"(?<![A-Za-z]){start}(?![A-Za-z])", opening):
            return opening.replace(start, end, 1)
    return f"{opening[0]}/{opening[1:]}"


def _reversed(tag: re.Match[str] | None) -> str:
    """A channel's opening with the bar on its other side, as in ``<|channel>`` and ``<channel|>``."""
    text = "" if tag is None else tag.group()
    return f"<{text[2:-1]}|>" if text.startswith("<|") and not text.endswith("|>") else text


def has_thought_tag(text: str) -> bool:
    """Whether any tag of a thought, opening or closing, stands in `text`."""
    return _TAG.search(text) is not None


def _closes(tag: str) -> bool:
    return _CLOSES.search(tag) is not None
