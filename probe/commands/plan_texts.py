"""What reading option texts costs beside a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TEXTS", "text_lines"]

TEXTS = "texts"
"""Under which heading questions without listed options stand."""


def text_lines(items: int, formats: int, tokens: Mapping[str, int]) -> list[str]:
    """Lines of a plan; none where no option texts are asked for.

    Args:
        items: Number of questions without listed options.
        formats: In how many formats each is asked.
        tokens: Tokens that reading each side computes, those of the texts under `TEXTS`.
    """
    if not items:
        return []
    read = tokens[TEXTS]
    beside = sum(tokens.values()) - read
    cost = f"{read} tokens computed"
    cost += f" beside {beside}, {read / beside:.1%} more" if beside else ", and no labels are read"
    return [
        f"  option texts of {items} questions without listed options, in {formats} "
        f"format{'s' * (formats != 1)}, each with its baseline: {cost}"
    ]
