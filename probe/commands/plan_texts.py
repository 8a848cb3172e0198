"""What reading option texts costs beside a study, and whether its known answers can choose a method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.analysis.permutation import ALPHA
from probe.analysis.texts import NORMALISERS
from probe.design.option_texts import has_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.study.resolve import Study

__all__ = ["TEXTS", "text_lines"]

TEXTS = "texts"
"""Under which heading questions without listed options stand."""

_TOO_FEW = "too few to differ from guessing even if all are right, so no word can be had but with --answers labels"


def text_lines(study: Study, items: int, tokens: Mapping[str, int]) -> list[str]:
    """Lines of a plan; none where no option texts are asked for.

    Args:
        study: What is asked.
        items: Number of questions without listed options.
        tokens: Tokens that reading each side computes, those of the texts under `TEXTS`.
    """
    if not items:
        return []
    read = tokens[TEXTS]
    beside = sum(tokens.values()) - read
    cost = f" beside {beside}, {read / beside:.1%} more" if beside else ", and no labels are read"
    formats = len(study.design.unlisted_variants())
    known = sum(item.expect is not None and has_texts(item) for item in study.items)
    limit = ALPHA / len(NORMALISERS) if study.request.answers == "texts" else ALPHA
    few = f", {_TOO_FEW}" if 0.5**known > limit else ""
    return [
        f"  option texts of {items} questions without listed options, in {formats} format{'s' * (formats != 1)}, each "
        f"with its baseline: {read} tokens computed{cost}",
        f"  known answers that decide whether words rest on labels or on texts: {known}{few}",
    ]
