"""The library's products with quantised weights, compared with what the formats define before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from probe.engine.expansion import (
    by_definition,
    defined_rows,
    eight_bits,
    has_four_bits,
    is_quantised,
    keeps_its_table,
    library_rows,
    use_definition,
)
from probe.engine.forward import put_forward
from probe.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import PreTrainedModel

__all__ = ["hold_products_to_definition"]

_ROWS = 16
"""Rows that are looked at from the beginning, the middle and the end of a weight."""

_INPUTS = 32

_OUTLIER = 8.0
"""An input from which int8 computes its column in 16 bits."""

_INT8_PRODUCT = 1 / 16
"""Largest error of an int8 product, by the norms of its factors. Rounding inputs to 255 steps makes about 1/250."""


def hold_products_to_definition(model: PreTrainedModel, name: str, dtype: torch.dtype, *, native: bool) -> str:
    """Compare expansion and product of one layer of each kind; a four-bit layer where they differ gets its own.

    bitsandbytes has one kernel for each kind of processor and choice of shapes. A wrong one raises nothing.

    Args:
        model: As loaded; nothing may have replaced the forward passes of its quantised layers.
        name: How the study calls it.
        dtype: Of the inputs of the layers.
        native: Whether the library's own products will be used, and not only its expansions.

    Returns:
        Whose expansion its products are made with: ``library``, or ``own`` where any layer needs it.

    Raises:
        ModelError: The int8 kernels are wrong, for which there is no other way.
    """
    right: dict[tuple[object, ...], bool] = {}
    layer: Any
    for layer in filter(is_quantised, model.modules()):
        four = has_four_bits(layer)
        if four and not keeps_its_table(layer):
            raise ModelError(
                f"{name}: its four-bit weights were stored with a table of numbers that is not the one of "
                f"{layer.weight.quant_state.quant_type}. Choose the model's unquantised weights."
            )
        kind = _kind(layer)
        if kind not in right:
            right[kind] = _expands_rightly(layer) and (
                not native or (_multiplies_four_bits if four else _multiplies_eight_bits)(layer, dtype)
            )
        if not right[kind] and not four:
            raise ModelError(
                f"{name}: bitsandbytes computes int8 wrongly on {layer.weight.device}: its weights of "
                f"{' x '.join(map(str, layer.weight.shape))} give other numbers than their codes stand for. Use "
                "--quant nf4 or none, another device, or another version of bitsandbytes."
            )
        if not right[kind]:
            use_definition(layer)
            put_forward(layer, _own_product(layer))
    return "library" if all(right.values()) else "own"


def _kind(layer: Any) -> tuple[object, ...]:  # noqa: ANN401  a layer of a library that is imported late
    """What a kernel is chosen by."""
    state = getattr(layer.weight, "quant_state", None)
    kept = None if state is None else (state.quant_type, state.dtype, state.blocksize, state.nested)
    return layer.out_features, layer.in_features, layer.weight.device, kept, getattr(layer, "compute_dtype", None)


def _expands_rightly(layer: Any) -> bool:  # noqa: ANN401
    """To the dtype that it multiplies in, and to float32 for float32 compute."""
    state = getattr(layer.weight, "quant_state", None)
    for dtype in {torch.float32} if state is None else {torch.float32, state.dtype}:
        found = library_rows(layer, dtype)
        if found.shape != (layer.out_features, layer.in_features):
            return False
        if not all(_near(found[rows], defined_rows(layer, rows)) for rows in _sample(layer)):
            return False
    return True


def _near(found: torch.Tensor, meant: torch.Tensor) -> bool:
    """Whether they differ by rounding only: of the result, and of scales that are small differences."""
    rounding = 4 * torch.finfo(torch.float32).eps * meant.abs().max()
    most = 2 * torch.finfo(found.dtype).eps * meant.abs() + rounding
    return bool(((found.float() - meant).abs() <= most).all())


def _sample(layer: Any) -> list[slice]:  # noqa: ANN401
    """All rows of a small weight; of a large one some at its beginning, middle and end."""
    count: int = layer.out_features
    if count <= 8 * _ROWS:
        return [slice(0, count)]
    return [slice(start, start + _ROWS) for start in (0, (count - _ROWS) // 2, count - _ROWS)]


def _multiplies_four_bits(layer: Any, _: torch.dtype) -> bool:  # noqa: ANN401
    """For one input and for many, which may go by different kernels."""
    from bitsandbytes.autograd._functions import matmul_4bit  # noqa: PLC0415

    def product(inputs: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = matmul_4bit(inputs, layer.weight, quant_state=layer.weight.quant_state)
        return found

    inputs = _inputs(layer).to(layer.compute_dtype)
    most = max(8 * torch.finfo(inputs.dtype).eps, 1e-3)
    return all(_multiplies(layer, product, some, most) for some in (inputs, inputs[:1]))


def _multiplies_eight_bits(layer: Any, dtype: torch.dtype) -> bool:  # noqa: ANN401
    """With and without a column of outliers, on a state of its own: the first product moves what a layer keeps."""
    from bitsandbytes.autograd._functions import MatmulLtState, matmul  # noqa: PLC0415

    def product(inputs: torch.Tensor) -> torch.Tensor:
        state: Any = MatmulLtState()
        state.CB, state.SCB = eight_bits(layer)
        state.threshold = layer.state.threshold
        state.has_fp16_weights = state.is_training = False
        found: torch.Tensor = matmul(inputs, state.CB, state=state)
        return found

    plain = _inputs(layer).to(dtype)
    outlying = plain.clone()
    outlying[::2, layer.in_features // 2] = _OUTLIER
    return all(_multiplies(layer, product, some, _INT8_PRODUCT) for some in (plain, outlying))


def _multiplies(
    layer: Any,  # noqa: ANN401
    product: Callable[[torch.Tensor], torch.Tensor],
    inputs: torch.Tensor,
    most: float,
) -> bool:
    """Whether products are those with the defined weights, up to a share of the norms of both factors."""
    found, given = product(inputs).float(), inputs.float()
    for rows in _sample(layer):
        weight = defined_rows(layer, rows)
        scale = given.norm(dim=1)[:, None] * weight.norm(dim=1)
        if not bool(((found[:, rows] - given @ weight.T).abs() <= most * scale).all()):
            return False
    return True


def _inputs(layer: Any) -> torch.Tensor:  # noqa: ANN401
    """Numbers between -1 and 1, the same for every layer of a width."""
    generator = torch.Generator().manual_seed(0)
    return (2 * torch.rand(_INPUTS, layer.in_features, generator=generator) - 1).to(layer.weight.device)


def _own_product(layer: Any) -> Callable[..., object]:  # noqa: ANN401
    """A four-bit layer's product with its weight by definition, in the dtype that it was to compute in."""

    def forward(hidden: torch.Tensor) -> torch.Tensor:
        dtype = layer.compute_dtype
        bias = None if layer.bias is None else layer.bias.to(dtype)
        product = nn.functional.linear(hidden.to(dtype), by_definition(layer, dtype), bias)
        return product.to(hidden.dtype)

    return forward
