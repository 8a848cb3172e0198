"""Takes the picture of the README: the top of a run's report, in headless Chromium.

    python scripts/screenshot.py [RUN] [PICTURE]

Needs Chromium and playwright (`pip install -e '.[chromium]'`). The picture is taken when the page says that its first
figures are drawn; Chromium's own --screenshot takes it at a time of its own, drawn or not.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
SIZE = 1200, 2180


def main() -> None:
    parser = argparse.ArgumentParser(description="Take a picture of the top of a run's report.")
    parser.add_argument("run", nargs="?", type=Path, default=ROOT / "runs" / "demo")
    parser.add_argument("picture", nargs="?", type=Path, default=ROOT / "docs" / "images" / "demo.png")
    given = parser.parse_args()
    page = given.run / "report.html"
    if not page.is_file():
        print(f"{page} is missing. Make it with: make demo", file=sys.stderr)
        sys.exit(2)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("No Chromium was found. On Debian or Ubuntu: sudo apt-get install -y chromium", file=sys.stderr)
        sys.exit(3)
    given.picture.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--hide-scrollbars", "--force-color-profile=srgb"]
        )
        view = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        view.goto(page.resolve().as_uri())
        view.wait_for_selector("body[data-drawn]", state="attached")
        view.screenshot(path=given.picture)
        browser.close()


if __name__ == "__main__":
    main()
