"""What reading option texts costs beside a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.commands.plan import SideOutline

__all__ = ["TEXTS", "text_lines"]

TEXTS = "texts"
"""Under which heading questions without listed options stand."""


def text_lines(outline: SideOutline | None, tokens: Mapping[str, int]) -> list[str]:
    """Lines of a plan; none where no option texts are asked for.

    Args:
        outline: Work on questions without listed options.
        tokens: Tokens that reading each side computes, those of the texts under `TEXTS`.
    """
    if outline is None:
        return []
    beside = sum(tokens.values()) - outline.read
    cost = f"{outline.read} tokens computed"
    cost += f" beside {beside}, {outline.read / beside:.1%} more" if beside else ", and no labels are read"
    formats = outline.prompts // (2 * outline.items)
    return [
        f"  option texts of {outline.items} questions without listed options, in {formats} "
        f"format{'s' * (formats != 1)}, each with its baseline: {cost}"
    ]
