"""Guards: a browser draws every figure under the page's own policy, and runs nothing that a name holds."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from probe.report.page import Page, render_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium: apt-get install chromium"),
]


def dom(page: Path, profile: Path) -> tuple[str, str]:
    """The document after its scripts ran, without them, and what the console said."""
    command = [
        *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}", "--enable-logging=stderr"),
        *("--virtual-time-budget=8000", "--dump-dom", page.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    said = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return re.sub(r"<script\b.*?</script>", "", done.stdout, flags=re.DOTALL), said


def written(folder: Path, page: Page) -> Path:
    path = folder / "report.html"
    path.write_text(render_page(page), "utf-8", newline="\n")
    return path


def test_figures_are_drawn(page: Page, tmp_path: Path) -> None:
    text, said = dom(written(tmp_path, page), tmp_path / "profile")
    assert said == ""
    assert len(re.findall(r'<div class="plot js-plotly-plot"', text)) == 6


def test_hostile_names_run_nothing(hostile: Page, tmp_path: Path) -> None:
    text, said = dom(written(tmp_path, hostile), tmp_path / "profile")
    assert said == ""
    assert len(re.findall(r'<div class="plot js-plotly-plot"', text)) == 6
    assert "evil.test" in text
    assert not _targets(text)


def _targets(text: str) -> list[str]:
    """Addresses outside the page that any element points to, SVG included."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
            found.extend(value or "" for name, value in attrs if name in {"href", "xlink:href", "src"})

    Reader().feed(text)
    return [target for target in found if not target.startswith("#")]
