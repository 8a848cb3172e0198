"""Other projects' data sets as trade-off files in a folder."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import pyarrow as pa

from probe.errors import InputError
from probe.imports.alignment import import_alignment
from probe.imports.anthropic_evals import import_anthropic_evals
from probe.imports.daily_dilemmas import import_daily_dilemmas
from probe.imports.emergent_values import import_emergent_values
from probe.imports.ledger import Imported
from probe.imports.litmus_values import import_litmus_values
from probe.imports.moralchoice import import_moralchoice
from probe.imports.table import import_table, load_map
from probe.imports.writing import RECORD, files_of, summary
from probe.store.atomic import write_bytes

__all__ = ["KINDS", "Pairing", "import_files", "read_kind"]

_WHOLE = {
    "alignment-revisited": import_alignment,
    "moralchoice": import_moralchoice,
    "anthropic-evals": import_anthropic_evals,
}
_PAIRED = {
    "daily-dilemmas": import_daily_dilemmas,
    "emergent-values": import_emergent_values,
    "litmus-values": import_litmus_values,
}

KINDS = (*_WHOLE, *_PAIRED, "table")
"""What can be imported."""

_FOREIGN = (
    *(ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError),
    *(csv.Error, pa.ArrowException, zipfile.BadZipFile),
)
"""What libraries raise for a file that is not what it should be."""

Pairing = tuple[int, int]
"""Least number of comparisons of an outcome or value, and the seed of the choice of pairs."""


def import_files(kind: str, path: Path, out: Path, column_map: Path | None, pairing: Pairing) -> str:
    """Write the trade-offs, the tables and the record of an import into a new folder; what was done, as text.

    Raises:
        InputError: The kind is not known, the source is not what it should be, nothing of it can be kept, or the
            folder holds something already.
    """
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out}: the folder is not empty. Give a new one, so that no file of another import stays.")
    imported = read_kind(kind, path, column_map, pairing)
    if not imported.tradeoffs:
        raise InputError(f"{path}: none of {imported.counts['read']} items could be kept. {summary(imported)}")
    for name, text in files_of(imported).items():
        write_bytes(out / name, text.encode())
    return f"{summary(imported)}\nwritten to {out}; {RECORD} names every item"


def read_kind(kind: str, path: Path, column_map: Path | None, pairing: Pairing) -> Imported:
    """Read a data set of a known kind.

    Raises:
        InputError: The kind is not known, or the source is not what it should be.
    """
    if kind not in KINDS:
        raise InputError(f"import: the kind '{kind}' is not known; known are {', '.join(KINDS)}. Name one of them.")
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder. Check the path.")
    if (kind == "table") != (column_map is not None):
        raise InputError("--map: a table needs a column map, and no other kind takes one. See `probe import --help`.")
    try:
        return _read(kind, path, column_map, pairing)
    except _FOREIGN as error:
        raise InputError(
            f"{path}: cannot be read as {kind} ({type(error).__name__}: {str(error)[:200]}). Check that it is the data "
            "set of this kind, whole and as it was published."
        ) from error


def _read(kind: str, path: Path, column_map: Path | None, pairing: Pairing) -> Imported:
    if column_map is not None:
        return import_table(path, load_map(column_map))
    if kind in _WHOLE:
        return _WHOLE[kind](path)
    pairs, seed = pairing
    return _PAIRED[kind](path, pairs=pairs, seed=seed)
