"""Guards: a browser draws every figure under the page's own policy, and runs nothing that a name holds."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

from probe.analysis.results import SpecificationCurve
from probe.report.colours import REVEALED, STATED
from probe.report.page import Page, render_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium: apt-get install chromium"),
]


UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


def dom(page: Path, *, unfold: bool = False) -> tuple[str, str]:
    """The document after every figure in sight was drawn, without its scripts, and what the console said."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 1280, "height": 900})
        said: list[str] = []
        view.on("console", lambda message: said.append(message.text))
        view.on("pageerror", lambda error: said.append(str(error)))
        view.goto(page.as_uri())
        view.wait_for_selector("body[data-drawn]", state="attached")
        if unfold:
            view.evaluate(UNFOLD)
            view.wait_for_selector(".plot:not(.js-plotly-plot)", state="detached")
        text = view.content()
        browser.close()
    return re.sub(r"<script\b.*?</script>", "", text, flags=re.DOTALL), "\n".join(said)


def written(folder: Path, page: Page) -> Path:
    path = folder / "report.html"
    path.write_text(render_page(page), "utf-8", newline="\n")
    return path


def drawn(text: str) -> set[str]:
    return set(re.findall(r'<div class="plot js-plotly-plot" id="([a-z0-9-]+)"', text))


def test_figures_are_drawn(page: Page, tmp_path: Path) -> None:
    text, said = dom(written(tmp_path, page))
    assert said == ""
    unfolded, _ = dom(written(tmp_path, page), unfold=True)
    assert drawn(unfolded) == set(re.findall(r'id="([a-z0-9-]+)-title"', text))
    assert len(drawn(unfolded)) == 15
    context = "model-1-figure-10"
    assert drawn(text) == {"first-figure", "model-1-curve-1", "model-1-curve-2", context, "model-1-planted"}


def test_hostile_names_run_nothing(hostile: Page, tmp_path: Path) -> None:
    text, said = dom(written(tmp_path, hostile), unfold=True)
    assert said == ""
    assert drawn(text) == set(re.findall(r'id="([a-z0-9-]+)-title"', text))
    assert "evil.test" in text
    assert not _targets(text)


@pytest.fixture
def curved(page: Page) -> Page:
    """Two models, each with three specification curves, of which the last is folded."""
    curve = SpecificationCurve(("order=p1", "order=p2"), (0.5, 0.6), (0.4, 0.8), (-0.2, 0.1), (0.0, 0.3))
    (model,) = page.results.models.values()
    found = {
        key: replace(t, specification=curve, varied_axes={"order": ("p1", "p2")}) if t.stated else t
        for key, t in model.tradeoffs.items()
    }
    models = {"a": replace(model, tradeoffs=found), "b": replace(model, tradeoffs=found)}
    return replace(page, results=replace(page.results, models=models), suites=("core",))


@contextmanager
def opened(path: Path, width: int, height: int, scheme: Literal["light", "dark"] = "light") -> Iterator[Any]:
    """A page of that size after its figures were drawn; the console must have said nothing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        said: list[str] = []
        view.on("console", lambda message: said.append(message.text))
        view.on("pageerror", lambda error: said.append(str(error)))
        view.goto(path.as_uri())
        view.wait_for_selector("body[data-drawn]", state="attached")
        yield view
        browser.close()
        assert said == []


@pytest.mark.parametrize("which", ["page", "curved"])
def test_the_first_figure_and_the_caveat_stand_on_the_first_screen(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with opened(written(tmp_path, request.getfixturevalue(which)), 1280, 900) as view:
        bottom = view.evaluate("document.querySelector('.meaning').getBoundingClientRect().bottom")
        top = view.evaluate("document.getElementById('first-figure').getBoundingClientRect().top")
        words = view.evaluate(
            "[...document.querySelectorAll('h1, .chips, .headline, .meaning, figure:first-of-type > figcaption')]"
            ".filter((one) => one.getBoundingClientRect().top < innerHeight)"
            ".map((one) => one.innerText).join(' ').split(/\\s+/).length"
        )
    assert 0 < top < 300
    assert bottom <= 900
    assert words < 140


@pytest.mark.parametrize("which", ["page", "curved", "hostile"])
def test_a_phone_scrolls_in_one_direction_only(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with opened(written(tmp_path, request.getfixturevalue(which)), 390, 844) as view:
        view.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        view.wait_for_timeout(300)
        assert view.evaluate("document.documentElement.scrollWidth") <= 390
        if which != "hostile":
            assert view.evaluate("document.getElementById('first-figure').getBoundingClientRect().top") < 500


def test_the_name_of_a_row_stays_while_a_table_is_scrolled(page: Page, tmp_path: Path) -> None:
    with opened(written(tmp_path, page), 390, 844) as view:
        moved = view.evaluate(
            "[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth + 300)"
            ".slice(0, 1).map((one) => { (one.closest('details') || {}).open = true; one.scrollLeft = 250;"
            " const name = one.querySelector('tbody th').getBoundingClientRect();"
            " return [one.scrollLeft, name.left - one.getBoundingClientRect().left, name.width]; })[0]"
        )
    assert moved[:2] == [250, 0]
    assert 90 < moved[2] < 180


def test_a_folded_curve_is_drawn_when_it_is_unfolded(curved: Page, tmp_path: Path) -> None:
    with opened(written(tmp_path, curved), 1280, 900) as view:
        shown = "document.getElementById('model-1-curve-3').classList.contains('js-plotly-plot')"
        assert view.evaluate(shown) is False
        view.evaluate("document.getElementById('model-1-curve-3').closest('details').open = true")
        view.wait_for_function(shown)
        assert view.evaluate("document.querySelector('#model-1-curve-3 .main-svg').clientWidth") > 400


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_on_bars_is_dark_in_both_schemes(page: Page, tmp_path: Path, scheme: Literal["light", "dark"]) -> None:
    with opened(written(tmp_path, page), 1280, 900, scheme) as view:
        view.evaluate(UNFOLD)
        view.wait_for_selector(".plot:not(.js-plotly-plot)", state="detached")
        inks = view.evaluate(
            "[...new Set([...document.querySelectorAll('.bartext')].map((one) => getComputedStyle(one).fill))]"
        )
    assert inks == ["rgb(17, 17, 17)"]


def test_the_picture_of_the_readme_shows_a_drawn_figure(page: Page, tmp_path: Path) -> None:
    pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    written(tmp_path, page)
    script = Path(__file__).parents[2] / "scripts" / "screenshot.py"
    subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(tmp_path / "top.png")],
        check=True,
        capture_output=True,
        timeout=120,
    )
    with Image.open(tmp_path / "top.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == (2180, 1200, 3)
    for colour in (STATED, REVEALED):
        wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
        assert (pixels == wanted).all(axis=2).sum() > 100


def _targets(text: str) -> list[str]:
    """Addresses outside the page that any element points to, SVG included."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
            found.extend(value or "" for name, value in attrs if name in {"href", "xlink:href", "src"})

    Reader().feed(text)
    return [target for target in found if not target.startswith("#")]
