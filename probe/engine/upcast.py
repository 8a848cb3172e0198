"""Computing in float32 from weights that stay in memory as they are stored."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

import torch
from bitsandbytes.functional import dequantize_4bit, int8_vectorwise_dequant
from bitsandbytes.nn.modules import Linear4bit, Linear8bitLt
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transformers import PreTrainedModel

__all__ = ["QUANTISED", "compute_in_float32", "computing_in_float32"]

QUANTISED = (Linear4bit, Linear8bitLt)
"""Layers of bitsandbytes: their weights are codes, whatever their dtype says."""


def compute_in_float32(model: PreTrainedModel) -> list[Callable[[], None]]:
    """Make every module that owns floating-point parameters or buffers compute in float32.

    For its forward pass a module's own tensors are replaced by float32 copies, after it the stored ones are put back:
    one module's copy exists at a time. From the embedding on, activations are float32. Works for whatever a module
    does with its parameters, fused experts of a mixture included. A quantised layer multiplies by its weights as they
    are quantised, expanded to float32; nothing is done to its input. The output projection has its own way
    (`probe.engine.head`) and is left alone.

    Returns:
        What undoes it, module by module.

    References:
        LayerCast, arXiv 2506.09501.
    """
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    return [
        _put(module, _quantised(module) if isinstance(module, QUANTISED) else _raised(module, _inner(module)))
        for module in model.modules()
        if module is not head and (isinstance(module, QUANTISED) or _half_tensors(module))
    ]


@contextlib.contextmanager
def computing_in_float32(model: PreTrainedModel) -> Iterator[None]:
    """`compute_in_float32` for a while."""
    undo = compute_in_float32(model)
    try:
        yield
    finally:
        for one in undo:
            one()


def _half_tensors(module: nn.Module) -> list[str]:
    own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    return [name for name, tensor in own if tensor.dtype in {torch.bfloat16, torch.float16}]


def _place(module: nn.Module) -> str:
    """Where the forward pass proper stands: accelerate's hooks stay in front of it, and fetch the weights."""
    return "_old_forward" if hasattr(module, "_hf_hook") else "forward"


def _inner(module: nn.Module) -> Callable[..., object]:
    inner: Callable[..., object] = getattr(module, _place(module))
    return inner


def _put(module: nn.Module, forward: Callable[..., object]) -> Callable[[], None]:
    """Set a module's forward pass; returns what sets the former one again."""
    place, own = _place(module), dict(vars(module))
    former = _inner(module)
    setattr(module, place, functools.wraps(former)(forward))

    def undo() -> None:
        if place in own:
            setattr(module, place, former)
        else:
            delattr(module, place)

    return undo


def _raised(module: nn.Module, inner: Callable[..., object]) -> Callable[..., object]:
    """A module's forward pass with its half-precision tensors replaced by float32 ones."""

    def forward(*args: object, **kwargs: object) -> object:
        kept: dict[str, torch.Tensor] = {}
        for name in _half_tensors(module):
            tensor = getattr(module, name)
            kept[name] = tensor.data
            tensor.data = tensor.data.float()
        try:
            return inner(*args, **kwargs)
        finally:
            for name, stored in kept.items():
                getattr(module, name).data = stored

    return forward


def _quantised(layer: Linear4bit | Linear8bitLt) -> Callable[..., object]:
    """The product with a quantised layer's own weights, in float32."""

    def forward(hidden: torch.Tensor) -> torch.Tensor:
        bias = None if layer.bias is None else layer.bias.float()
        return nn.functional.linear(hidden.float(), _expanded(layer), bias)

    return forward


def _expanded(layer: Linear4bit | Linear8bitLt) -> torch.Tensor:
    """The weight that the codes of a layer stand for, in float32."""
    weight: Any = layer.weight
    if isinstance(layer, Linear4bit):
        expanded: torch.Tensor = dequantize_4bit(weight.data, weight.quant_state)
        return expanded.float()
    kept: Any = weight if weight.CB is not None else layer.state
    rows: torch.Tensor = int8_vectorwise_dequant(kept.CB, kept.SCB)
    return rows.float()
