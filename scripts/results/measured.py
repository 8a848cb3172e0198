"""A model's folder under results/, and what is computed from its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from pivots import Pivot, by_family, pivots
from places import AGREEMENT, CONDITIONS, KEPT, MEASURE
from shifts import Shift, shifts

from probe.analysis.neutral_grids import tabulate_grids
from probe.figures.plots import Plots
from probe.report.publish import analyse_folder
from probe.store.folder import RunFolder

if TYPE_CHECKING:
    from probe.analysis.cells import Cells
    from probe.analysis.results import ModelResults
    from probe.store.manifest import Manifest, ModelRecord

BASE = "float32"
"""The condition that the others are compared with."""


@dataclass(frozen=True)
class Measured:
    """A model's folder under results/, and what is computed from it."""

    name: str
    kept: Path = KEPT

    @property
    def folder(self) -> RunFolder:
        """Its tables and its manifest."""
        return RunFolder(self.kept / self.name)

    @cached_property
    def manifest(self) -> Manifest:
        """What the run was."""
        found = self.folder.manifest()
        if found is None:
            raise SystemExit(f"{self.folder.path}: nothing there. Run `make results`.")
        return found

    @property
    def record(self) -> ModelRecord:
        """The model's part of it."""
        return self.manifest.models[self.name]

    @cached_property
    def plots(self) -> Plots:
        """The figures of the run."""
        return Plots(analyse_folder(self.folder, self.manifest))

    @property
    def model(self) -> ModelResults:
        """Every statistic, computed anew."""
        return self.plots.results.models[self.name]

    @cached_property
    def pivots(self) -> dict[str, dict[str, Pivot]]:
        """By side and axis."""
        return {side: pivots(self._cells.of_side(side), self.floor) for side in ("stated", "revealed")}

    @property
    def floor(self) -> float:
        """Numeric floor of a log-odds, nats."""
        return self.model.numeric_floor.log_odds

    @cached_property
    def families(self) -> list[tuple[str, Pivot]]:
        """Rates of both sides together, by family of trade-offs."""
        families = {key: found.family for key, found in self.model.tradeoffs.items()}
        sides = [row for row, item in enumerate(self._cells.items) if item.side in ("stated", "revealed")]
        return list(by_family(self._cells.take(sides), families, self.floor))

    @cached_property
    def shifts(self) -> tuple[Shift, ...]:
        """Conditions beside formats; empty where none were measured."""
        file = self.folder.path / CONDITIONS
        return shifts(pq.read_table(file), BASE) if file.is_file() else ()

    @cached_property
    def agreement(self) -> pa.Table | None:
        """Answers as read and as others say them."""
        file = self.folder.path / AGREEMENT
        return pq.read_table(file) if file.is_file() else None

    @cached_property
    def measure(self) -> Mapping[str, float | str]:
        """What was said and seen when it was measured."""
        found: dict[str, float | str] = json.loads((self.folder.path / MEASURE).read_text("utf-8"))
        return found

    @cached_property
    def _cells(self) -> Cells:
        readings = self.folder.readings()
        return tabulate_grids(readings, self.manifest.facts.axes)[self.name].plain
