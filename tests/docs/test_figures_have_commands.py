"""Guards: a figure that a page gives has a command that makes it, and that command exists in the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
SCRIPT = re.compile(r"\bscripts/[\w/.-]+?\.(?:py|sh)\b")
TARGET = re.compile(r"(?:`|^    )make ([a-z-]+)", re.MULTILINE)
TEST = re.compile(r"`(?:tests/)?([a-z_]+/test_\w+\.py)(?:::(\w+))?`")
VERB = re.compile(r"`probe ([a-z]+)")

NUMBER = r"(?<![\w.,^-])(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)(?:e-?\d+)?"
UNIT = r"(?:ms|s|seconds?|minutes?|hours?|[kKMG]i?B|GFLOP/s|%|nats?|times)(?![\w-])"
FIGURE = re.compile(rf"{NUMBER}(?![\d.]*\d)(?<!95)(?<!90) ?{UNIT}|(?<![\w.])0?\.\d{{3,}}(?![\d.])")
"""What is measured: a number with a unit of time, memory, share, log-odds or ratio, or of three decimals."""

RECORDS = ("docs/cli.md", "docs/log.md", "docs/decisions/", "docs/results.md")
"""What is generated (of help, and of readings, which tests/results holds), and dated records of what the code of that day
found."""

HELD = {
    ("docs/methods.md", "Clusters and weights"): (
        "tests/analysis/test_weights.py::test_the_number_of_authored_cells_carries_no_weight"
    ),
    ("docs/methods.md", "Preferences"): (
        "tests/analysis/test_preference.py::test_slot_bias_shrinks_the_deployed_preference_and_leaves_the_latent_one"
    ),
    ("docs/methods.md", "Divergences"): (
        "tests/analysis/test_divergence.py::test_floor_and_error_of_the_worked_example"
    ),
    ("docs/methods.md", "The deviation budget"): (
        "tests/analysis/test_budget.py::test_slot_bias_on_one_side_alone_makes_a_gap_without_a_shift"
    ),
    ("docs/methods.md", "The format term by axis"): (
        "tests/analysis/test_shapley.py::test_the_coding_of_labels_matters_and_is_that_of_the_principle"
    ),
    ("docs/methods.md", "Context effects"): (
        "tests/analysis/test_shapley.py::test_two_axes_are_named_if_they_are_within_a_tenth"
    ),
    ("docs/methods.md", "Flips and spread"): ("tests/analysis/test_flips.py::test_rate_and_prevalence_over_items"),
    ("docs/methods.md", "Known-answer controls and validity checks"): (
        "tests/analysis/test_validity_checks.py::test_thresholds_themselves_are_open"
    ),
    ("docs/methods.md", "The whole study"): (
        "tests/analysis/test_whole_study.py::test_the_typical_size_solves_its_equation"
    ),
    ("docs/methods.md", "Against sampling"): ("tests/analysis/test_gu2025.py::test_eleven_and_six_equal_prompts"),
}
"""Sections of definitions with worked examples: what computes their figures."""


def sections(page: Path) -> dict[str, str]:
    """Texts under the headings of a page, without what it shows of files and terminals."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    parts = re.split(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def names_a_command(text: str) -> bool:
    return any(pattern.search(text) for pattern in (SCRIPT, TARGET, TEST, VERB))


def has_figures(text: str) -> bool:
    return FIGURE.search(re.sub(r"\s+", " ", text)) is not None


def slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


def bare_sections() -> set[tuple[str, str]]:
    """Sections with figures that name no command, on pages that do not say of all of themselves what writes them."""
    found = set()
    for page in PAGES[1:] if PAGES[0].name == "README.md" else PAGES:
        name = page.relative_to(ROOT).as_posix()
        parts = sections(page)
        whole = next(iter(parts.values()))
        if name == "README.md" or name.startswith(RECORDS) or re.search(r"^Written by .*`", whole, re.MULTILINE):
            continue
        found |= {(name, head) for head, text in parts.items() if has_figures(text) and not names_a_command(text)}
    return found


def linked(text: str) -> bool:
    """Whether a text leads to a section, or to a page, that names a command."""
    for path, anchor in re.findall(r"\]\((docs/[^)#]+\.md)(?:#([^)]+))?\)", text):
        parts = sections(ROOT / path)
        if any(names_a_command(part) for head, part in parts.items() if anchor in ("", slug(head))):
            return True
        if re.search(r"^Written by .*`", next(iter(parts.values())), re.MULTILINE):
            return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_named_commands_exist(page):
    text = page.read_text(encoding="utf-8")
    missing = [name for name in SCRIPT.findall(text) if not (ROOT / name).is_file()]
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    missing += [name for name in TARGET.findall(text) if not re.search(rf"^{name}:", rules, re.MULTILINE)]
    for path, name in TEST.findall(text):
        missing += [] if exists(f"tests/{path}::{name}") else [f"{path}::{name}"]
    verbs = set(re.findall(r"^## probe (\w+)", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), re.MULTILINE))
    missing += [f"probe {verb}" for verb in VERB.findall(text) if verb not in verbs]
    assert missing == []


def exists(node: str) -> bool:
    path, _, name = node.partition("::")
    if not (ROOT / path).is_file():
        return False
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.search(rf"^(?:def |class ){name}" + r"\b" * bool(name), text, re.MULTILINE) is not None


def test_every_section_with_figures_names_a_command():
    assert bare_sections() == set(HELD)


@pytest.mark.parametrize("node", HELD.values())
def test_what_computes_a_worked_example_exists(node):
    assert exists(node)


def test_every_paragraph_of_the_readme_with_figures_leads_to_a_command():
    text = "\n\n".join(sections(ROOT / "README.md").values())
    blocks = [block for block in re.split(r"\n\n|\n(?=- )", text) if has_figures(block)]
    assert len(blocks) >= 4
    assert [block for block in blocks if not (names_a_command(block) or linked(block))] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("it took 2.1 s on one core", True),
        ("1,000 packs cost 18 s", True),
        ("peak 0.48 GB", True),
        ("faster by 24\ntimes", True),
        ("in .921 of cases", True),
        ("86.5% of the time", True),
        ("95 % intervals of numpy 2.4.6 at .05", False),
        ("version 0.50.2 of 3 files", False),
    ],
)
def test_what_counts_as_a_figure(text, told):
    assert has_figures(text) is told
