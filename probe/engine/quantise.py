"""Quantised loading through bitsandbytes, every setting stated: its own defaults are another format and dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from transformers import BitsAndBytesConfig

if TYPE_CHECKING:
    from transformers import PretrainedConfig

    from probe.engine.precision import Precision

__all__ = ["INT8_THRESHOLD", "compute_dtype", "quantisation_config", "stated_settings", "stored_dtype"]

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


def quantisation_config(config: PretrainedConfig, precision: Precision) -> BitsAndBytesConfig | None:
    """What transformers is asked for; None for weights as they are. The output projection is never quantised."""
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
    """The settings in force, as plain values for the manifest; empty without quantisation."""
    if precision.quant == "int8":
        return {"kind": "int8", "threshold": INT8_THRESHOLD}
    if precision.quant == "nf4":
        dtype = str(compute_dtype(config, precision)).removeprefix("torch.")
        return {"kind": "nf4", "double_quantisation": True, "compute_dtype": dtype}
    return {}
