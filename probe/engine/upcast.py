"""Computing in float32 from weights that stay in memory as they are stored."""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from probe.engine.meta_model import layers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transformers import PreTrainedModel

__all__ = ["compute_in_float32", "computing_in_float32", "is_quantised"]


def is_quantised(module: nn.Module) -> bool:
    """Whether it is a layer of bitsandbytes, whose weights are codes, whatever their dtype says.

    The library takes seconds to import. As long as nobody has, no layer is of it.
    """
    if "bitsandbytes" not in sys.modules:
        return False
    from bitsandbytes.nn.modules import Linear4bit, Linear8bitLt  # noqa: PLC0415

    return isinstance(module, (Linear4bit, Linear8bitLt))


def compute_in_float32(model: PreTrainedModel) -> list[Callable[[], None]]:
    """Make every module that owns floating-point parameters or buffers compute in float32.

    For the forward pass of a layer its tensors are replaced by float32 copies, after it the stored ones are put back:
    one layer's copies exist at a time. It is raised whole, since some layers reach for the weights or the dtype of
    what they hold without calling it. From the embedding on, activations are float32. Works for whatever a layer does
    with its parameters, fused experts of a mixture included. A quantised layer multiplies by its weights as they are
    quantised, expanded to float32; nothing is done to its input. The output projection has its own way
    (`probe.engine.head`) and is left alone.

    Returns:
        What undoes it, to be called from the last to the first.

    References:
        LayerCast, arXiv 2506.09501.
    """
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    undo = []
    for module in model.modules():
        if is_quantised(module):
            undo.append(_put(module, _quantised(module)))
        elif module is not head and _half_tensors(module, deep=False):
            undo.append(_put(module, _raised(module, _inner(module), deep=False)))
    for layer in layers_of(model):
        if _half_tensors(layer, deep=True):
            undo.append(_put(layer, _raised(layer, _inner(layer), deep=True)))
    return undo


@contextlib.contextmanager
def computing_in_float32(model: PreTrainedModel) -> Iterator[None]:
    """`compute_in_float32` for a while."""
    undo = compute_in_float32(model)
    try:
        yield
    finally:
        for one in reversed(undo):
            one()


def _half_tensors(module: nn.Module, *, deep: bool) -> list[torch.Tensor]:
    """Parameters and buffers in half precision; those that wait elsewhere for their own module's pass stay there."""
    own = [*module.parameters(recurse=deep), *module.buffers(recurse=deep)]
    half = {torch.bfloat16, torch.float16}
    return [tensor for tensor in own if tensor.dtype in half and not (deep and tensor.is_meta)]


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


def _raised(module: nn.Module, inner: Callable[..., object], *, deep: bool) -> Callable[..., object]:
    """A module's forward pass with its half-precision tensors replaced by float32 ones."""

    def forward(*args: object, **kwargs: object) -> object:
        kept = [(tensor, tensor.data) for tensor in _half_tensors(module, deep=deep)]
        for tensor, stored in kept:
            tensor.data = stored.float()
        try:
            return inner(*args, **kwargs)
        finally:
            for tensor, stored in kept:
                tensor.data = stored

    return forward


def _quantised(layer: Any) -> Callable[..., object]:  # noqa: ANN401  as below
    """The product with a quantised layer's own weights, in float32."""

    def forward(hidden: torch.Tensor) -> torch.Tensor:
        bias = None if layer.bias is None else layer.bias.float()
        return nn.functional.linear(hidden.float(), _expanded(layer), bias)

    return forward


def _expanded(layer: Any) -> torch.Tensor:  # noqa: ANN401  a layer of a library that is imported late
    """The weight that the codes of a layer stand for, in float32."""
    from bitsandbytes.functional import dequantize_4bit, int8_vectorwise_dequant  # noqa: PLC0415
    from bitsandbytes.nn.modules import Linear4bit  # noqa: PLC0415

    weight: Any = layer.weight
    if isinstance(layer, Linear4bit):
        expanded: torch.Tensor = dequantize_4bit(weight.data, weight.quant_state)
        return expanded.float()
    kept: Any = weight if weight.CB is not None else layer.state
    rows: torch.Tensor = int8_vectorwise_dequant(kept.CB, kept.SCB)
    return rows.float()
