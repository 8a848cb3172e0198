"""Make docs/results.md and its figures from the files under results/ alone; no model is needed.

    scripts/results/write_page.py

Statistics are computed anew from the readings, so every number on the page is regenerated. The same files give the same
bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from figures import pivot_figure, shift_figure
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from measured import Measured
from pivots import ANY, COIN
from places import FLAGS, KEPT, LIMIT, ROOT
from tables import (
    agreement_table,
    extremes,
    pivot_table,
    protocol_table,
    same_choices,
    shift_table,
    workstation_table,
    written_table,
    wrong_sign,
)

from probe.design.models import own_models
from probe.exports.tables import markdown_table
from probe.figures.draw import encode
from probe.figures.preferences import gaps, stated_and_revealed
from probe.figures.specification import specification_curves
from probe.report.brief import followed_line, outcome_line
from probe.report.checks import check_matrix
from probe.report.claim_text import failed_checks
from probe.report.ladder_text import ladder_tables
from probe.report.main_table import main_table
from probe.report.method_text import method_tables
from probe.report.number_format import amount, interval, markdown_text, probability
from probe.report.summary import points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from probe.report.table import Table

PAGE = Path("docs") / "results.md"
IMAGES = Path("docs") / "images" / "results"


def figures_of(found: Measured) -> Iterator[tuple[str, Figure]]:
    """Every figure of a model by the end of its file's name."""
    yield "flips", pivot_figure(found.pivots)
    yield "forest", stated_and_revealed(found.plots.results)
    yield "gaps", gaps(found.plots.results)
    yield "specification", specification_curves(found.plots.results)
    if found.shifts:
        yield "conditions", shift_figure(found.shifts)


def table_text(table: Table) -> str:
    """A table under the heading that the page gives it: its caption and its rows."""
    return markdown_table(table).split("\n\n", 1)[1] if table.rows else ""


def tables_text(tables: tuple[Table, ...]) -> str:
    """Several, each with its title in bold."""
    return "\n\n".join(f"**{markdown_text(one.title)}.** {table_text(one)}" for one in tables if one.rows)


def section(found: Measured) -> dict[str, object]:
    """What the template fills a model's part of the page with."""
    model, record = found.model, found.record
    return {
        "name": found.name,
        "manifest": found.manifest,
        "record": record,
        "measure": found.measure,
        "stored": _stored(record.loaded.weights.quantisation),
        "outcome": markdown_text(outcome_line(found.name, model)),
        "followed": markdown_text(followed_line(model)),
        "points": [(one.question, markdown_text(one.answer)) for one in points(model)],
        "closed": [markdown_text(line) for line in failed_checks(model)],
        "floor": amount(found.floor),
        "floor_cells": model.numeric_floor.cells,
        "any": {side: found.pivots[side][ANY] for side in found.pivots},
        "flip_table": table_text(pivot_table(found)),
        "main_table": table_text(main_table(model)),
        "check_table": table_text(check_matrix(model)),
        "ladder_tables": tables_text(ladder_tables(model)),
        "method_tables": tables_text(method_tables(model)),
        "protocol_table": table_text(protocol_table(found)),
        "wrong_sign": wrong_sign(found),
        "agreement_table": table_text(agreement_table(found)),
        "llama_cpp": same_choices(found, "llama.cpp"),
        "written_table": table_text(written_table(found)),
        "shift_table": table_text(shift_table(found)),
        "shifts": extremes(found.shifts),
        "images": [name for name, _ in figures_of(found)],
    }


def _stored(settings: Mapping[str, str | bool | float]) -> str:
    kind = str(settings.get("kind", "not quantised"))
    return f"stored as {kind}, expanded on loading" if settings.get("expanded") else kind


def made(kept: Path = KEPT) -> dict[Path, bytes]:
    """Every file of the page, by its path below the repository; of the models of a folder that have been measured."""
    names = [*own_models(kept / "models.yaml"), *own_models(kept / "workstation.yaml")]
    models = [Measured(name, kept) for name in names if (kept / name / "manifest.json").is_file()]
    if not models:
        raise SystemExit(f"{kept}: no model has been measured. Run `make results`.")
    first = models[0]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters |= {"probability": probability, "interval": interval, "amount": amount}
    later = workstation_table(
        own_models(kept / "workstation.yaml"),
        float(first.measure["operations"]),
        first.record.loaded.weights.parameters,
    )
    text = environment.get_template("page.md.j2").render(
        models=[section(found) for found in models],
        flags=" ".join(FLAGS),
        limit=LIMIT,
        coin=COIN,
        workstation_table=table_text(later),
    )
    files = {PAGE: text.encode()}
    for found in models:
        files |= {IMAGES / f"{found.name}-{name}.svg": encode(one, "svg") for name, one in figures_of(found)}
    return files


def main() -> None:
    for path, content in made().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_bytes(content)
        print(path)


if __name__ == "__main__":
    main()
