"""What `probe.run` returns: a run folder, opened."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from probe.analysis.results import from_json
from probe.errors import StudyError
from probe.store.folder import RunFolder

if TYPE_CHECKING:
    from probe.analysis.results import NeutralResult, StudyResults, TradeOffResult
    from probe.store.manifest import Manifest

__all__ = ["Results"]


class Results:
    """The readings and results of a run folder.

    Example:
        >>> results = Results("runs/demo")                                # doctest: +SKIP
        >>> results.tradeoffs.to_pandas()[["tradeoff", "stated", "revealed"]]  # doctest: +SKIP
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
        if "ladder.parquet" in self.manifest.files:
            self._refuse_other("ladder.parquet")
        return self.folder.table("ladder")

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
        rows = [_preferences(m, t, r, self._floor(m)) for m, t, r in self._each()]
        return pa.Table.from_pylist(rows, schema=_TRADEOFFS)

    @property
    def budget(self) -> pa.Table:
        """One row per model, trade-off and term of the deviation budget; axes of the format term beneath it."""
        rows = [row for m, t, r in self._each() for row in _budget(m, t, r, self._floor(m))]
        return pa.Table.from_pylist(rows, schema=_BUDGET)

    @property
    def biases(self) -> pa.Table:
        """One row per model, trade-off and side: content, position, label, listing and slot, in nats of log-odds."""
        rows = [row for m, t, r in self._each() for row in _biases(m, t, r)]
        return pa.Table.from_pylist(rows, schema=_BIASES)

    @property
    def ladder_terms(self) -> pa.Table:
        """One row per model, trade-off and term of the ladder, in nats; empty without ``--ladder``."""
        rows = [row for m, t, r in self._each() for row in _ladder_terms(m, t, r)]
        return pa.Table.from_pylist(rows, schema=_LADDER_TERMS)

    def report(self, path: str | Path | None = None) -> Path:
        """Render the report again from the folder, and copy it to `path` if one is given."""
        from probe.report.publish import publish  # noqa: PLC0415  the statistics cost seconds that a finished run need not pay

        self._refuse_other("readings.parquet")
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

    def _floor(self, model: str) -> float:
        return self.results.models[model].numeric_floor.kl

    def _each(self) -> list[tuple[str, str, TradeOffResult]]:
        models = sorted(self.results.models.items())
        return [(name, key, value) for name, model in models for key, value in sorted(model.tradeoffs.items())]

    def _repr_html_(self) -> str:
        """What a notebook shows of it."""
        from probe.report.notebook import glance  # noqa: PLC0415  a script that opens a folder need not pay for the report

        return glance(self.results)

    def __repr__(self) -> str:
        return f"Results({json.dumps(str(self.path))}: {', '.join(sorted(self.manifest.models))})"


def _floats(*names: str) -> list[pa.Field]:
    return [pa.field(name, pa.float64()) for name in names]


_KEYS = [pa.field("model", pa.string()), pa.field("tradeoff", pa.string())]
_TRADEOFFS = pa.schema(
    [
        *_KEYS,
        pa.field("p1", pa.string()),
        pa.field("p2", pa.string()),
        *_floats("stated", "stated_latent", "revealed", "revealed_latent"),
        *_floats("kl_revealed_stated", "kl_error", "kl_stated_revealed", "jsd", "tv", "kl_floor"),
        pa.field("kl_below_floor", pa.bool_()),
        pa.field("direction", pa.string()),
        pa.field("verdict", pa.string()),
        *_floats("gap", "gap_low", "gap_high", "p_adjusted"),
        pa.field("shift_of_preference", pa.bool_()),
        pa.field("depends_on_form", pa.bool_()),
        pa.field("closed_gates", pa.string()),
        *_floats("stated_neutral", "revealed_neutral", "kl3_revealed_stated", "kl_revealed_stated_not_neutral"),
    ]
)
_BUDGET = pa.schema(
    [
        *_KEYS,
        pa.field("term", pa.string()),
        pa.field("axis", pa.string()),
        *_floats("nats", "floor"),
        pa.field("below_floor", pa.bool_()),
    ]
)
_BIASES = pa.schema(
    [*_KEYS, pa.field("side", pa.string()), *_floats("content", "position", "label", "listing", "slot")]
)
_LADDER_TERMS = pa.schema(
    [
        *_KEYS,
        pa.field("term", pa.string()),
        *_floats("nats", "low", "high"),
        pa.field("scenarios", pa.int64()),
        *_floats("p_adjusted"),
    ]
)


def _preferences(model: str, tradeoff: str, found: TradeOffResult, floor: float) -> dict[str, object]:
    stated, revealed = found.stated, found.revealed
    bounds = found.inference and found.inference.gap_interval
    return {
        "model": model,
        "tradeoff": tradeoff,
        "p1": found.p1,
        "p2": found.p2,
        "stated": stated and stated.deployed,
        "stated_latent": stated and stated.latent,
        "revealed": revealed and revealed.deployed,
        "revealed_latent": revealed and revealed.latent,
        "kl_revealed_stated": found.kl_revealed_stated,
        "kl_error": found.kl_error,
        "kl_stated_revealed": found.kl_stated_revealed,
        "jsd": found.jsd,
        "tv": found.tv,
        "kl_floor": floor,
        "kl_below_floor": found.kl_below_floor,
        "direction": found.direction,
        "verdict": found.verdict,
        "gap": found.gap,
        "gap_low": bounds and bounds[0],
        "gap_high": bounds and bounds[1],
        "p_adjusted": found.claim and found.claim.p_adjusted,
        "shift_of_preference": found.claim and found.claim.shift_of_preference,
        "depends_on_form": found.claim and found.claim.depends_on_form,
        "closed_gates": ", ".join(f"{gate.gate} ({gate.side})" for gate in found.gates),
        **_neutral(found.neutral),
    }


def _neutral(found: NeutralResult | None) -> dict[str, float | None]:
    """Neutral answers of both sides; missing where none were offered."""
    if found is None:
        return {}
    return {
        "stated_neutral": found.stated.neutral if found.stated else None,
        "revealed_neutral": found.revealed.neutral if found.revealed else None,
        "kl3_revealed_stated": found.kl3_revealed_stated,
        "kl_revealed_stated_not_neutral": found.kl_revealed_stated_not_neutral,
    }


def _budget(model: str, tradeoff: str, found: TradeOffResult, floor: float) -> list[dict[str, object]]:
    budget = found.budget
    if budget is None:
        return []
    terms = {"total": budget.total, "format": budget.format, "context": budget.context}
    terms |= {"scenarios": budget.scenarios, "gap": budget.gap}
    rows: list[tuple[str, str | None, float | None]] = [(term, None, nats) for term, nats in terms.items()]
    rows += [("format", axis, nats) for axis, nats in sorted(budget.format_by_axis.items())]
    named = {"model": model, "tradeoff": tradeoff, "floor": floor}
    return [
        {**named, "term": t, "axis": a, "nats": n, "below_floor": None if n is None else n <= floor} for t, a, n in rows
    ]


def _biases(model: str, tradeoff: str, found: TradeOffResult) -> list[dict[str, object]]:
    sides = {"stated": found.bias_stated, "revealed": found.bias}
    return [
        {
            "model": model,
            "tradeoff": tradeoff,
            "side": side,
            "content": bias.content,
            "position": bias.position,
            "label": bias.label,
            "listing": bias.listing,
            "slot": bias.slot,
        }
        for side, bias in sides.items()
        if bias is not None
    ]


def _ladder_terms(model: str, tradeoff: str, found: TradeOffResult) -> list[dict[str, object]]:
    ladder = found.ladder
    if ladder is None:
        return []
    steps = {name: getattr(ladder, name) for name in ("vignette", "wording", "should_to_do", "total")}
    steps |= {**ladder.path, "general_to_bridge": ladder.general_to_bridge, "first_to_mean": ladder.first_to_mean}
    steps |= {"same_facts": ladder.same_facts.difference, "bare": ladder.bare.latent}
    named = {"model": model, "tradeoff": tradeoff, "scenarios": ladder.scenarios}
    return [
        {
            **named,
            "term": term,
            "nats": step.value,
            "low": step.interval and step.interval[0],
            "high": step.interval and step.interval[1],
            "p_adjusted": ladder.same_facts.p_adjusted if term == "same_facts" else None,
        }
        for term, step in steps.items()
        if step is not None
    ]
