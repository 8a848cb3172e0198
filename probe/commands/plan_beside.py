"""What tables beside the readings cost a study, and what they leave out, as a plan says it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from probe.analysis.permutation import ALPHA
from probe.analysis.texts import NORMALISERS
from probe.design.ladder import EVERY_CELL
from probe.design.option_texts import has_texts
from probe.prompts.layers import MASS_LAYERS
from probe.report.number_format import counted, left_out_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.study.resolve import Study

__all__ = ["BESIDE", "beside_lines"]

BESIDE = ("ladder", "clauses", "own_words", "texts", "depth")
"""Tables of their own, in the order in which a plan names them."""

_TOO_FEW = "too few to differ from guessing even if all are right, so no word can be had but with --answers labels"


def beside_lines(study: Study, tokens: Mapping[str, int], counts: Mapping[str, int]) -> list[str]:
    """Lines of a plan on each table that is asked for; none where none is.

    Args:
        study: What is asked.
        tokens: Tokens that reading each side computes, and each table under its name.
        counts: Items of ``texts``, prompts of ``depth``.
    """
    lines = _ladder_lines(study, tokens) + _clause_lines(study, tokens) + _own_word_lines(study, tokens)
    if counts["texts"]:
        lines += _text_lines(study, counts["texts"], tokens)
    return lines + _depth_lines(study, counts["depth"], tokens)


def _added(tokens: Mapping[str, int], table: str) -> str:
    """What a table costs beside all else that is read."""
    added = tokens.get(table, 0)
    beside = sum(tokens.values()) - added
    more = f" beside {beside}, {added / beside:.1%} more" if beside else ", and no labels are read"
    return f"{added} tokens computed{more}"


def _ladder_lines(study: Study, tokens: Mapping[str, int]) -> list[str]:
    asked = study.facts().ladder
    if asked is None:
        return []
    where = "every context cell" if asked.cells == EVERY_CELL else "the first context cell"
    lines = [
        f"  the ladder of {counted(len(asked.first), 'scenario')}, at {where} of each: {_added(tokens, 'ladder')}; "
        "bridges and scenarios are not read twice"
    ]
    return [*lines, f"  {left_out_line(asked.left_out, 'without a ladder')}"] if asked.left_out else lines


def _clause_lines(study: Study, tokens: Mapping[str, int]) -> list[str]:
    asked = study.facts().clauses
    if asked is None:
        return []
    clauses = sum(len(one.clauses) for one in asked.scenarios.values())
    lines = [
        f"  {counted(clauses, 'clause')} of {counted(len(asked.scenarios), 'scenario')} left out in turn, and all at "
        f"once: {_added(tokens, 'clauses')}; the scenarios are not read twice"
    ]
    return [*lines, f"  {left_out_line(asked.left_out, 'cannot be cut')}"] if asked.left_out else lines


def _own_word_lines(study: Study, tokens: Mapping[str, int]) -> list[str]:
    asked = study.facts().own_words
    if asked is None:
        return []
    pairs = counted(sum(map(len, asked.paired.values())), "pair")
    return [
        f"  own words: {pairs} of a general question and a scenario, of {sum(asked.of.values())} in the suite, over "
        f"{counted(len(asked.paired), 'scenario')}, in either order and with an unrelated question before each: "
        f"{_added(tokens, 'own_words')}"
    ]


def _text_lines(study: Study, items: int, tokens: Mapping[str, int]) -> list[str]:
    formats = counted(len(study.design.unlisted_variants()), "format")
    known = sum(item.expect is not None and has_texts(item) for item in study.items)
    limit = ALPHA / len(NORMALISERS) if study.request.answers == "texts" else ALPHA
    few = f", {_TOO_FEW}" if 0.5**known > limit else ""
    return [
        f"  option texts of {items} questions without listed options, in {formats}, each "
        f"with its baseline: {_added(tokens, 'texts')}",
        f"  known answers that decide whether words rest on labels or on texts: {known}{few}",
    ]


def _depth_lines(study: Study, cells: int, tokens: Mapping[str, int]) -> list[str]:
    asked = study.facts().depth
    if asked is None:
        return []
    lines = [
        f"  {counted(cells, 'cell')} after every layer, up to {asked.cells} of each side of each trade-off: "
        f"{_added(tokens, 'depth')}, and the head at {MASS_LAYERS} layers"
    ]
    reasons = Counter(asked.left_out.values())
    for why, count in sorted(reasons.items()):
        named = ", ".join(sorted(side for side, own in asked.left_out.items() if own == why)[:3])
        lines.append(f"  {count} sides without such cells, since {why}: {named}{' and more' * (count > 3)}")
    return lines
