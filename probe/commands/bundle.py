"""One folder to hand on or to upload: the page, the tables, the figures and the card of a run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from probe.errors import InputError
from probe.exports.tables import csv_files
from probe.figures import KINDS
from probe.results import Results
from probe.store.atomic import write_bytes
from probe.store.schema import OWN_TABLES, SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["bundle", "upload_line"]

_UPLOAD = "hf upload YOUR_NAME/DATA_SET {folder} . --repo-type dataset"
"""How a bundle becomes a data set on a hub, whose own command does it."""

_COPIED = ("README.md", "report.html", "readings.parquet", "prompts.parquet", "results.json", "manifest.json")
_WHERE_THERE = ("validation.parquet", *(f"{name}.parquet" for name in OWN_TABLES))
_TABLES = ("tradeoffs", "budget", "biases", "flips", "items", "controls")


def bundle(run: Path, out: Path) -> list[Path]:
    """Copy what a reader needs, byte for byte, and write the tables as csv; the paths written.

    The folder is a run folder too: `probe verify`, `probe compare` and `probe.Results` take it.

    Args:
        run: A finished run.
        out: A folder that is not there yet, or is empty.

    Raises:
        InputError: There is something in `out`.
        StudyError: The run is not finished, or a file of it is damaged.
    """
    results = Results(run)
    for name in ("results", *SCHEMAS):
        getattr(results, name)  # refuses what is not finished or damaged
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"--out {out}: is there and not empty. Give a folder that is not there yet.")
    sources = [results.path / name for name in _COPIED]
    sources += [path for name in _WHERE_THERE if (path := results.path / name).is_file()]
    sources += sorted(path for path in (results.path / "study").rglob("*") if path.is_file())
    sources += sorted(path for path in (results.path / "figures").glob("*") if path.suffix[1:] in KINDS)
    written = []
    for source in sources:
        written.append(out / source.relative_to(results.path))
        write_bytes(written[-1], source.read_bytes())
    for name, text in csv_files({name: getattr(results, name) for name in _TABLES}).items():
        written.append(out / "tables" / name)
        write_bytes(written[-1], text.encode())
    return written


def upload_line(out: Path) -> str:
    """What to type to upload the folder."""
    return _UPLOAD.format(folder=shlex.quote(str(out)))
