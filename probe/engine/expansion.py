"""The numbers that the codes of a quantised layer stand for: by the format's definition, and as the layer gets them."""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "by_definition",
    "defined_rows",
    "eight_bits",
    "expanded",
    "has_four_bits",
    "is_quantised",
    "keeps_its_table",
    "library_rows",
    "use_definition",
]

_NF4 = (
    *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
    *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
    *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
    *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
)
"""What the sixteen codes of nf4 stand for. Dettmers, Pagnoni, Holtzman and Zettlemoyer (2023), QLoRA, appendix E."""

_FP4 = tuple(sign * size / 12 for sign in (1, -1) for size in (0, 0.0625, 8, 12, 4, 6, 2, 3))
"""The same of bitsandbytes' fp4: a bit for the sign, two for the exponent, one for the mantissa."""

_MEANINGS = {"nf4": _NF4, "fp4": _FP4}

_AT_A_TIME = 2**22
"""Weights that are expanded at a time, so that a large layer's indices and scales do not exist whole."""

_OWN = "expanded_by_definition"


def is_quantised(module: nn.Module) -> bool:
    """Whether it is a layer of bitsandbytes, whose weights are codes, whatever their dtype says.

    The library takes seconds to import. As long as nobody has, no layer is of it.
    """
    if "bitsandbytes" not in sys.modules:
        return False
    from bitsandbytes.nn.modules import Linear4bit, Linear8bitLt  # noqa: PLC0415

    return isinstance(module, (Linear4bit, Linear8bitLt))


def has_four_bits(layer: nn.Module) -> bool:
    """Whether a quantised layer is one of four bits; else it is one of eight."""
    from bitsandbytes.nn.modules import Linear4bit  # noqa: PLC0415

    return isinstance(layer, Linear4bit)


def eight_bits(layer: Any) -> tuple[torch.Tensor, torch.Tensor]:  # noqa: ANN401
    """The codes of an int8 layer, and what 127 stands for in each row; its first pass moves them elsewhere."""
    kept = layer.weight if layer.weight.CB is not None else layer.state
    return kept.CB, kept.SCB


def keeps_its_table(layer: Any) -> bool:  # noqa: ANN401
    """Whether the table that a four-bit layer was stored with is the one of its format."""
    state = layer.weight.quant_state
    meant = torch.tensor(_MEANINGS[state.quant_type], dtype=torch.float32)
    return bool(torch.allclose(state.code.float().cpu(), meant, rtol=0, atol=1e-6))


def use_definition(layer: nn.Module) -> None:
    """Let `expanded` follow the definition from now on."""
    setattr(layer, _OWN, True)


def expanded(layer: Any) -> torch.Tensor:  # noqa: ANN401  a layer of a library that is imported late
    """A layer's weight in float32: from the library's kernel, or by definition where that kernel was found wrong."""
    return by_definition(layer, torch.float32) if getattr(layer, _OWN, False) else library_rows(layer, torch.float32)


def library_rows(layer: Any, dtype: torch.dtype) -> torch.Tensor:  # noqa: ANN401
    """A layer's weight as the library expands it: four bits to `dtype`, eight to float32."""
    from bitsandbytes.functional import dequantize_4bit, int8_vectorwise_dequant  # noqa: PLC0415

    if has_four_bits(layer):
        state = copy.copy(layer.weight.quant_state)
        state.dtype = dtype
        four: torch.Tensor = dequantize_4bit(layer.weight.data, state)
        return four
    eight: torch.Tensor = int8_vectorwise_dequant(*eight_bits(layer))
    return eight


def by_definition(layer: Any, dtype: torch.dtype) -> torch.Tensor:  # noqa: ANN401
    """The weight that the codes of a four-bit layer stand for."""
    shape = layer.weight.quant_state.shape
    weight = torch.empty(shape.numel(), dtype=dtype, device=layer.weight.device)
    for start in range(0, weight.numel(), _AT_A_TIME):
        stop = min(start + _AT_A_TIME, weight.numel())
        weight[start:stop] = _four_bits(layer, start, stop)
    return weight.reshape(shape)


def defined_rows(layer: Any, rows: slice) -> torch.Tensor:  # noqa: ANN401
    """Some rows of the weight that the codes of a layer stand for, in float32."""
    if not has_four_bits(layer):
        codes, scales = eight_bits(layer)
        return codes[rows].float() * scales[rows].float()[:, None] / 127
    width = layer.weight.quant_state.shape[1]
    return _four_bits(layer, rows.start * width, rows.stop * width).reshape(-1, width)


def _four_bits(layer: Any, start: int, stop: int) -> torch.Tensor:  # noqa: ANN401
    """Weights `start` to `stop`, counted through the rows: blocks do not end where a row does.

    References:
        Dettmers, Pagnoni, Holtzman and Zettlemoyer (2023), QLoRA, section 3. A byte holds two codes, the first one in
        its upper half.
    """
    state, packed = layer.weight.quant_state, layer.weight.data.reshape(-1).view(torch.uint8)
    size: int = state.blocksize
    first, last = start // size, -(-stop // size)
    codes = packed[first * size // 2 : last * size // 2].int()
    table = torch.tensor(_MEANINGS[state.quant_type], dtype=torch.float32, device=packed.device)
    values = torch.stack([table[codes >> 4], table[codes & 15]], -1).reshape(-1)
    scales = _scales(state, first, last)[:, None].expand(-1, size).reshape(-1)
    weights = values * scales[: values.numel()]
    return weights[start - first * size : stop - first * size]


def _scales(state: Any, first: int, last: int) -> torch.Tensor:  # noqa: ANN401
    """Largest magnitude of each block, itself kept in eight bits about a mean with double quantisation."""
    absmax: torch.Tensor = state.absmax[first:last]
    if not state.nested:
        return absmax.float()
    outer = torch.arange(first, last, device=absmax.device) // state.state2.blocksize
    scales: torch.Tensor = state.state2.code.to(absmax.device)[absmax.int()] * state.state2.absmax[outer] + state.offset
    return scales
