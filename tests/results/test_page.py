"""Guards: docs/results.md and its figures are what the committed readings give, to the byte."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made():
    """Every file of the page, made anew from results/."""
    with pytest.MonkeyPatch.context() as patch:
        import importlib
        import sys

        patch.setattr(sys, "path", [*sys.path, str(ROOT / "scripts" / "results")])
        return importlib.import_module("write_page").made()


def test_the_page_is_what_the_readings_give(made) -> None:
    for path, content in made.items():
        assert (ROOT / path).read_bytes() == content, f"{path}: run `make results-page`"


def test_no_figure_of_another_time_lies_beside(made) -> None:
    images = ROOT / "docs" / "images" / "results"
    assert {path.relative_to(ROOT) for path in images.iterdir()} == {path for path in made if path.suffix == ".svg"}


def test_every_figure_is_shown_and_every_rate_has_its_interval(made) -> None:
    text = made[Path("docs") / "results.md"].decode()
    for path in made:
        if path.suffix == ".svg":
            assert f"(images/results/{path.name})" in text
    rates = re.findall(r"^\| .*(?:any two formats|comes first|label set|instruction|cue).*$", text, re.MULTILINE)
    assert len(rates) >= 8
    assert all(re.search(r"0\.\d{3} \\\[0\.\d{3}, 0\.\d{3}\\\]", line) for line in rates)
    assert "None" not in text
    assert "numeric floor" in text.lower()


def test_what_the_readme_says_of_the_real_model_is_on_the_page(made) -> None:
    text = " ".join(made[Path("docs") / "results.md"].decode().split())
    said = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    (passage,) = re.findall(r"\*\*On a real model\*\*.*?`make results`\)", said)
    rates = re.findall(r"0\.(\d{3}) \[0\.\d{3}, 0\.\d{3}\] on the (?:stated|revealed) side", text)
    assert {f"{int(rate) / 1000:.2f}" for rate in rates} <= {"0.51", "0.52"}
    assert "with probability .51, a coin's" in passage
    assert "content makes <1 % of the mean squared log-odds" in text.replace("&lt;", "<")
    assert "content makes less than 1 % of its answers" in passage
    (packs,) = re.findall(r"(\d+) packs read by trie", text)
    assert f"asked {int(packs):,} questions in 32 formats" in passage
    (wrong,) = re.findall(r"the gap the wrong sign with probability (0\.\d{3}) on average", text)
    assert f"the wrong sign with probability {float(wrong):.2f}".replace("0.", ".") in passage
    assert "nothing can be said" in text
    assert "no word is said of it" in passage


@pytest.mark.parametrize(
    "folder", [path.parent for path in (ROOT / "results").glob("*/measure.json")], ids=lambda p: p.name
)
def test_what_is_compared_is_what_was_kept(folder) -> None:
    readings = pq.read_table(folder / "readings.parquet", columns=["item", "variant"]).to_pylist()
    kept = {(row["item"], row["variant"]) for row in readings}
    compared = [row for row in pq.read_table(folder / "agreement.parquet").to_pylist() if row["variant"]]
    assert {(row["item"], row["variant"]) for row in compared} <= kept
    by_harness = {(row["item"], row["variant"]) for row in compared if row["against"] == "lm-evaluation-harness"}
    assert len(by_harness) == 400


def test_the_model_of_two_idle_cores_is_read_within_its_bound() -> None:
    measured = json.loads((ROOT / "results" / "smollm2-135m-instruct" / "measure.json").read_text("utf-8"))
    assert measured["operations"] < 2.5e14
