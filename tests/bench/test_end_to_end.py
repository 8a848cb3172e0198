"""Guards: the phases of a run are those of this run, in order, and forward passes lie inside their window."""

from __future__ import annotations

from pathlib import Path

import pytest

SHORT = str(Path(__file__).parents[1] / "data" / "short.yaml")


def test_phases_of_a_tiny_run(bench, demo_folder, tmp_path):
    end = bench("end_to_end")
    model = end.make_model(tmp_path / "model", "tiny", demo_folder, 2048)
    figures = end.phases(tmp_path, model, SHORT, "quick", 1)
    assert figures["packs"] == 6
    assert figures["rows"] == 6 * 4
    assert all(figures[name] > 0 for name in end.SAYS)
    assert figures["in_forward_passes"] < figures["read"]
    parts = sum(figures[name] for name in end.SAYS if name != "in_forward_passes")
    assert parts == pytest.approx(figures["whole"])
    assert figures["forward_share"] == pytest.approx(figures["in_forward_passes"] / figures["whole"])
    text = end.told("tiny", {"earlier code": figures, "this code": figures})
    assert f"{figures['forward_share']:.0%}" in text
    assert all(words in text for words in end.SAYS.values())
