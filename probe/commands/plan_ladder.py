"""What the ladder costs beside a study, and which scenarios have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.design.ladder import EVERY_CELL
from probe.report.ladder_text import left_out_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.study.resolve import Study

__all__ = ["ladder_lines"]


def ladder_lines(study: Study, tokens: Mapping[str, int]) -> list[str]:
    """Lines of a plan; none where no ladder is asked for.

    Args:
        study: What is asked.
        tokens: Tokens that reading each side computes.
    """
    asked = study.facts().ladder
    if asked is None:
        return []
    added = tokens.get("ladder", 0)
    beside = sum(tokens.values()) - added
    where = "every context cell" if asked.cells == EVERY_CELL else "the first context cell"
    reported = f"{len(asked.first)} scenario{'s' * (len(asked.first) != 1)}"
    lines = [
        f"  the ladder of {reported}, at {where} of each: {added} tokens computed beside {beside}, "
        f"{added / beside if beside else 0:.1%} more; bridges and scenarios are not read twice"
    ]
    return [*lines, f"  {left_out_line(asked.left_out)}"] if asked.left_out else lines
