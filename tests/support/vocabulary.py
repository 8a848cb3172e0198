"""One word for one thing: the words that are not used, with what is said for each, and what keeps one all the same."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["BESIDE", "KEPT", "NAMES", "WORDS", "Word", "found_in"]


@dataclass(frozen=True)
class Word:
    """A word that is not used.

    Attributes:
        pattern: As it would stand in a text, whatever the case of its letters.
        but: What is said instead.
        unless: Where it is the field's own word.
    """

    pattern: str
    but: str
    unless: str = r"(?!)"


WORDS = (
    Word(r"cards?", "GPU", r"(data ?set|model) cards?"),
    Word(r"crews?", "worker pool"),
    Word(r"places?", "worker; index; position"),
    Word(r"units?", "chunk"),
    Word(r"parcels?", "transfer"),
    Word(r"lanes?", "replica"),
    Word(r"sheets?", "plan file"),
    Word(r"works?", "job"),
    Word(r"--engine (local|ray|slurm)", "scheduler"),
    Word(r"says", "stated"),
    Word(r"chooses", "revealed"),
    Word(r"nat", "nats"),
    Word(r"told", "reported, distinguished"),
    Word(r"tells? \w+ apart", "distinguish"),
    Word(r"(lie|lies|lay|lying) (\S+ )?apart", "differ by"),
    Word(r"turns", "changes", r"(two|both) turns"),
    Word(r"pivots?", "largest format effect"),
    Word(r"held against", "compared with"),
    Word(r"(held|hold|holds) (fixed|still)", "fixed"),
    Word(r"(stand|stands|stood) still", "fixed"),
    Word(r"dear(er|est)?", "expensive"),
    Word(r"at hand", "available"),
    Word(r"(no bit moves|moves? (no|a) bit)", "bit-identical"),
    Word(r"gates?", "validity check"),
    Word(
        r"controls?",
        "known-answer control",
        r"(known-answer|content-free|equivalent|identical|\*equivalent\*|those|same) controls?|control (tokens?|characters?)",
    ),
    Word(r"arms?", "neutral grids"),
    Word(r"turning", "context factors"),
    Word(r"prepivot", "Welch permutation"),
)

BESIDE = {"deployed": "mean probability", "latent": "bias-corrected"}
"""Words that files keep; where users read, the other one stands beside them."""

NAMES = (
    *("card", "cards", "crew", "crews", "place", "places", "unit", "units", "parcel", "parcels", "lane", "lanes"),
    *("sheet", "sheets", "work", "works", "says", "chooses", "nat", "told", "pivot", "pivots", "dear", "gate", "gates"),
    *("gated", "arm", "arms", "turning", "prepivot", "held_against", "held_fixed", "stands_still", "at_hand"),
    *("lie_apart", "lies_apart", "told_apart", "turns_it", "no_bit_moves"),
)
"""The same as parts of a name in the code; several parts with a line between them."""

KEPT = {
    # keys of results.json and columns
    "gate": "",
    "gates": "",
    "gates_checked": "",
    "by_place": "",
    "place_moves": "",
    "pivot_axes": "",
    "pivot_prevalence": "",
    "turning_factors": "",
    # a key of manifest.json
    "place": "probe.store.manifest probe.study.manifest_entries probe.report.publish probe.commands.reread",
    # keys of the plan's JSON
    "units": "probe.commands.plan",
    "cards": "probe.commands.plan",
    # a key of models.yaml, and the hub's own words
    "gated": "",
    "GatedRepoError": "",
    "dataset_card": "",
    "card_data": "",
}
"""Names that stay, and in which modules; empty for all."""


def found_in(text: str) -> list[str]:
    """Words of the list that a text uses, each with some letters around it."""
    found = []
    for word in WORDS:
        for match in re.finditer(rf"(?<![\w-])({word.pattern})(?![\w-])", text, re.IGNORECASE):
            start, end = match.span()
            near = text[max(0, start - 40) : end + 40]
            spans = (one.span() for one in re.finditer(word.unless, text, re.IGNORECASE))
            if not any(low <= start and end <= high for low, high in spans):
                found.append(f"{match[0]} (say {word.but}): {' '.join(near.split())}")
    return found
