"""What questions in two turns cost beside a study, and how many pairs are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.study.resolve import Study

__all__ = ["own_word_lines"]


def own_word_lines(study: Study, tokens: Mapping[str, int]) -> list[str]:
    """Lines of a plan; none where nothing is asked in two turns.

    Args:
        study: What is asked.
        tokens: Tokens that reading each side computes.
    """
    asked = study.facts().own_words
    if asked is None:
        return []
    added = tokens.get("own_words", 0)
    beside = sum(tokens.values()) - added
    pairs, scenarios = sum(map(len, asked.paired.values())), len(asked.paired)
    counted = f"{pairs} pair{'s' * (pairs != 1)} of a general question and a scenario"
    return [
        f"  own words: {counted}, of {sum(asked.of.values())} in the suite, over {scenarios} "
        f"scenario{'s' * (scenarios != 1)}, in either order and with an unrelated question before each: {added} tokens "
        f"computed beside {beside}, {added / beside if beside else 0:.1%} more"
    ]
