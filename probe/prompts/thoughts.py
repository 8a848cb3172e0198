"""Tags around a model's thoughts, and whether a text ends between them."""

from __future__ import annotations

import re

__all__ = ["closing_tag", "has_thought_tag", "open_thought"]

_TAG = re.compile(
    r"[<\[\u25c1][^<>\[\]\u25c1\u25b7\s]*(?:think|thought|reason)[^<>\[\]\u25c1\u25b7\s]*[>\]\u25b7]", re.IGNORECASE
)
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
    """
    tags = _TAG.findall(text)
    return None if not tags or _closes(tags[-1]) else str(tags[-1])


def closing_tag(opening: str) -> str:
    """What closes a thought, by the way its opening is written.

    Example:
        >>> closing_tag("<think>"), closing_tag("[THINK]"), closing_tag("<|START_THINKING|>")
        ('</think>', '[/THINK]', '<|END_THINKING|>')
        >>> closing_tag("<|begin_of_thought|>")
        '<|end_of_thought|>'
    """
    for start, end in (("START", "END"), ("start", "end"), ("BEGIN", "END"), ("begin", "end")):
        if re.search(f"(?<![A-Za-z]){start}(?![A-Za-z])", opening):
            return opening.replace(start, end, 1)
    return f"{opening[0]}/{opening[1:]}"


def has_thought_tag(text: str) -> bool:
    """Whether any tag of a thought, opening or closing, stands in `text`."""
    return _TAG.search(text) is not None


def _closes(tag: str) -> bool:
    return _CLOSES.search(tag) is not None
