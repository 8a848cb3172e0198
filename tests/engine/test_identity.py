"""Guards: every variable that chooses among implementations of a product is part of what a reading depends on."""

from __future__ import annotations

import pytest

from probe.engine import identity
from probe.engine.identity import machine_parts

VARIABLES = (
    *("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE"),
    *("CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "TORCH_BLAS_PREFER_CUBLASLT"),
)


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_is_in_the_key(name, device, monkeypatch):
    monkeypatch.setattr(identity, "_gpus", lambda _: {"gpus": "one"})
    monkeypatch.delenv(name, raising=False)
    assert name not in machine_parts(device)
    monkeypatch.setenv(name, "mine")
    assert machine_parts(device)[name] == "mine"
