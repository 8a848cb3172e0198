"""What leaving out clauses costs beside a study, and which scenarios cannot be cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.report.clause_text import uncut_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.study.resolve import Study

__all__ = ["clause_lines"]


def clause_lines(study: Study, tokens: Mapping[str, int]) -> list[str]:
    """Lines of a plan; none where no clauses are asked for.

    Args:
        study: What is asked.
        tokens: Tokens that reading each side computes.
    """
    asked = study.facts().clauses
    if asked is None:
        return []
    added = tokens.get("clauses", 0)
    beside = sum(tokens.values()) - added
    clauses = sum(len(one.clauses) for one in asked.scenarios.values())
    count = len(asked.scenarios)
    lines = [
        f"  {clauses} clauses of {count} scenario{'s' * (count != 1)} left out in turn, and all at once: {added} "
        f"tokens computed beside {beside}, {added / beside if beside else 0:.1%} more; the scenarios are not read twice"
    ]
    return [*lines, f"  {uncut_line(asked.left_out)}"] if asked.left_out else lines
