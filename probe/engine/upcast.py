"""Computing in float32 from weights that stay in memory as they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

__all__ = ["compute_in_float32"]


def compute_in_float32(model: PreTrainedModel) -> None:
    """Make every module that owns floating-point parameters or buffers compute in float32.

    Before a module's forward pass its own tensors are replaced by float32 copies, after it the stored ones are put
    back: one module's copy exists at a time. From the embedding on, activations are float32. Works for whatever a
    module does with its parameters, fused experts of a mixture included. The output projection has its own way
    (`probe.engine.head`) and is left alone; so are quantised layers, which are told their compute dtype at loading.

    References:
        LayerCast, arXiv 2506.09501.
    """
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    for module in model.modules():
        if module is head or not _half_tensors(module):
            continue
        kept: dict[str, torch.Tensor] = {}
        module.register_forward_pre_hook(_Raise(kept))
        module.register_forward_hook(_Restore(kept), always_call=True)


def _half_tensors(module: nn.Module) -> list[str]:
    own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    return [name for name, tensor in own if tensor.dtype in {torch.bfloat16, torch.float16}]


class _Raise:
    """Replaces a module's half-precision tensors by float32 ones, and keeps the stored."""

    def __init__(self, kept: dict[str, torch.Tensor]) -> None:
        self.kept = kept

    def __call__(self, module: nn.Module, _: tuple[object, ...]) -> None:
        for name in _half_tensors(module):
            tensor = getattr(module, name)
            self.kept[name] = tensor.data
            tensor.data = tensor.data.float()


class _Restore:
    """Puts the stored tensors back."""

    def __init__(self, kept: dict[str, torch.Tensor]) -> None:
        self.kept = kept

    def __call__(self, module: nn.Module, _: tuple[object, ...], __: object) -> None:
        for name, stored in self.kept.items():
            getattr(module, name).data = stored
        self.kept.clear()
