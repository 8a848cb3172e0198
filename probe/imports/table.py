"""Any table of two-option questions, read with a map that says which column holds what."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from probe.design.fields import Id, Text
from probe.design.shape import Revealed, Stated, TradeOff
from probe.design.strict_yaml import faults_as, load_yaml
from probe.design.typed_yaml import read_as
from probe.errors import InputError
from probe.imports.building import as_id, revealed_item, stated_item, tidied
from probe.imports.ledger import Imported, Ledger
from probe.imports.tabular import Row, column, read_rows

__all__ = ["ColumnMap", "import_table", "load_map"]


class ColumnMap(BaseModel):
    """Which column holds what.

    Attributes:
        tradeoff: Id of the trade-off to make.
        family: What it is grouped with.
        principles: The two principles.
        source: Where the table comes from.
        licence: As far as it is known.
        side: The side of all rows, or ``column`` where a column says it.
        columns: Names of columns: ``id`` (may be left out), ``text``, ``side`` where it is needed.
        options: Column of each principle's option.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tradeoff: Id
    family: Text
    principles: dict[Id, Text]
    source: Text
    licence: Text
    side: Literal["stated", "revealed", "column"] = "revealed"
    columns: dict[Literal["id", "text", "side"], str]
    options: dict[Id, str]


def load_map(path: Path) -> ColumnMap:
    """Read a column map.

    Raises:
        InputError: It is wrong; one line per fault.
    """
    with faults_as(InputError):
        found = read_as(load_yaml(path), ColumnMap)
    if len(found.principles) != 2 or set(found.options) != set(found.principles):
        raise InputError(f"{path}: options: one column for each of two principles is expected. Name them alike.")
    if "text" not in found.columns or (found.side == "column") != ("side" in found.columns):
        raise InputError(f"{path}: columns: 'text' is needed, and 'side' where side: column is. Mend the map.")
    return found


def import_table(path: Path, columns: ColumnMap) -> Imported:
    """Read a csv, jsonl or json file with one question per row.

    Raises:
        InputError: It cannot be read, or a column is missing.
    """
    ledger = Ledger()
    stated: list[Stated] = []
    revealed: list[Revealed] = []
    for number, row in enumerate(read_rows(path), start=1):
        where = f"{path}: row {number}"
        name = columns.columns.get("id")
        id_ = column(row, name, where) if name else f"row-{number:05d}"
        side = column(row, columns.columns["side"], where) if columns.side == "column" else columns.side
        text, changes = tidied(column(row, columns.columns["text"], where))
        options, folded = _options(row, columns, where)
        if side == "stated":
            built: Stated | Revealed | str = stated_item(as_id(id_), text, options)
        elif side == "revealed":
            built = revealed_item(as_id(id_), text, options)
        else:
            built = f"its side is '{side}', which is neither stated nor revealed"
        if isinstance(built, str):
            ledger.refuse(id_, built)
            continue
        ledger.keep(id_, f"{columns.tradeoff}/{built.id}", *changes, *folded)
        if isinstance(built, Stated):
            stated.append(built)
        else:
            revealed.append(built)
    sources = (columns.source, f"licence: {columns.licence}")
    made = TradeOff(
        tradeoff=columns.tradeoff,
        family=columns.family,
        principles=columns.principles,
        sources=sources,
        stated=tuple(stated),
        revealed=tuple(revealed),
    )
    tradeoffs = (made,) if stated or revealed else ()
    return Imported("table", columns.source, columns.licence, tradeoffs, ledger)


def _options(row: Row, columns: ColumnMap, where: str) -> tuple[dict[str, str], tuple[str, ...]]:
    given = {principle: column(row, name, where) for principle, name in columns.options.items()}
    words = {principle: " ".join(text.split()) for principle, text in given.items()}
    return words, () if words == given else ("white space in an option made single spaces",)
