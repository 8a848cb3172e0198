"""Guards: the first figure is whole on the first screen, and no text of a figure is printed over another."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from probe.report.page import Page, render_page

if TYPE_CHECKING:
    from collections.abc import Iterator

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium: apt-get install chromium"),
]

NAMES = ("demo", "demo-bfloat16", "demo-int8")

BOXES = r"""() => [...document.querySelectorAll('.plot')].map((plot) => [plot.id, plot.getBoundingClientRect(),
  [...plot.querySelectorAll('svg text')]
    .filter((one) => one.textContent.trim() && one.getClientRects().length && !one.closest('.hoverlayer'))
    .map((one) => [one.textContent, one.getBoundingClientRect()])])"""
"""Every text of every figure with the box in which it stands."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def written(page: Page, models: int, folder: Path) -> str:
    (model,) = page.results.models.values()
    several = replace(page.results, models=dict.fromkeys(NAMES[:models], model))
    path = folder / "report.html"
    told = replace(page, results=several, title=f"{', '.join(NAMES[:models])} on demo", suites=("demo",))
    path.write_text(render_page(told), encoding="utf-8")
    return path.as_uri()


def overprinted(boxes: list[Any]) -> list[tuple[str, str, str]]:
    """Pairs of texts of a figure that share more than a hair, and texts that leave their figure."""
    found = []
    for name, figure, texts in boxes:
        for place, (text, box) in enumerate(texts):
            if box["left"] < figure["left"] - 1 or box["right"] > figure["right"] + 1:
                found.append((name, text, "leaves its figure"))
            for other, beside in texts[place + 1 :]:
                width = min(box["right"], beside["right"]) - max(box["left"], beside["left"])
                height = min(box["bottom"], beside["bottom"]) - max(box["top"], beside["top"])
                if width > 1 and height > 2:
                    found.append((name, text, other))
    return found


@pytest.mark.parametrize("models", [1, 2, 3])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_the_first_figure_is_whole_on_the_first_screen(
    chromium: Any, page: Page, tmp_path: Path, models: int, width: int, height: int
) -> None:
    view = chromium.new_page(viewport={"width": width, "height": height})
    asked: list[str] = []
    view.on("request", lambda request: asked.append(request.url))
    address = written(page, models, tmp_path)
    view.goto(address)
    view.wait_for_selector("body[data-drawn]", state="attached")
    box = view.evaluate("document.getElementById('first-figure').getBoundingClientRect()")
    assert 0 < box["top"] < box["bottom"] <= height
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    assert asked == [address]
    view.close()


@pytest.mark.parametrize("models", [1, 3])
def test_no_text_of_a_figure_is_printed_over_another_on_a_phone(
    chromium: Any, page: Page, tmp_path: Path, models: int
) -> None:
    view = chromium.new_page(viewport={"width": 390, "height": 844})
    view.goto(written(page, models, tmp_path))
    view.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    view.add_style_tag(content="section { content-visibility: visible !important }")
    view.wait_for_selector("body[data-drawn]", state="attached")
    view.wait_for_function("document.querySelectorAll('.plot:not(.js-plotly-plot)').length === 0")
    boxes = view.evaluate(BOXES)
    assert sum(len(texts) for _, _, texts in boxes) > 100
    assert overprinted(boxes) == []
    view.evaluate("document.querySelectorAll('#first-figure text').forEach((one) => { one.style.fontSize = '40px'; })")
    assert overprinted(view.evaluate(BOXES)) != [], "larger letters must be seen"
    view.close()
