"""DailyDilemmas: to do something or not to, and the values on either side.

References:
    Chiu, Jiang and Choi (2024), arXiv 2410.02683; repository kellycyy/daily_dilemmas.
"""

from __future__ import annotations

from pathlib import Path

from probe.imports.ledger import Imported, Ledger
from probe.imports.outcomes import OUTCOMES
from probe.imports.tabular import Row, column, list_in, read_rows
from probe.imports.values import Action, Dilemma, ValueSet

__all__ = ["import_daily_dilemmas"]

SOURCE = "DailyDilemmas, Chiu, Jiang and Choi (2024), arXiv 2410.02683, kellycyy/daily_dilemmas"
LICENCE = "CC-BY-4.0"

_OPTIONS = {"to_do": "act", "not_to_do": "refrain"}
_VALUES = ("values_names", "values_aggregated")


def import_daily_dilemmas(path: Path, *, pairs: int = 8, seed: int = 0) -> Imported:
    """Read a published csv file with one row per action.

    Args:
        path: The file.
        pairs: Least number of stated comparisons of a value.
        seed: Of the choice of pairs of values.

    Raises:
        InputError: It cannot be read, or a column is missing.
    """
    ledger = Ledger()
    by_dilemma: dict[str, list[Row]] = {}
    for row in read_rows(path):
        key = "idx" if "idx" in row else "dilemma_idx"
        id_ = column(row, key, str(path))
        if "idx" in row:
            # Rows of one dilemma share their situation; the running index of the published file counts actions.
            id_ = column(row, "dilemma_situation", str(path))
        by_dilemma.setdefault(id_, []).append(row)
    dilemmas = [
        found
        for number, rows in enumerate(by_dilemma.values(), start=1)
        if (found := _dilemma(f"d{rows[0].get('idx') or rows[0].get('dilemma_idx') or number}", rows, path, ledger))
    ]
    about = ValueSet(
        name="daily-dilemmas",
        family="everyday dilemmas",
        principles={"act": "do what the situation proposes", "refrain": "do not do it"},
        sources=(SOURCE, f"licence: {LICENCE}"),
        words={},
    )
    tradeoffs, table = about.tradeoffs(dilemmas, ledger, pairs=pairs, seed=seed)
    return Imported("daily-dilemmas", SOURCE, LICENCE, tradeoffs, ledger, {OUTCOMES: table})


def _dilemma(id_: str, rows: list[Row], path: Path, ledger: Ledger) -> Dilemma | None:
    by_type = {column(row, "action_type", str(path)): row for row in rows}
    if set(by_type) != set(_OPTIONS) or len(rows) != 2:
        ledger.refuse(id_, f"one action to do and one not to do are expected, found {len(rows)} rows")
        return None
    actions = []
    for kind, option in _OPTIONS.items():
        row = by_type[kind]
        values = next((row[name] for name in _VALUES if row.get(name)), "")
        named = tuple(dict.fromkeys(value.strip().lower() for value in list_in(values, f"{path}: {id_}")))
        actions.append(Action(option, column(row, "action", str(path)), named))
    return Dilemma(id_, column(rows[0], "dilemma_situation", str(path)), (actions[0], actions[1]))
