"""Tables of other projects as rows of text, from CSV, JSON lines or a JSON list. Knows no data set."""

from __future__ import annotations

import ast
import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from probe.errors import InputError

__all__ = ["Row", "column", "list_in", "read_rows"]

Row = Mapping[str, str]


def read_rows(path: Path) -> list[Row]:
    """Rows of a file by column; values of JSON that are no text are written as JSON.

    Raises:
        InputError: The file cannot be read, or is none of the three kinds.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: it cannot be read ({error}). Check the path.") from None
    if path.suffix == ".csv":
        rows = list(csv.DictReader(text.splitlines(keepends=True)))
        return [{key: value or "" for key, value in row.items() if isinstance(key, str)} for row in rows]
    if path.suffix in (".jsonl", ".json"):
        return [_row(value, f"{path}:{line}") for line, value in _values(path, text)]
    raise InputError(f"{path}: a .csv, .jsonl or .json file is expected, found '{path.suffix}'. Convert it.")


def column(row: Row, name: str, where: str) -> str:
    """The value of a column.

    Raises:
        InputError: The row has no such column.
    """
    if name not in row:
        known = ", ".join(f"'{key}'" for key in row)
        raise InputError(f"{where}: there is no column '{name}'; the columns are {known}. Check the kind or the map.")
    return row[name]


def list_in(text: str, where: str) -> tuple[str, ...]:
    """A list of words that a cell holds as JSON or as Python writes it.

    Raises:
        InputError: It is neither.

    Example:
        >>> list_in("['trust', 'care']", "x.csv:2"), list_in("", "x.csv:2")
        (('trust', 'care'), ())
    """
    if not text.strip():
        return ()
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        found = None
    if not isinstance(found, list):
        raise InputError(f"{where}: a list is expected, found '{text[:60]}'. Restore the file.")
    return tuple(str(one) for one in found)


def _values(path: Path, text: str) -> Sequence[tuple[int, object]]:
    line = 1
    try:
        if path.suffix == ".json":
            content = json.loads(text)
            return list(enumerate(content if isinstance(content, list) else [content], start=1))
        found = []
        for line, one in enumerate(text.splitlines(), start=1):
            if one.strip():
                found.append((line, json.loads(one)))
    except ValueError as error:
        raise InputError(f"{path}:{line}: it is not JSON ({error}). Restore the file.") from None
    return found


def _row(value: object, where: str) -> Row:
    if not isinstance(value, dict):
        raise InputError(f"{where}: an object is expected, found {type(value).__name__}. Restore the file.")
    return {str(key): one if isinstance(one, str) else json.dumps(one) for key, one in value.items()}
