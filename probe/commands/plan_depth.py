"""What reading after every layer costs beside a study, and which sides it has no cells of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from probe.prompts.layers import MASS_LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.study.resolve import Study

__all__ = ["LAYERS", "depth_lines"]

LAYERS = "depth"
"""Under which heading cells stand that are read after every layer."""


def depth_lines(study: Study, cells: int, tokens: Mapping[str, int]) -> list[str]:
    """Lines of a plan; none where no layers are asked for.

    Args:
        study: What is asked.
        cells: How many are read so.
        tokens: Tokens that reading each side computes, those of the layers under `LAYERS`.
    """
    asked = study.facts().depth
    if asked is None:
        return []
    read = tokens.get(LAYERS, 0)
    beside = sum(tokens.values()) - read
    lines = [
        f"  {cells} cells after every layer, up to {asked.cells} of each side of each trade-off: {read} tokens "
        f"computed beside {beside}, {read / beside if beside else 0:.1%} more, and the head at {MASS_LAYERS} layers"
    ]
    reasons = Counter(asked.left_out.values())
    for why, count in sorted(reasons.items()):
        named = ", ".join(sorted(side for side, own in asked.left_out.items() if own == why)[:3])
        lines.append(f"  {count} sides without such cells, since {why}: {named}{' and more' * (count > 3)}")
    return lines
