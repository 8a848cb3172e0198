"""Times the report of a large study: how long it takes to render, how large it is, how soon Chromium shows it.

    scripts/bench/report.py [--items N] [--models 3] [--design standard] [--out PAGE] [--check]
    scripts/bench/report.py --suite core --models 1 --cpu --check

Prompts are those of the shipped suite, all of it unless --items says less; the numbers are drawn, since a page does not
care what they are. Figures in what is folded are drawn when it is unfolded, and not waited for. With --check it exits 1
if rendering takes 30 s, the first screen 2 s, answering 3 s or the page 10 MB. With --cpu no browser is asked, and what
is judged is the CPU time of statistics and page, 20 s, which other work on the machine stretches less than the clock.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from probe.analysis.results import StudyResults
from probe.analysis.study import analyse
from probe.design.items import AXES, Item
from probe.exports.prompts import Asked, asked
from probe.report.page import render_page
from probe.report.publish import page_of
from probe.store.facts import StudyFacts
from probe.store.schema import PROMPTS, READINGS
from probe.study.request import Request
from probe.study.resolve import Study, resolve

if TYPE_CHECKING:
    from playwright.sync_api import Page

RENDER_S, FIRST_S, OPEN_S, MEGABYTES, CPU_S = 30.0, 2.0, 3.0, 10.0, 20.0
FLOOR = 1e-5


@dataclass(frozen=True)
class Made:
    """A study with drawn numbers."""

    items: int
    facts: StudyFacts
    readings: pa.Table
    prompts: pa.Table


def make(count: int, models: int, design: str, suite: str = "all") -> Made:
    """Whole trade-offs of a suite until there are `count` items, asked of so many models."""
    study = resolve(Request(models=("demo",), suite=(suite,), design=design), weights=False)
    kept: list[Item] = []
    names: set[str] = set()
    for file in study.files:
        if len(kept) >= count:
            break
        names.add(file.tradeoff.tradeoff)
        kept += [item for item in study.items if item.tradeoff == file.tradeoff.tradeoff]
    kept.sort(key=lambda item: item.id)
    cells = sorted(asked(kept, study.design), key=lambda cell: (cell.item.id, cell.variant.id))
    columns = _columns(cells)
    tables = [_readings(columns, f"model-{place}", place) for place in range(models)]
    prompts = [_prompts(columns, f"model-{place}") for place in range(models)]
    return Made(len(kept), _facts(study, names), pa.concat_tables(tables), pa.concat_tables(prompts))


def _facts(study: Study, names: set[str]) -> StudyFacts:
    whole = study.facts()
    kept = {item.id for item in study.items if item.tradeoff in names}
    return StudyFacts(
        tradeoffs={key: fact for key, fact in whole.tradeoffs.items() if key in names},
        axes=whole.axes,
        unordered_label_sets=whole.unordered_label_sets,
        agreeing={key: fact for key, fact in whole.agreeing.items() if key in kept},
        controls={key: fact for key, fact in whole.controls.items() if key in kept},
    )


def _columns(cells: Sequence[Asked]) -> dict[str, list[object]]:
    """What does not depend on a model: columns of the table, and the text."""
    found: dict[str, list[object]] = {}
    for cell in cells:
        item, variant = cell.item, cell.variant
        labels = cell.labels if cell.p1_index == 0 else cell.labels[::-1]
        row = {
            "tradeoff": item.tradeoff,
            "side": item.side,
            "form": item.form,
            "cluster": item.cluster,
            "scenario": item.scenario,
            "item": item.id,
            "context": json.dumps(dict(item.context)),
            "variant": variant.id,
            **{f"axis_{axis}": variant[axis] for axis in AXES},
            "p1": item.p1,
            "p2": item.p2,
            "shown_first": item.p1 if cell.p1_index == 0 else item.p2,
            "label_p1": labels[0],
            "label_p2": labels[1],
            "text": cell.text,
        }
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    found["prompt_sha256"] = [hashlib.sha256(str(text).encode()).hexdigest() for text in found["text"]]
    return found


def _readings(columns: dict[str, list[object]], model: str, seed: int) -> pa.Table:
    """Log-odds with a part of the trade-off, of the cluster, of the order and of the cell."""
    rng = np.random.default_rng(seed)
    z = sum(_drawn(columns[name], rng) * size for name, size in (("tradeoff", 1.0), ("cluster", 0.5), ("item", 0.3)))
    rows = len(columns["item"])
    z = z + np.where([one == "p1" for one in columns["axis_order"]], 0.4, -0.4) + 0.2 * rng.standard_normal(rows)
    mass = rng.uniform(0.9, 0.999, rows)
    first, second = np.log(mass) - np.logaddexp(0.0, -z), np.log(mass) - np.logaddexp(0.0, z)
    numbers = {"logprob_p1": first, "logprob_p2": second, "log_odds": z, "option_mass": mass}
    same = {"model": model, "top_token": " A", "top_token_id": 5, "top_logprob": -0.2, "n_tokens": 200}
    same |= {"boundary_p1": 1.0, "boundary_p2": 1.0, "pack_sha256": "0" * 64, "reader": "plain"}
    same |= {"logits_dtype": "float32", "label_neutral": None, "logprob_neutral": None}
    arrays = [
        pa.array(numbers[f.name], f.type)
        if f.name in numbers
        else pa.array(columns[f.name] if f.name in columns else [same[f.name]] * rows, f.type)
        for f in READINGS
    ]
    return pa.Table.from_arrays(arrays, schema=READINGS)


def _drawn(names: Sequence[object], rng: np.random.Generator) -> np.ndarray:
    """One standard normal number for each distinct name."""
    _, place = np.unique(np.array(names, dtype=str), return_inverse=True)
    return np.asarray(rng.standard_normal(place.max() + 1)[place])


def _prompts(columns: dict[str, list[object]], model: str) -> pa.Table:
    texts = dict(zip(columns["prompt_sha256"], columns["text"], strict=True))
    return pa.Table.from_pydict(
        {"model": [model] * len(texts), "prompt_sha256": list(texts), "text": list(texts.values())}, schema=PROMPTS
    )


def rendered(made: Made, results: StudyResults) -> str:
    """The page's text."""
    return render_page(page_of(results, made.facts, made.readings, made.prompts, manifest_json="{}", title="bench"))


def _mark(page: Page, name: str) -> float:
    """Seconds at which the page set a mark; asked for seldom and cheaply, since the page itself is being timed."""
    limit = time.monotonic() + 120
    while time.monotonic() < limit:
        found = page.evaluate(f"Number(document.body && document.body.dataset.{name} || 0)")
        if found:
            return float(found) / 1000
        page.wait_for_timeout(50)
    raise SystemExit(f"the page set no mark {name} within 120 s")


@dataclass(frozen=True)
class Opening:
    """How soon a page opens, in seconds.

    Attributes:
        first: Until the words stand and the figures in the window are drawn.
        processor: Processor time of the page's main thread by then.
        answers: Until the item browser answers as well.
        drawn: Until every figure that is not folded is drawn.
        said: What the console said, and whether a figure is missing.
    """

    first: float
    processor: float
    answers: float
    drawn: float
    said: tuple[str, ...]


def opened(path: Path) -> Opening:
    """How soon a page of a file opens, with nothing in the browser's caches."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  rendering alone is timed without it

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(path.as_uri())
        first = _mark(page, "ready")
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        answers = max(first, _mark(page, "answers"))
        drawn = _mark(page, "drawn")
        empty = page.evaluate(
            "[...document.querySelectorAll('.plot:not(.js-plotly-plot)')]"
            ".filter((one) => !one.closest('details:not([open])')).length"
        )
        browser.close()
    missing = ("a figure was not drawn",) if empty else ()
    return Opening(first, metrics["ThreadTime"], answers, drawn, (*said, *missing))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; with --check also judge them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=sys.maxsize)
    parser.add_argument("--models", type=int, default=3)
    parser.add_argument("--design", default="standard")
    parser.add_argument("--suite", default="all")
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args(arguments)
    made = make(chosen.items, chosen.models, chosen.design, chosen.suite)
    floors = {f"model-{place}": FLOOR for place in range(chosen.models)}
    clock = time.process_time if chosen.cpu else time.perf_counter
    began = clock()
    results = analyse(made.readings, made.facts, floors)
    analysed = clock()
    text = rendered(made, results)
    rendering = clock() - analysed
    if chosen.cpu:
        spent = analysed - began + rendering
        print(f"{made.items} items, {made.readings.num_rows} rows, {chosen.models} models: {spent:.1f} CPU seconds")
        print(f"statistics {analysed - began:.1f}, page {rendering:.1f}")
        return int(chosen.check and spent >= CPU_S)
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.out or Path(folder) / "report.html"
        path.write_text(text, encoding="utf-8")
        found = opened(path)
    size = len(text.encode()) / 1e6
    print(f"{made.items} items, {made.readings.num_rows} rows, {chosen.models} models")
    print(f"statistics {analysed - began:.1f} s, rendering {rendering:.1f} s, page {size:.2f} MB")
    print(
        f"Chromium: first screen drawn {found.first:.2f} s ({found.processor:.2f} s of processor time), item browser "
        f"answers {found.answers:.2f} s, all drawn {found.drawn:.2f} s"
    )
    print(f"console: {found.said or 'silent'}")
    slow = rendering >= RENDER_S or found.first >= FIRST_S or found.answers >= OPEN_S
    failed = slow or size >= MEGABYTES or bool(found.said)
    return 1 if chosen.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
