"""Computing in float32 from weights that stay in memory as they are stored."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from probe.engine.expansion import expanded, is_quantised
from probe.engine.forward import inner_forward, put_forward
from probe.engine.meta_model import layers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transformers import PreTrainedModel

__all__ = ["compute_in_float32", "computing_in_float32"]


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
            undo.append(put_forward(module, _quantised(module)))
        elif module is not head and _half_tensors(module, deep=False):
            undo.append(put_forward(module, _raised(module, inner_forward(module), deep=False)))
    for layer in layers_of(model):
        if _half_tensors(layer, deep=True):
            undo.append(put_forward(layer, _raised(layer, inner_forward(layer), deep=True)))
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


def _quantised(layer: Any) -> Callable[..., object]:  # noqa: ANN401  a layer of a library that is imported late
    """The product with a quantised layer's own weights, in float32."""

    def forward(hidden: torch.Tensor) -> torch.Tensor:
        bias = None if layer.bias is None else layer.bias.float()
        return nn.functional.linear(hidden.float(), expanded(layer), bias)

    return forward
