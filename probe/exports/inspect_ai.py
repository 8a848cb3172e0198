"""A suite as a dataset that Inspect reads with `json_dataset`: questions with choices, a solver writes the letters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from probe.exports.prompts import Asked

__all__ = ["dataset_lines"]

LETTERS = "ABC"


def dataset_lines(questions: Iterable[Asked]) -> Iterator[str]:
    """One sample per item and order of options; the target is the letter of p1, so that accuracy is its share.

    Inspect's own template shows the choices, so formats other than the order of options do not enter; an item that is
    asked as it stands has no choices and its label as the target.
    """
    seen: set[str] = set()
    for one in questions:
        index, first = one.p1_index, one.rendered.principles[0].principle
        name = f"{one.item.id}#{'p1' if first == one.item.p1 else 'p2'}-first"
        if one.variant.neutral is not None:
            name += f"-neutral-{one.variant.neutral}"
        if name in seen:
            continue
        seen.add(name)
        sample: dict[str, object] = {"id": name}
        if one.item.fixed is not None:
            sample |= {"input": one.item.text, "target": one.rendered.shown[index].label}
        else:
            choices = [option.text for option in one.rendered.shown]
            sample |= {"input": one.item.text, "choices": choices, "target": LETTERS[index]}
        sample["metadata"] = {
            "item": one.item.id,
            "tradeoff": one.item.tradeoff,
            "side": one.item.side,
            "cluster": one.item.cluster,
            "p1": one.item.p1,
            "p2": one.item.p2,
        }
        yield json.dumps(sample, ensure_ascii=False)
