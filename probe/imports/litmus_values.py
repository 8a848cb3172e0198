"""AIRiskDilemmas of LitmusValues: two actions of an AI, each with the values that it stands for.

References:
    Chiu et al. (2025), arXiv 2505.14633; repository kellycyy/LitmusValues.
"""

from __future__ import annotations

import re
from pathlib import Path

from probe.errors import InputError
from probe.imports.ledger import Imported, Ledger
from probe.imports.outcomes import OUTCOMES
from probe.imports.tabular import Row, column, list_in, read_rows
from probe.imports.values import Action, Dilemma, ValueSet

__all__ = ["import_litmus_values"]

SOURCE = "AIRiskDilemmas, Chiu et al. (2025), arXiv 2505.14633, kellycyy/LitmusValues"
LICENCE = "CC-BY-4.0"

_ACTION = re.compile(r"^\s*Action\s*([12])\s*[:.]\s*", re.IGNORECASE)
_MENTION = re.compile(r"\bAction\s*[12]\b", re.IGNORECASE)
_LIST = re.compile(r"\s*\bAction 1\s*[:.].*?\bAction 2\s*[:.].*$", re.IGNORECASE | re.DOTALL)


def import_litmus_values(path: Path, *, pairs: int = 16, seed: int = 0) -> Imported:
    """Read a folder with the tables ``model_eval``, ``value_map`` and ``value_definition``.

    Without a map every value stands for itself; with it, for its class. Two rows that follow each other make one
    dilemma.

    Args:
        path: The folder, or the file with the dilemmas alone.
        pairs: Least number of stated comparisons of a value.
        seed: Of the choice of pairs.

    Raises:
        InputError: There are no dilemmas, or a column is missing.
    """
    ledger = Ledger()
    file = _table(path, "model_eval") if path.is_dir() else path
    if file is None:
        raise InputError(f"{path}: it holds no table 'model_eval'. Save the data set there as .csv or .jsonl.")
    classes = _pairs(path, "value_map", "value_class")
    meaning = _pairs(path, "value_definition", "definition")
    rows = read_rows(file)
    dilemmas = []
    for number, start in enumerate(range(0, len(rows), 2), start=1):
        found = _dilemma(f"r{number:04d}", rows[start : start + 2], f"{file}:{start + 1}", classes, ledger)
        if found is not None:
            dilemmas.append(found)
    about = ValueSet(
        name="litmus-values",
        family="AI risk dilemmas",
        principles={"action-1": "the action that the source lists first", "action-2": "the action it lists second"},
        sources=(SOURCE, f"licence: {LICENCE}"),
        words={value: f"{value} ({' '.join(text.split())})" for value, text in meaning.items()},
    )
    tradeoffs, table = about.tradeoffs(dilemmas, ledger, pairs=pairs, seed=seed)
    return Imported("litmus-values", SOURCE, LICENCE, tradeoffs, ledger, {OUTCOMES: table})


def _table(folder: Path, name: str) -> Path | None:
    found = sorted(path for path in folder.rglob(f"*{name}*") if path.suffix in (".csv", ".jsonl", ".json"))
    return found[0] if found else None


def _pairs(path: Path, name: str, value: str) -> dict[str, str]:
    file = _table(path, name) if path.is_dir() else None
    if file is None:
        return {}
    return {column(row, "value", str(file)): column(row, value, str(file)) for row in read_rows(file)}


def _dilemma(id_: str, rows: list[Row], where: str, classes: dict[str, str], ledger: Ledger) -> Dilemma | None:
    texts = {column(row, "dilemma", where) for row in rows}
    actions = [_ACTION.match(column(row, "action", where)) for row in rows]
    numbers = [match.group(1) for match in actions if match]
    if len(rows) != 2 or len(texts) != 1 or numbers != ["1", "2"]:
        ledger.refuse(id_, "two rows of one dilemma, 'Action 1' and 'Action 2', are expected")
        return None
    text = texts.pop()
    plain = _LIST.sub("", text).strip()
    if _MENTION.search(plain) or not plain:
        ledger.refuse(id_, "the situation calls its actions by number, so that they cannot stand under other labels")
        return None
    found = []
    for row, option in zip(rows, ("action-1", "action-2"), strict=True):
        values = [classes.get(value, value) for value in list_in(column(row, "values", where), where)]
        words = _ACTION.sub("", row["action"])
        found.append(Action(option, words, tuple(dict.fromkeys(values))))
    changes: tuple[str, ...] = ("actions cut out of the text",) if plain != text.strip() else ()
    changes = (*changes, "'Action 1' and 'Action 2' before the options left out")
    return Dilemma(id_, plain, (found[0], found[1]), changes)
