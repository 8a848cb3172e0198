"""Runs side by side: every model of every run against the first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from probe.analysis.neutral_grids import tabulate_grids
from probe.analysis.results import RESULTS_VERSION, StudyResults
from probe.errors import InputError
from probe.report.browser import browser_of
from probe.report.clause_view import clause_views
from probe.report.model_comparison import Change, change_text, changes_from_first
from probe.report.number_format import clean, probability
from probe.report.page import Page, render_page
from probe.report.partial import partial_line
from probe.report.summary import asking_line
from probe.results import Results
from probe.store.schema import READINGS

if TYPE_CHECKING:
    from probe.analysis.neutral_grids import NeutralGrids
    from probe.analysis.results import ModelResults
    from probe.report.browser import Browser

__all__ = ["Compared", "Condition", "compare", "comparison_json", "comparison_lines", "largest", "page_of"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One model of one run.

    Attributes:
        name: How the comparison calls it: the model, and what distinguishes it from others of that name.
        model: The model's name in its run.
        run: Folder of the run.
        traits: Dtype, quantisation, compute, system text and design.
        asked: What must be known of how it was asked, or empty.
        partial: How much of its suite was read where that is a part, or empty.
    """

    name: str
    model: str
    run: Path
    traits: dict[str, str]
    asked: str = ""
    partial: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """Two conditions and what changes from the first to the second."""

    first: Condition
    second: Condition
    change: Change


def compare(runs: Sequence[Path]) -> tuple[Compared, ...]:
    """Every further condition against the first; trade-offs that both have, by id.

    Raises:
        StudyError: A run is not finished or damaged.
        InputError: There is nothing to compare.
    """
    results = [Results(path) for path in runs]
    conditions = _conditions(results)
    if len(conditions) < 2:
        raise InputError(
            f"{runs[0]}: holds one model and nothing to compare it with. Name another run, or run more models."
        )
    grids = {key: found for one in results for key, found in _cells(one).items()}
    for each in conditions:
        if (each.run, each.model) not in grids:
            raise InputError(
                f"{each.run}: {clean(each.model)} has no readings by label, and these are what is compared. Run it "
                "again with --answers both."
            )
    closed = {
        (one.path, model): [key for key, t in found.tradeoffs.items() if t.gates]
        for one in results
        for model, found in one.results.models.items()
    }
    first, *others = conditions
    for second in others:
        _refuse_unlike((first, second), grids)
    changes = changes_from_first([(c.name, grids[c.run, c.model], closed[c.run, c.model]) for c in conditions])
    return tuple(Compared(first, second, change) for second, change in zip(others, changes, strict=True))


Key = tuple[Path, str]


def _refuse_unlike(both: tuple[Condition, Condition], cells: Mapping[Key, NeutralGrids]) -> None:
    principles = [_principles(cells[each.run, each.model]) for each in both]
    shared = sorted(principles[0].keys() & principles[1].keys())
    if not shared:
        raise InputError(
            f"{both[1].run}: shares no trade-off with {both[0].run}. Compare runs of the same suite, or of suites that "
            "overlap."
        )
    for key in shared:
        if principles[0][key] != principles[1][key]:
            raise InputError(
                f"{both[1].run}: {key} sets other principles against each other, or in the other order, than in "
                f"{both[0].run}. Run both with the same trade-off file."
            )


def _principles(cells: NeutralGrids) -> dict[str, set[tuple[str, str]]]:
    """Principles by trade-off, those of the known-answer controls aside: they have answers of their own."""
    found: dict[str, set[tuple[str, str]]] = {}
    for item in cells.items:
        own = found.setdefault(item.tradeoff, set())
        if item.side != "control":
            own.add((item.p1, item.p2))
    return found


def page_of(runs: Sequence[Path]) -> str:
    """One report over all runs, each model by the name of its condition.

    Raises:
        StudyError: A run is not finished or damaged.
    """
    results = [Results(path) for path in runs]
    names = {(each.run, each.model): each.name for each in _conditions(results)}
    measured = {(one.path, model): found for one in results for model, found in one.results.models.items()}
    models = {name: measured[key] for key, name in names.items()}  # the page's order is that of the comparison
    parts = tuple(
        f"{clean(names[one.path, model])}: {partial_line(one.manifest.partial)}"
        for one in results
        if one.manifest.partial is not None
        for model in sorted(one.results.models)
    )
    manifests = {one.path.name: json.loads(one.manifest.to_json()) for one in results}
    return render_page(
        Page(
            results=StudyResults(RESULTS_VERSION, models),
            facts=results[0].manifest.facts,
            manifest_json=json.dumps(manifests, indent=1, sort_keys=True),
            truth_json=None,
            title=f"{'PARTIAL, ' * bool(parts)}{len(models)} conditions: {', '.join(models)}",
            parts=parts,
            browser=_browser(results, names, models),
            changes=tuple(one.change for one in compare(runs)) if len(models) > 1 else (),
        )
    )


def _browser(results: Sequence[Results], names: Mapping[Key, str], models: Mapping[str, ModelResults]) -> Browser:
    """Items and prompts of every condition, each by its name."""
    closed = {name: sorted(key for key, found in one.tradeoffs.items() if found.gates) for name, one in models.items()}
    tables = [(one.path, table) for one in results for table in (one.readings, one.ladder, one.clauses)]
    readings = pa.concat_tables([_renamed(table.select(READINGS.names), path, names) for path, table in tables])
    prompts = pa.concat_tables([_renamed(one.folder.prompts(), one.path, names) for one in results])
    facts = {names[one.path, model]: one.manifest.facts for one in results for model in one.results.models}
    return browser_of(readings, prompts, closed, {name: clause_views(one, facts[name]) for name, one in models.items()})


def _renamed(table: pa.Table, run: Path, names: Mapping[Key, str]) -> pa.Table:
    """The rows of the models that were measured, each model by the name of its condition."""
    own = {model: name for (path, model), name in names.items() if path == run}
    table = table.filter(pc.is_in(table["model"], pa.array(sorted(own), pa.string())))
    called = pa.array([own[model] for model in table["model"].to_pylist()], pa.string())
    index = table.column_names.index("model")
    return table.set_column(index, table.schema.field(index), called.cast(table.schema.field(index).type))


def largest(compared: Sequence[Compared]) -> float:
    """Largest absolute change of a stated or revealed preference, a probability; 0 without any."""
    changes = [
        abs(change.value)
        for one in compared
        for found in one.change.pairs.values()
        for change in (found.stated, found.revealed)
        if change is not None
    ]
    return max(changes, default=0.0)


def comparison_json(compared: Sequence[Compared]) -> str:
    """The comparison for other tools."""
    reported = [
        {
            "first": _as_plain(one.first),
            "second": _as_plain(one.second),
            "tradeoffs": {
                key: {**asdict(found), "not_interpretable": list(one.change.closed[key])}
                for key, found in one.change.pairs.items()
            },
        }
        for one in compared
    ]
    return json.dumps({"largest": largest(compared), "comparisons": reported}, indent=1, allow_nan=False)


def comparison_lines(compared: Sequence[Compared]) -> Iterator[str]:
    """The comparison in words and columns."""
    for one in compared:
        yield f"{clean(one.second.name)} minus {clean(one.first.name)}"
        yield from (f"  {clean(each.name)}: {each.partial}" for each in (one.first, one.second) if each.partial)
        yield from (f"  {clean(each.name)}: {each.asked}" for each in (one.first, one.second) if each.asked)
        yield f"  {'trade-off':30} {'stated':>26} {'revealed':>26} {'R - S':>26}"
        for key, found in one.change.pairs.items():
            cells = " ".join(f"{change_text(change):>26}" for change in (found.stated, found.revealed, found.gap))
            yield f"  {clean(key)[:30]:30} {cells}"
            if closed := one.change.closed[key]:
                yield f"    not interpretable, a validity check failed: {clean(', '.join(closed))}"
            if found.unpaired:
                yield f"    {found.items} items are in both; {found.unpaired} in one alone are left out"
        yield ""
    yield (
        "Differences of mean probabilities (deployed), paired by item, with 95 % intervals over root questions and "
        "scenarios; they are not corrected for looking at many."
    )
    yield f"largest change of a preference: {probability(largest(compared))}"


def _as_plain(condition: Condition) -> dict[str, object]:
    return {
        "name": condition.name,
        "model": condition.model,
        "run": condition.run.name,
        "asked": condition.asked,
        "partial": condition.partial or None,
        **condition.traits,
    }


def _cells(results: Results) -> dict[tuple[Path, str], NeutralGrids]:
    found = tabulate_grids(results.readings, results.manifest.facts.axes)
    return {(results.path, model): grids for model, grids in found.items()}


def _conditions(results: Sequence[Results]) -> list[Condition]:
    found = [(one, model, _traits(one, model)) for one in results for model in sorted(one.results.models)]
    models = [model for _, model, _ in found]
    return [
        Condition(
            model if models.count(model) == 1 else _distinct_name(one, model, found),
            model,
            one.path,
            traits,
            asking_line(one.results.models[model]),
            partial_line(one.manifest.partial),
        )
        for one, model, traits in found
    ]


def _traits(results: Results, model: str) -> dict[str, str]:
    study, record = results.manifest.study, results.manifest.models[model]
    own = (record.template_traits or {}).get("default_system")
    system = study.systems.get(model, study.system)
    return {
        "design": study.design,
        "dtype": record.loaded.weights.dtype,
        "quant": study.quant,
        "compute": record.loaded.weights.compute,
        "system": system or ("" if own is None or system == "" else "the template's own"),
        "revision": record.revision or "",
    }


def _distinct_name(results: Results, model: str, found: Sequence[tuple[Results, str, dict[str, str]]]) -> str:
    """A model's name with the traits in which runs of this name differ, or with the run's folder."""
    mine = _traits(results, model)
    others = [traits for one, name, traits in found if name == model and one is not results]
    differing = [key for key in mine if any(traits[key] != mine[key] for traits in others)]
    reported = ", ".join(f"{key} {mine[key] or 'none'}" for key in differing)
    twins = [traits for traits in others if all(traits[key] == mine[key] for key in mine)]
    return f"{model} ({reported})" if reported and not twins else f"{model} ({results.path.name})"
