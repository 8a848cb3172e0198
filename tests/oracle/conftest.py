"""One way to compare a run's table with the oracle, row by row and column by column."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from reference import Oracle, axes, questions, write

Compare = Callable[..., int]


@pytest.fixture
def compare() -> Compare:
    """``compare(table, oracle, files, tolerance, design=None)`` fails at the first row that differs; returns rows."""

    def run(table, oracle: Oracle, files: list[Path], tolerance: float, design: Path | None = None) -> int:
        asked = {item: question for path in files for item, question in questions(path).items()}
        levels = axes(design)
        words = yaml.safe_load(design.read_text(encoding="utf-8")).get("neutral", {}) if design else {}
        rows = table.to_pylist()
        for row in rows:
            question = asked[row["item"]]
            written = write(question, row["variant"], levels, words.get(row["side"], ""))
            compare_row(row, oracle, written, question, tolerance)
        return len(rows)

    return run


def compare_row(row, oracle, written, question, tolerance):
    where = f"{row['item']} {row['variant']}"
    reading = oracle.read(written)
    p1, p2 = row["p1"], row["p2"]
    assert p1 == question.first, where
    assert {p1, p2} == set(question.options), where
    assert row["prompt_sha256"] == hashlib.sha256(reading.text.encode()).hexdigest(), where
    assert row["n_tokens"] == len(reading.input_ids), where
    assert (row["label_p1"], row["label_p2"]) == (written.labels[p1], written.labels[p2]), where
    assert row["shown_first"] == next(p for p in written.labels if p != "neutral"), where
    assert row["label_neutral"] == written.labels.get("neutral"), where
    assert row["logprob_p1"] == pytest.approx(reading.logprob[p1], abs=tolerance), where
    assert row["logprob_p2"] == pytest.approx(reading.logprob[p2], abs=tolerance), where
    assert row["log_odds"] == pytest.approx(reading.logprob[p1] - reading.logprob[p2], abs=tolerance), where
    assert row["logprob_neutral"] == pytest.approx(reading.logprob.get("neutral"), abs=tolerance), where
    mass = float(reading.first.new_tensor(list(reading.logprob.values())).exp().sum())
    assert row["option_mass"] == pytest.approx(mass, abs=tolerance), where
    assert row["boundary_p1"] == pytest.approx(reading.boundary[p1], abs=tolerance), where
    assert row["boundary_p2"] == pytest.approx(reading.boundary[p2], abs=tolerance), where
    best = float(reading.first.max())
    assert row["top_logprob"] == pytest.approx(best, abs=tolerance), where
    assert float(reading.first[row["top_token_id"]]) == pytest.approx(best, abs=tolerance), where
    assert row["top_token"] == oracle.text_of(row["top_token_id"]), where
