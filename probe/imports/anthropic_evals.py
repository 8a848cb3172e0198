"""Model-written evaluations: lettered answers, one of which matches the behaviour that the file is named for.

References:
    Perez et al. (2022), arXiv 2212.09251; repository anthropics/evals.
"""

from __future__ import annotations

import re
from pathlib import Path

from probe.design.shape import Stated, TradeOff
from probe.errors import InputError
from probe.imports.building import as_id, stated_item, tidied
from probe.imports.ledger import Imported, Ledger
from probe.imports.tabular import Row, column, read_rows

__all__ = ["import_anthropic_evals"]

SOURCE = "model-written evaluations, Perez et al. (2022), arXiv 2212.09251, anthropics/evals"
LICENCE = "CC-BY-4.0"

_CHOICES = re.compile(r"\n+Choices:\s*\n(?P<options>.*?)(?:\n+Answer:\s*)?$", re.DOTALL)
_OPTION = re.compile(r"^ ?\((?P<letter>[A-Z])\)[ \t]*", re.MULTILINE)
_LETTER = re.compile(r"\(?([A-Z])\)?")


def import_anthropic_evals(path: Path) -> Imported:
    """Read a jsonl file, or a folder of them; one trade-off per file, every question on its stated side.

    Raises:
        InputError: There is no such file, or a key is missing.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: it holds no .jsonl file. Give the file, or the folder it stands in.")
    ledger = Ledger()
    tradeoffs = tuple(made for file in files if (made := _tradeoff(file, ledger)) is not None)
    return Imported("anthropic-evals", SOURCE, LICENCE, tradeoffs, ledger)


def _tradeoff(file: Path, ledger: Ledger) -> TradeOff | None:
    name = as_id(file.stem)
    seen: dict[str, str] = {}
    stated = []
    for number, row in enumerate(read_rows(file), start=1):
        id_ = f"{name}/q{number:04d}"
        question = _question(id_, row, f"{file}:{number}", ledger, seen)
        if question is not None:
            stated.append(question)
    if not stated:
        return None
    return TradeOff(
        tradeoff=name,
        family="model-written evaluations",
        principles={"matching": f"answers that match: {file.stem}", "other": f"answers that do not match: {file.stem}"},
        sources=(SOURCE, f"licence: {LICENCE}"),
        stated=tuple(stated),
    )


def _question(id_: str, row: Row, where: str, ledger: Ledger, seen: dict[str, str]) -> Stated | None:
    text, changes = tidied(column(row, "question", where))
    matching, other = (
        _LETTER.sub(r"\1", column(row, f"answer_{key}_behavior", where)).strip() for key in ("matching", "not_matching")
    )
    choices = _CHOICES.search(text)
    options = _options(choices.group("options")) if choices else {}
    reason = ""
    if choices is None or len(options) < 2:
        reason = "no list of lettered choices is printed"
    elif len(options) > 2:
        reason = f"{len(options)} options are printed; a trade-off has two"
    elif {matching, other} != set(options):
        reason = "the answers that are named are not the two that are printed"
    if reason or choices is None:
        ledger.refuse(id_, reason)
        return None
    plain = re.sub(r"^Question:\s*", "", text[: choices.start()]).strip()
    if text.startswith("Question:"):
        changes += ("'Question:' before the text and 'Answer:' behind it left out",)
    words = {"matching" if letter == matching else "other": option for letter, option in options.items()}
    key = " ".join([plain, *sorted(words.values())]).casefold()
    built = stated_item(id_.split("/")[1], plain, words)
    if key in seen:
        ledger.refuse(id_, f"the same words as {seen[key]}, and would count twice")
    elif isinstance(built, str):
        ledger.refuse(id_, built)
    else:
        seen[key] = id_
        ledger.keep(id_, id_, *changes, "options cut out of the text")
        return built
    return None


def _options(printed: str) -> dict[str, str]:
    """Words of each option, by letter."""
    marks = list(_OPTION.finditer(printed))
    ends = [mark.start() for mark in marks[1:]] + [len(printed)]
    return {m["letter"]: " ".join(printed[m.end() : end].split()) for m, end in zip(marks, ends, strict=True)}
