"""Guards: quantised weights and float32 compute are conditions of their own, from the manifest to the report."""

from __future__ import annotations

import pytest

import probe
from probe.errors import StudyError
from probe.report.summary import condition_line

SHORT = {"design": "quick", "limit": 1}


@pytest.fixture(scope="module")
def folder(tiny_model_folder, demo_folder):
    return tiny_model_folder("llama", demo_folder, dtype="bfloat16", hidden_size=128, intermediate_size=256)


@pytest.mark.parametrize(
    ("quant", "settings"),
    [
        pytest.param("int8", {"kind": "int8", "threshold": 6.0, "expansion": "library"}, marks=pytest.mark.slow),
        (
            "nf4",
            {"kind": "nf4", "double_quantisation": True, "compute_dtype": "bfloat16", "expansion": "library"},
        ),
    ],
)
def test_a_quantised_run_says_so_everywhere(folder, tmp_path, quant, settings):
    results = probe.run(str(folder), suite="demo", quant=quant, out=tmp_path / "run", **SHORT)
    (name,) = results.manifest.models
    record, found = results.manifest.models[name], results.results.models[name]
    assert results.manifest.study.quant == quant
    assert record.loaded.weights.quantisation == settings
    assert record.loaded.weights.weight_bytes == pytest.approx(record.loaded.weights.estimated_bytes, rel=0.02)
    assert record.loaded.weights.placement.keys() == {"cpu"}
    assert (found.condition.quantisation, found.condition.weight_bytes) == (quant, record.loaded.weights.weight_bytes)
    assert record.log_odds_floor == max(record.floor_reader, record.floor_compute) > 1e-3
    assert found.numeric_floor.log_odds == record.log_odds_floor
    assert found.numeric_floor.kl == record.log_odds_floor**2 / 2
    assert (record.floor_cells, record.loaded.floor_compute_absent) == (40, "")
    assert found.numeric_floor.cells == 40 < len(results.readings)
    assert "measured on 40 cells" in condition_line(found)
    assert f"quantised to {quant}" in (results.path / "report.html").read_text()
    with pytest.raises(StudyError, match=f"quant was {quant}, is none"):
        probe.run(str(folder), suite="demo", out=results.path, **SHORT)


def test_float32_weights_have_no_floor_of_compute(tmp_path, tiny_model_folder, demo_folder):
    folder = tiny_model_folder("llama", demo_folder)
    results = probe.run(str(folder), suite="demo", out=tmp_path / "run", **SHORT)
    (record,) = results.manifest.models.values()
    assert (record.floor_compute, record.loaded.floor_compute_absent) == (None, "computes in float32")
    assert record.log_odds_floor == record.floor_reader < 1e-4
