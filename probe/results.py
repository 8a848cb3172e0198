"""What `probe.run` returns: a run folder, opened."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from probe.analysis.results import from_json
from probe.errors import InputError, StudyError
from probe.exports.clause_table import clause_changes_table
from probe.exports.depth_curves import depth_curves_table
from probe.exports.frames import pandas_frame, polars_frame
from probe.exports.result_tables import biases_table, budget_table, flips_table, ladder_terms_table, tradeoffs_table
from probe.figures.plots import Plots
from probe.store.folder import RunFolder
from probe.store.schema import SCHEMAS

if TYPE_CHECKING:
    from probe.analysis.neutral_grids import NeutralGrids
    from probe.analysis.results import StudyResults
    from probe.design.items import TableName
    from probe.store.manifest import Manifest

__all__ = ["TABLES", "Results"]

TABLES = (
    "tradeoffs",
    "budget",
    "biases",
    "flips",
    "ladder_terms",
    "ladder",
    "texts",
    "clause_changes",
    "clauses",
    "depth_curves",
    "depth",
    "own_words",
    "items",
    "controls",
    "readings",
    "prompts",
)
"""Tables of a run by the names of their attributes."""


class Results:
    """The readings and results of a run folder.

    Example:
        >>> results = Results("runs/demo")                                # doctest: +SKIP
        >>> results.to_pandas("tradeoffs")[["tradeoff", "stated", "revealed"]]  # doctest: +SKIP
        >>> results.plot.forest().savefig("forest.pdf")                   # doctest: +SKIP
    """

    def __init__(self, folder: RunFolder | str | Path) -> None:
        """Open a run folder; nothing is computed.

        Raises:
            StudyError: There is no finished run in it.
        """
        self.folder = folder if isinstance(folder, RunFolder) else RunFolder(Path(folder))
        found = self.folder.manifest()
        if found is None:
            raise StudyError(f"{self.folder.path}: there is no run in this folder. Make one with `probe run --out`.")
        self.manifest: Manifest = found

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.folder.path

    @cached_property
    def readings(self) -> pa.Table:
        """One row per model, item and variant: the table everything else is computed from."""
        self._refuse_other("readings.parquet")
        return self.folder.readings()

    @cached_property
    def ladder(self) -> pa.Table:
        """One row per model, cell of the ladder and variant; empty without ``--ladder``."""
        return self._own_table("ladder")

    @cached_property
    def texts(self) -> pa.Table:
        """One row per model, question without listed options and cue; empty where option texts were not read."""
        return self._own_table("texts")

    @cached_property
    def clauses(self) -> pa.Table:
        """One row per model, scenario, clause that is left out and variant; empty without ``--clauses``."""
        return self._own_table("clauses")

    @cached_property
    def depth(self) -> pa.Table:
        """One row per model, chosen cell and layer; empty without ``--depth``."""
        return self._own_table("depth")

    @cached_property
    def own_words(self) -> pa.Table:
        """One row per model, question in two turns, forced answer and formats; empty without ``--own-words``."""
        return self._own_table("own_words")

    @cached_property
    def results(self) -> StudyResults:
        """Everything in ``results.json``, typed.

        Raises:
            StudyError: The run is not finished, or the file is damaged.
        """
        path = self.path / "results.json"
        if not path.is_file():
            raise StudyError(f"{path}: missing, the run was interrupted. Run the same `probe run` command again.")
        self._refuse_other("results.json")
        return from_json(path.read_bytes().decode("utf-8", "replace"))

    @property
    def tradeoffs(self) -> pa.Table:
        """One row per model and trade-off: preferences of both sides and what lies between them."""
        return tradeoffs_table(self.results)

    @property
    def budget(self) -> pa.Table:
        """One row per model, trade-off and term of the deviation budget; axes of the format term beneath it."""
        return budget_table(self.results)

    @property
    def biases(self) -> pa.Table:
        """One row per model, trade-off and side: content, position, label, listing and slot, in nats of log-odds."""
        return biases_table(self.results)

    @property
    def flips(self) -> pa.Table:
        """One row per model, trade-off and side: how often the format decides, and how far p and z move."""
        return flips_table(self.results)

    @property
    def ladder_terms(self) -> pa.Table:
        """One row per model, trade-off and term of the ladder, in nats; empty without ``--ladder``."""
        return ladder_terms_table(self.results)

    @property
    def clause_changes(self) -> pa.Table:
        """One row per model, scenario and clause: what it adds to the log-odds, in nats; empty without the flag."""
        return clause_changes_table(self.results)

    @property
    def depth_curves(self) -> pa.Table:
        """One row per model, trade-off, side and layer, in nats; empty without ``--depth``."""
        return depth_curves_table(self.results)

    @cached_property
    def items(self) -> pa.Table:
        """One row per model and item: p and log-odds over its formats, flip rate, option mass; without controls."""
        from probe.exports.item_tables import items_table  # noqa: PLC0415  scipy takes a while to load

        return items_table(self._grids, self.results)

    @cached_property
    def controls(self) -> pa.Table:
        """One row per model and known-answer control, with what its validity check looks at."""
        from probe.exports.item_tables import controls_table  # noqa: PLC0415

        return controls_table(self._grids, self.results, self.manifest.facts)

    @cached_property
    def prompts(self) -> pa.Table:
        """One row per model, item and variant, in the order of the readings: the text that the model was given."""
        from probe.exports.item_tables import prompts_table  # noqa: PLC0415

        self._refuse_other("prompts.parquet")
        return prompts_table(self.readings, self.folder.prompts())

    @cached_property
    def plot(self) -> Plots:
        """The figures of the run: ``plot.forest()``, ``plot.gaps()``, ``plot.specification_curve()`` and the rest."""
        return Plots(self.results)

    def to_pandas(self, table: str = "tradeoffs") -> Any:  # noqa: ANN401  pandas need not be installed
        """A table of the run, by its name, as a pandas data frame.

        Raises:
            InputError: There is no table of this name.
            EnvironmentFault: pandas is not installed.
        """
        return pandas_frame(self._table(table))

    def to_polars(self, table: str = "tradeoffs") -> Any:  # noqa: ANN401  polars need not be installed
        """A table of the run, by its name, as a polars data frame.

        Raises:
            InputError: There is no table of this name.
            EnvironmentFault: polars is not installed.
        """
        return polars_frame(self._table(table))

    def report(self, path: str | Path | None = None) -> Path:
        """Render the report again from the folder, and copy it to `path` if one is given."""
        from probe.report.publish import publish  # noqa: PLC0415  the statistics cost seconds that a finished run need not pay

        for name in (f"{table}.parquet" for table in SCHEMAS):
            if name in self.manifest.files:
                self._refuse_other(name)
        publish(self.folder, self.manifest)
        files = self.folder.file_hashes()
        if files != self.manifest.files:
            self.manifest = replace(self.manifest, files=files)
            self.folder.write_manifest(self.manifest)
        page = self.path / "report.html"
        if path is None:
            return page
        Path(path).write_bytes(page.read_bytes())
        return Path(path)

    def _own_table(self, name: TableName) -> pa.Table:
        if f"{name}.parquet" in self.manifest.files:
            self._refuse_other(f"{name}.parquet")
        return self.folder.table(name)

    def _refuse_other(self, name: str) -> None:
        """Refuse a file that is not the one that the run wrote.

        Raises:
            StudyError: It is missing or damaged.
        """
        if self.manifest.complete and not self.folder.holds(name, self.manifest.files.get(name)):
            raise StudyError(
                f"{self.path / name}: missing, or damaged since the run wrote it. Run the same `probe run` command "
                "again: it is made anew from the finished packs."
            )

    def _table(self, name: str) -> pa.Table:
        if name not in TABLES:
            raise InputError(f"{name}: is no table of a run. Use one of {', '.join(TABLES)}.")
        return getattr(self, name)

    @cached_property
    def _grids(self) -> dict[str, NeutralGrids]:
        from probe.analysis.neutral_grids import tabulate_grids  # noqa: PLC0415

        measured = pc.is_in(self.readings["model"], pa.array(sorted(self.results.models), pa.string()))
        return tabulate_grids(self.readings.filter(measured), self.manifest.facts.axes)

    def _repr_html_(self) -> str:
        """What a notebook shows of it."""
        from probe.report.notebook import glance  # noqa: PLC0415  a script that opens a folder need not pay for the report

        return glance(self.results)

    def __repr__(self) -> str:
        return f"Results({json.dumps(str(self.path))}: {', '.join(sorted(self.manifest.models))})"
