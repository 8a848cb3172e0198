"""The table of readings as arrays of items x variants; refuses a table with holes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64, Int64
from scipy.special import expit

from probe.analysis.formats import Formats, lay_formats
from probe.design.items import AXES, FIXED, MATE
from probe.errors import StudyError

__all__ = [
    "ITEM_COLUMNS",
    "REMEDY",
    "Cells",
    "ItemRow",
    "item_rows",
    "no_cells",
    "study_formats",
    "study_levels",
    "tabulate",
]

ITEM_COLUMNS = ["item", "tradeoff", "side", "form", "cluster", "scenario", "context", "p1", "p2", "variant"]

REMEDY = "Run the study again in this folder: finished cells are kept and the rest is read."


@dataclass(frozen=True, slots=True)
class ItemRow:
    """What the table says of an item, alike in all its variants."""

    id: str
    tradeoff: str
    side: str
    form: str
    cluster: str
    scenario: str | None
    context: tuple[tuple[str, str], ...]
    p1: str
    p2: str
    fixed: bool = False
    """Whether it was asked as it stands, so that its one reading counts for every variant."""

    @property
    def is_mate(self) -> bool:
        """Whether it is a root question's or a scenario's mate."""
        return self.id.removeprefix(self.cluster).split("/")[0] == MATE

    @property
    def crossed(self) -> tuple[tuple[str, str], ...]:
        """What crosses within its scenario: the context factors, and under `MATE` which way round the default is."""
        return (*self.context, (MATE, "turned" if self.is_mate else "given"))


@dataclass(frozen=True, slots=True)
class Cells:
    """Readings of one model, or of a part of its items.

    Attributes:
        items: In sorted order of their ids.
        z: Log-odds towards each item's first option, nats.
        mass: Option mass.
        formats: The grid of their variants.
        neutral: Log-odds of the neutral option against both others, nats; not a number where none was offered.
    """

    items: tuple[ItemRow, ...]
    z: Float64[np.ndarray, "items variants"]
    mass: Float64[np.ndarray, "items variants"]
    formats: Formats
    neutral: Float64[np.ndarray, "items variants"]

    def take(self, rows: Sequence[int]) -> Cells:
        """The cells of the items with these indices."""
        chosen = list(rows)
        items = tuple(self.items[row] for row in chosen)
        return Cells(items, self.z[chosen], self.mass[chosen], self.formats, self.neutral[chosen])

    @property
    def neutral_share(self) -> Float64[np.ndarray, "items variants"]:
        """Probability of the neutral option among the options; 0 where none was offered."""
        return np.nan_to_num(expit(self.neutral), nan=0.0)

    def of_side(self, side: str) -> Cells:
        """The cells of one side."""
        return self.take([row for row, item in enumerate(self.items) if item.side == side])

    def of_varied(self) -> Cells:
        """The cells of the items that were read in every variant."""
        return self.take([row for row, item in enumerate(self.items) if not item.fixed])

    def of_tradeoff(self, tradeoff: str) -> Cells:
        """The cells of one trade-off."""
        return self.take([row for row, item in enumerate(self.items) if item.tradeoff == tradeoff])


def no_cells(formats: Formats) -> Cells:
    """The cells of no items."""
    none = np.empty((0, len(formats.variants)))
    return Cells((), none, none, formats, none)


def study_formats(readings: pa.Table, axes: Mapping[str, tuple[str, ...]]) -> Formats:
    """The grid of variants: the design's levels, and the one level found of each axis it leaves alone.

    Items that were asked as they stand say nothing of it, unless there are no others.

    Raises:
        StudyError: an axis that the design leaves alone was read at several levels.
    """
    return lay_formats(study_levels(readings, axes))


def study_levels(readings: pa.Table, axes: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Levels of every axis of `AXES`: the design's, and the one level found where it leaves an axis alone.

    Raises:
        StudyError: an axis that the design leaves alone was read at several levels.
    """
    readings = readings.filter(pc.not_equal(readings.column("variant"), FIXED.id))
    if readings.num_rows == 0:
        return dict(zip(AXES, [(level,) for level in FIXED.levels], strict=True))
    levels: dict[str, tuple[str, ...]] = {}
    for axis in AXES:
        found = tuple(sorted(pc.unique(readings.column(f"axis_{axis}")).to_pylist()))
        levels[axis] = tuple(axes[axis]) if axis in axes else found
        if axis not in axes and len(found) > 1:
            raise StudyError(
                f"readings: axis {axis!r} is fixed by the design, found levels {', '.join(found)}. {REMEDY}"
            )
    return levels


def tabulate(readings: pa.Table, formats: Formats) -> dict[str, Cells]:
    """Arrays of each model, by name, whatever the order of the table's rows.

    The one reading of an item that was asked as it stands fills the whole row of its item.

    Raises:
        StudyError: a cell is missing, stands there twice, is outside the design, or is not finite.
    """
    readings, columns = _spread(readings, formats)
    models, model_of = _encoded(readings, "model")
    items, item_of = _encoded(readings, "item")
    columns_read = _numbers(readings)
    cells: dict[str, Cells] = {}
    for code in sorted(range(len(models)), key=models.__getitem__):
        rows = np.flatnonzero(model_of == code)
        present, first, row_item = np.unique(item_of[rows], return_index=True, return_inverse=True)
        index = row_item * len(formats.variants) + columns[rows]
        names = [items[i] for i in present]
        _refuse_holes(models[code], names, formats, index)
        z, mass, neutral = (np.empty((len(present), len(formats.variants))) for _ in columns_read)
        for grid, column in zip((z, mass, neutral), columns_read, strict=True):
            grid.flat[index] = column[rows]
        _refuse_infinite(models[code], names, formats, z)
        sorting = sorted(range(len(names)), key=names.__getitem__)
        about = item_rows(readings.select(ITEM_COLUMNS).take(pa.array(rows[first])))
        cells[models[code]] = Cells(
            tuple(about[i] for i in sorting), z[sorting], mass[sorting], formats, neutral[sorting]
        )
    return cells


def _numbers(readings: pa.Table) -> tuple[Float64[np.ndarray, " rows"], ...]:
    """Log-odds, option mass, and log-odds of the neutral option: not a number where none is offered."""
    z, mass, p1, p2, neutral = (
        np.asarray(readings.column(name).to_numpy(), dtype=np.float64)
        for name in ("log_odds", "option_mass", "logprob_p1", "logprob_p2", "logprob_neutral")
    )
    return z, mass, neutral - np.logaddexp(p1, p2)


def _encoded(readings: pa.Table, name: str) -> tuple[list[str], Int64[np.ndarray, " rows"]]:
    column = readings.column(name).combine_chunks().dictionary_encode()
    return column.dictionary.to_pylist(), np.asarray(column.indices.to_numpy(), dtype=np.int64)


def _spread(readings: pa.Table, formats: Formats) -> tuple[pa.Table, Int64[np.ndarray, " rows"]]:
    """The table with the rows of fixed items once per variant, and the column of each row."""
    is_fixed = pc.equal(readings.column("variant"), FIXED.id)
    fixed, varied = readings.filter(is_fixed), readings.filter(pc.invert(is_fixed))
    columns = _columns(varied, formats)
    _refuse_other_order(varied, formats, columns)
    if fixed.num_rows == 0:
        return varied, columns
    size = len(formats.variants)
    often = fixed.take(pa.array(np.repeat(np.arange(fixed.num_rows), size)))
    everywhere = np.tile(np.arange(size, dtype=np.int64), fixed.num_rows)
    return pa.concat_tables([varied, often]), np.concatenate([columns, everywhere])


def _columns(readings: pa.Table, formats: Formats) -> Int64[np.ndarray, " rows"]:
    variants, code = _encoded(readings, "variant")
    column = {variant: i for i, variant in enumerate(formats.variants)}
    for variant in variants:
        if variant not in column:
            raise StudyError(f"readings: variant {variant} is not part of the study's design. {REMEDY}")
    return np.asarray(np.array([column[variant] for variant in variants], dtype=np.int64)[code])


def _refuse_other_order(readings: pa.Table, formats: Formats, columns: Int64[np.ndarray, " rows"]) -> None:
    shown = np.asarray(pc.equal(readings.column("shown_first"), readings.column("p1")).to_numpy())
    wrong = np.flatnonzero(shown != (formats.order[columns] > 0))
    if len(wrong):
        row = readings.slice(int(wrong[0]), 1).to_pylist()[0]
        raise StudyError(
            f"readings: {row['item']} in {row['variant']}: shown_first is {row['shown_first']!r}, "
            "which is not the variant's order. The table is damaged; restore it or run the study again."
        )


def _refuse_holes(model: str, items: Sequence[str], formats: Formats, index: Int64[np.ndarray, " rows"]) -> None:
    size = len(formats.variants)
    count = np.bincount(index, minlength=len(items) * size)
    for wrong, word in ((count == 0, "is missing"), (count > 1, "stands there more than once")):
        if wrong.any():
            item, variant = divmod(int(np.flatnonzero(wrong)[0]), size)
            raise StudyError(
                f"readings: model {model}: cell {items[item]} in {formats.variants[variant]} {word} "
                f"({int(wrong.sum())} such cells). {REMEDY}"
            )


def _refuse_infinite(
    model: str, items: Sequence[str], formats: Formats, z: Float64[np.ndarray, "items variants"]
) -> None:
    if not np.isfinite(z).all():
        item, variant = np.argwhere(~np.isfinite(z))[0]
        raise StudyError(
            f"readings: model {model}: log_odds of {items[item]} in {formats.variants[variant]} is "
            f"{z[item, variant]}. A label has probability 0 or no value; see it with `probe show`."
        )


def item_rows(rows: pa.Table) -> list[ItemRow]:
    """What a table says of the items of its rows, in their order.

    Raises:
        StudyError: a context cannot be read.
    """
    return [
        ItemRow(
            id=row["item"],
            tradeoff=row["tradeoff"],
            side=row["side"],
            form=row["form"],
            cluster=row["cluster"],
            scenario=row["scenario"],
            context=_context(row["item"], row["context"]),
            p1=row["p1"],
            p2=row["p2"],
            fixed=row["variant"] == FIXED.id,
        )
        for row in rows.to_pylist()
    ]


def _context(item: str, text: str) -> tuple[tuple[str, str], ...]:
    try:
        plain = json.loads(text or "{}")
    except ValueError:
        plain = None
    if not isinstance(plain, dict):
        raise StudyError(f"readings: {item}: context is not a JSON object, found {text!r}. {REMEDY}")
    return tuple((str(factor), str(level)) for factor, level in plain.items())
