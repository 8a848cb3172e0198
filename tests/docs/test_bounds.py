"""Guards: a bound that a page states is asserted by a test or a script, and a new one is not stated without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "architecture",
    "benchmarks",
    "demo-model",
    "determinism",
    "inputs",
    "loading",
    "models",
    "scaling",
    "security",
)
PAGES = ("README.md", *(f"docs/{name}.md" for name in NAMES), "docs/templates.md", "docs/validation.md")
BOUND = re.compile(r"\b(?:at most|within|under|no more than|less than|never under|the bounds are)\s+`?\d[^\s|]*(?: %)?")

ASSERTED = {
    ("README.md", "within 0.0020"): "tests/demo/test_words.py::test_ten_planted_probabilities",
    ("README.md", "less than 1 %"): (
        "tests/results/test_page.py::test_what_the_readme_says_of_the_real_model_is_on_the_page"
    ),
    ("docs/demo-model.md", "within 0.05"): (
        "tests/demo/test_clauses.py::test_a_phrase_left_out_takes_what_is_planted_with_it"
    ),
    ("docs/demo-model.md", "within 0.08"): (
        "tests/demo/test_clauses.py::test_a_phrase_left_out_takes_what_is_planted_with_it"
    ),
    ("docs/demo-model.md", "within 0.06"): (
        "tests/demo/test_ladder.py::test_the_planted_split_and_omission_are_recovered"
    ),
    (
        "docs/architecture.md",
        "at most 1e-3",
    ): "tests/engine/test_reader_choice.py::test_prompts_of_the_check_pack_may_differ_by_a_thousandth",
    ("docs/architecture.md", "the bounds are 60"): "scripts/bench/analysis.py::main",
    ("docs/loading.md", "never under 40"): (
        "tests/study/test_floor_sample.py::test_many_cells_where_reading_costs_more_and_never_fewer_than_the_fewest"
    ),
    ("docs/loading.md", "at most 1e-5"): (
        "tests/engine/test_gpu_fast.py::test_a_study_says_the_same_and_says_that_it_was_read_so"
    ),
    ("docs/loading.md", "at most 64"): (
        "tests/run/test_validation.py::test_the_text_is_what_transformers_writes_greedily_without_the_cue"
    ),
    ("docs/models.md", "within 5 %"): "tests/commands/test_check_models.py::test_numbers_of_parameters_agree_within",
}
"""Each bound of a page, by its words, and what fails where it does not hold."""


def stated() -> set[tuple[str, str]]:
    found = set()
    for page in PAGES:
        text = re.sub(r"\s+", " ", (ROOT / page).read_text(encoding="utf-8"))
        found |= {(page, one.rstrip(".,;:)")) for one in BOUND.findall(text)}
    return found


def test_every_bound_is_asserted_somewhere():
    assert stated() == set(ASSERTED)


@pytest.mark.parametrize("where", sorted(set(ASSERTED.values())))
def test_what_asserts_a_bound_exists(where):
    path, _, name = where.partition("::")
    assert re.search(rf"^def {name}\b", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
