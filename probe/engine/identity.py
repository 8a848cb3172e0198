"""What a reading depends on beside weights, precision, tokens and code: the machine."""

from __future__ import annotations

import os
import platform

import torch

from probe.engine.processor import processor_facts

__all__ = ["machine_parts"]

_VARIABLES = (
    *("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE"),
    *("CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "TORCH_BLAS_PREFER_CUBLASLT"),
)
"""Environment variables that choose among implementations of a matrix product."""


def machine_parts(device: str) -> dict[str, str]:
    """Everything of a device that can move a bit of a reading, as texts.

    A GPU by name, compute capability and libraries; a CPU by model and instruction set, since matrix libraries cut
    their sums by both. Of threads a pass has one (`probe.engine.cpu_replicas`).

    Args:
        device: From `probe.engine.placement.choose_device`.
    """
    variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    if device != "cpu":
        return {**variables, "device": device.partition(":")[0], **_gpus(device)}
    return {
        **variables,
        "device": device,
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }


def _gpus(device: str) -> dict[str, str]:
    """The GPU in use, or all of them where a model may lie on several."""
    spread = not device.startswith("cuda")
    used = range(torch.cuda.device_count()) if spread else [torch.device(device).index or 0]
    about = [torch.cuda.get_device_properties(index) for index in used]
    return {
        "gpus": " + ".join(f"{one.name} {one.major}.{one.minor}" for one in about),
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),  # type: ignore[no-untyped-call]
    }


def _processor() -> str:
    """The model of the processor, as the system names it."""
    return processor_facts().get("model name") or platform.processor() or platform.machine()
