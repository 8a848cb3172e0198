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

from probe.engine.stored import stored_quantisation
from probe.errors import ModelError

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

    from probe.engine.precision import Precision
    from probe.engine.stored import Stored

__all__ = [
    "INT8_THRESHOLD",
    "compute_dtype",
    "expanded_dtype",
    "quantisation_config",
    "refuse_stored",
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

    Weights stored in fp8 or MXFP4 are expanded to the dtype of the rest, on every machine alike: left to itself,
    transformers does so only where the kernels for them are absent. Those of bitsandbytes stay as they are stored and
    compute in the dtype of the rest. Packed ones (`Stored.is_expanded_by_probe`) are expanded before.

    Raises:
        ModelError: The weights are stored in a quantisation that cannot be read, or shall be quantised again.
        EnvironmentFault: The library that reads them is not installed.
    """
    stored = stored_quantisation(config)
    if stored is not None:
        refuse_stored(stored, precision, name)
        return _of_stored(stored, compute_dtype(config, precision))
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


def refuse_stored(stored: Stored, precision: Precision, name: str) -> None:
    """Refuse to quantise again what is quantised, and what cannot be read.

    Raises:
        ModelError: One of both.
        EnvironmentFault: The library that reads it is not installed.
    """
    if precision.quant != "none":
        raise ModelError(
            f"{name}: its weights are stored quantised ({stored.method}), and --quant {precision.quant} would quantise "
            "them again. Leave --quant out, or choose a revision with unquantised weights."
        )
    stored.refuse_unreadable(name)


def expanded_dtype(config: PretrainedConfig, precision: Precision) -> torch.dtype:
    """Dtype that packed weights are expanded to: codes times scales fill float32, so float32 compute keeps that."""
    return compute_dtype(config, precision) if precision.dtype == "auto" else stored_dtype(config, precision)


def stated_settings(config: PretrainedConfig, precision: Precision) -> dict[str, str | bool | float]:
    """The settings in force, as plain values for the manifest; empty for weights that never were quantised."""
    dtype = str(compute_dtype(config, precision)).removeprefix("torch.")
    stored = stored_quantisation(config)
    if stored is not None and stored.method == "bitsandbytes":
        return {"stored": True, **_stated_bitsandbytes(stored, precision, dtype)}
    if stored is not None:
        bits: dict[str, float] = {} if stored.bits is None else {"bits": stored.bits}
        return {"kind": stored.method, "expanded": True, **bits}
    if precision.quant == "int8" and precision.compute == "fp32":
        return {"kind": "int8", "compute_dtype": dtype}
    if precision.quant == "int8":
        return {"kind": "int8", "threshold": INT8_THRESHOLD}
    if precision.quant == "nf4":
        return {"kind": "nf4", "double_quantisation": True, "compute_dtype": dtype}
    return {}


def _stated_bitsandbytes(stored: Stored, precision: Precision, dtype: str) -> dict[str, str | bool | float]:
    if stored.bits == 4:
        double = bool(stored.settings.get("bnb_4bit_use_double_quant"))
        return {"kind": stored.kind, "double_quantisation": double, "compute_dtype": dtype}
    if precision.compute == "fp32":
        return {"kind": "int8", "compute_dtype": dtype}
    return {"kind": "int8", "threshold": float(stored.settings.get("llm_int8_threshold", INT8_THRESHOLD))}


def use_one_code_path(model: PreTrainedModel) -> None:
    """Keep four-bit layers from repacking their weights for one kind of processor, with a kernel to download."""
    module: Any
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _of_stored(stored: Stored, compute: torch.dtype) -> QuantizationConfigMixin | None:
    if stored.method == "mxfp4":
        return Mxfp4Config(dequantize=True)
    if stored.method == "fp8":
        return FineGrainedFP8Config(dequantize=True)
    if stored.method == "bitsandbytes":
        asked: BitsAndBytesConfig = BitsAndBytesConfig.from_dict(  # type: ignore[no-untyped-call]
            dict(stored.settings)
        )
        asked.bnb_4bit_compute_dtype = compute
        return asked
    return None
