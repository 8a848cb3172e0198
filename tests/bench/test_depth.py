"""Guards: both sides are timed on the same cells, and the last layer is compared with the reading."""

from __future__ import annotations

from probe.engine.load import loaded
from probe.engine.precision import Precision


def test_both_sides_of_a_tiny_model(bench, demo_folder):
    depth, question = bench("depth"), bench("question")
    pack = question.question_pack(demo_folder, depth.CROSSED, 20, budget=4096, system=None)
    with loaded(demo_folder, "demo", precision=Precision("auto"), device="cpu") as model:
        row = depth.measure(model, demo_folder, 20, pack, 2)
    assert len(pack.prompts) == 4
    assert row.read > 0 < row.layers
    assert row.apart <= 1e-5
    text = depth.told("demo", [row])
    assert f"{row.added:+.1%}" in text
    assert "20 words" in text
