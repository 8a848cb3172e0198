"""Quantised loading, every setting stated: the libraries' own defaults are other formats, or depend on the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers.utils.quantization_config import (
    BitsAndBytesConfig,
    FineGrainedFP8Config,
    Mxfp4Config,
    QuantizationConfigMixin,
)

from probe.errors import ModelError

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

    from probe.engine.precision import Precision

__all__ = [
    "INT8_THRESHOLD",
    "compute_dtype",
    "quantisation_config",
    "stated_settings",
    "stored_dtype",
    "use_one_code_path",
]

INT8_THRESHOLD = 6.0
"""Magnitude from which int8 computes an input column in 16 bits: these columns depend on what shares a batch."""


def stored_dtype(config: PretrainedConfig, precision: Precision) -> torch.dtype:
    """Dtype of the weights that are not quantised."""
    if precision.dtype != "auto":
        wanted: torch.dtype = getattr(torch, precision.dtype)
        return wanted
    stated = config.get_text_config().dtype or config.dtype
    return stated if isinstance(stated, torch.dtype) else torch.float32


def compute_dtype(config: PretrainedConfig, precision: Precision) -> torch.dtype:
    """Dtype that a quantised layer multiplies in."""
    return torch.float32 if precision.compute == "fp32" else stored_dtype(config, precision)


def quantisation_config(config: PretrainedConfig, precision: Precision, name: str) -> QuantizationConfigMixin | None:
    """What transformers is asked for; None for weights as they are. The output projection is never quantised.

    Weights that are stored in eight or four bits are expanded to the dtype of the rest, on every machine alike:
    left to itself, transformers does so only where the kernels for them are absent.

    Raises:
        ModelError: The weights are stored in a quantisation that cannot be expanded, or shall be quantised again.
    """
    stored = _stored_quantisation(config)
    if stored is not None:
        return _expanding(stored, precision, name)
    if precision.quant == "int8":
        return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
            load_in_8bit=True, llm_int8_threshold=INT8_THRESHOLD
        )
    if precision.quant == "nf4":
        return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=compute_dtype(config, precision),
        )
    return None


def stated_settings(config: PretrainedConfig, precision: Precision) -> dict[str, str | bool | float]:
    """The settings in force, as plain values for the manifest; empty for weights that never were quantised."""
    stored = _stored_quantisation(config)
    if stored is not None:
        return {"kind": stored, "expanded": True}
    dtype = str(compute_dtype(config, precision)).removeprefix("torch.")
    if precision.quant == "int8" and precision.compute == "fp32":
        return {"kind": "int8", "compute_dtype": dtype}
    if precision.quant == "int8":
        return {"kind": "int8", "threshold": INT8_THRESHOLD}
    if precision.quant == "nf4":
        return {"kind": "nf4", "double_quantisation": True, "compute_dtype": dtype}
    return {}


def use_one_code_path(model: PreTrainedModel) -> None:
    """Keep four-bit layers from repacking their weights for one kind of processor, with a kernel to download."""
    module: Any
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _stored_quantisation(config: PretrainedConfig) -> str | None:
    """What a config says its weights are quantised by, such as ``mxfp4``."""
    said = getattr(config, "quantization_config", None) or getattr(
        config.get_text_config(), "quantization_config", None
    )
    if not said:
        return None
    method = said.get("quant_method") if isinstance(said, dict) else getattr(said, "quant_method", None)
    return str(getattr(method, "value", method))


def _expanding(stored: str, precision: Precision, name: str) -> QuantizationConfigMixin:
    if precision.quant != "none":
        raise ModelError(
            f"{name}: its weights are stored quantised ({stored}), and --quant {precision.quant} would quantise them "
            "again. Leave --quant out, or choose a revision with unquantised weights."
        )
    if stored == "mxfp4":
        return Mxfp4Config(dequantize=True)
    if stored == "fp8":
        return FineGrainedFP8Config(dequantize=True)
    raise ModelError(
        f"{name}: its weights are stored quantised by {stored}, which probe does not read. Choose the model's "
        "unquantised weights, and --quant int8 or nf4 if these are too large."
    )
