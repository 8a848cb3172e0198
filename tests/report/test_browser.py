"""Guards: a browser draws every figure under the page's own policy, and runs nothing that a name holds."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from probe.report.page import Page, render_page
from probe.report.plot_style import REVEALED, STATED

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium: apt-get install chromium"),
]


def dom(page: Path) -> tuple[str, str]:
    """The document after every figure was drawn, without its scripts, and what the console said."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 1280, "height": 900})
        said: list[str] = []
        view.on("console", lambda message: said.append(message.text))
        view.on("pageerror", lambda error: said.append(str(error)))
        view.goto(page.as_uri())
        view.wait_for_selector("body[data-drawn]", state="attached")
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
    assert drawn(text) == set(re.findall(r'id="(model-1-[a-z0-9-]+)-title"', text))
    assert len(drawn(text)) == 10


def test_hostile_names_run_nothing(hostile: Page, tmp_path: Path) -> None:
    text, said = dom(written(tmp_path, hostile))
    assert said == ""
    assert drawn(text) == set(re.findall(r'id="(model-1-[a-z0-9-]+)-title"', text))
    assert "evil.test" in text
    assert not _targets(text)


def test_the_picture_of_the_readme_shows_a_drawn_figure(page: Page, tmp_path: Path) -> None:
    written(tmp_path, page)
    script = Path(__file__).parents[2] / "scripts" / "screenshot.sh"
    subprocess.run(
        [str(script), str(tmp_path), str(tmp_path / "top.png")], check=True, capture_output=True, timeout=120
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
