"""The demo study as its own grammar reads it, and the shipped model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
MODEL = ROOT / "probe/demo_model"
sys.path.insert(0, str(SCRIPTS))

if TYPE_CHECKING:
    from demo_model.cells import Cell
    from demo_model.study import Grid, Question
    from transformers import PreTrainedTokenizerFast


@pytest.fixture(scope="session")
def grid() -> Grid:
    from demo_model.study import read_grid

    return read_grid(ROOT / "probe/design/axes.yaml", ROOT / "probe/design/designs/standard.yaml")


@pytest.fixture(scope="session")
def questions() -> tuple[Question, ...]:
    from demo_model.study import read_questions

    return read_questions(ROOT / "scenarios/demo")


@pytest.fixture(scope="session")
def rungs() -> tuple[Question, ...]:
    """What the ladder asks beside the study."""
    from demo_model.study import read_ladder

    return read_ladder(ROOT / "scenarios/demo")


@pytest.fixture(scope="session")
def clauses() -> tuple[Question, ...]:
    """First context cells without each of their clauses."""
    from demo_model.study import read_clauses

    return read_clauses(ROOT / "scenarios/demo")


@pytest.fixture(scope="session")
def contents(
    questions: tuple[Question, ...], rungs: tuple[Question, ...], clauses: tuple[Question, ...], grid: Grid
) -> dict[str, float]:
    from demo_model.grammar import planted_contents

    return planted_contents(questions + rungs + clauses, grid.standard)


@pytest.fixture(scope="session")
def cells(
    questions: tuple[Question, ...], rungs: tuple[Question, ...], contents: dict[str, float], grid: Grid
) -> list[Cell]:
    from demo_model.cells import standard_cells

    return standard_cells(questions + rungs, contents, grid)


@pytest.fixture(scope="session")
def clause_cells(clauses: tuple[Question, ...], contents: dict[str, float], grid: Grid) -> list[Cell]:
    from demo_model.cells import standard_cells

    return standard_cells(clauses, contents, grid)


@pytest.fixture(scope="session")
def exchanges(
    questions: tuple[Question, ...], rungs: tuple[Question, ...], contents: dict[str, float], grid: Grid
) -> list[Cell]:
    """Every prompt of two turns."""
    from demo_model.exchanges import exchange_cells

    return exchange_cells(questions + rungs, contents, grid)


@pytest.fixture(scope="session")
def truth() -> dict[str, Any]:
    return json.loads((MODEL / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(MODEL)
