"""How much memory a model needs, known from its config before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from probe.engine.estimates import Memory
from probe.engine.expanded_files import stored_bytes
from probe.engine.head import VOCABULARY_BLOCK
from probe.engine.meta_model import layers_of, quantisable_layers, read_config, skeleton_of
from probe.engine.placement import free_memory
from probe.engine.quantise import expanded_dtype, refuse_stored, stored_dtype
from probe.engine.stored import stored_quantisation
from probe.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transformers import PreTrainedModel

    from probe.engine.precision import Precision

__all__ = ["estimate_memory", "held_bytes", "refuse_too_large"]

_BYTES_PER_WEIGHT = {
    "int8": 1.0,
    "nf4": 0.5 + 1 / 64 + 4 / (64 * 256),  # four bits, a byte per 64 weights, a float per 256 such bytes
}

_PASS_TOKENS, _PASS_ROWS = 512, 64
"""Tokens and rows of logits of a pass that is small: a model that leaves no room for it is refused before loading."""

_TABLES = 4 * (16 + 256 + 1)
"""Bytes of the code tables that each nf4 layer keeps; int8 keeps a float per row instead."""


def estimate_memory(folder: Path, name: str, precision: Precision) -> Memory:
    """Build the model without its weights and count.

    Raises:
        ModelError: transformers does not know the architecture.
    """
    config = read_config(folder, name)
    model = skeleton_of(config, name)
    stored = stored_quantisation(config)
    if stored is not None:
        refuse_stored(stored, precision, name)
    packed = stored is not None and stored.is_expanded_by_probe
    size = (expanded_dtype if packed else stored_dtype)(config, precision).itemsize
    kept = stored if stored is not None and stored.method == "bitsandbytes" else None
    quantised_here = precision.quant != "none" or kept is not None
    shrunk = {id(layer) for layer in quantisable_layers(model)} if quantised_here else set()
    weights, count, inner, left = 0.0, 0, 0, 0
    outside = _outer_parameters(model)
    for owner, parameter in _unique_parameters(model):
        count += parameter.numel()
        quantised = kept is None and id(owner) in shrunk and parameter.dim() == 2
        weights += parameter.numel() * (_BYTES_PER_WEIGHT[precision.quant] if quantised else size)
        if quantised:
            weights += 4 * parameter.shape[0] if precision.quant == "int8" else _TABLES
        if id(parameter) not in outside:
            inner += parameter.numel()
            left += 0 if quantised else parameter.numel()
    if kept is not None:
        weights, codes = stored_bytes(folder, size, name)
        left = inner - codes * 8 // (kept.bits or 8)
    weights += sum(buffer.numel() * buffer.element_size() for buffer in model.buffers())
    share = left / inner if inner and quantised_here else 0.0
    copies = {compute: _temporary(model, compute, shrunk) for compute in ("native", "fp32")}
    beside = copies[precision.compute] + _small_pass(model)
    return Memory(count, round(weights), beside, copies["fp32"], share)


def held_bytes(model: PreTrainedModel) -> int:
    """Bytes of the parameters and buffers of a loaded model, and of what its quantised layers keep beside them."""
    tensors = {id(t): t for t in [*model.parameters(), *model.buffers()]}
    total = sum(t.numel() * t.element_size() for t in tensors.values())
    return total + sum(_state_bytes(t) for t in tensors.values())


def refuse_too_large(memory: Memory, device: str, name: str) -> None:
    """Say so before loading; whatever is asked to wait beside the GPUs fits.

    Raises:
        EnvironmentFault: The model needs more than is free on the device.
    """
    if device == "offload":
        return
    free = free_memory(device)
    needed = memory.weights + memory.temporary
    spread = "more GPUs for it (--device auto, --gpus-per-worker N), "
    if needed > free:
        gib = 2**30
        kept = (
            f" Quantisation leaves {memory.unquantised_share:.0%} of its inner weights as they are."
            if memory.unquantised_share > 0.5
            else ""
        )
        raise EnvironmentFault(
            f"{name}: needs {needed / gib:.1f} GiB on {device}, of which {free / gib:.1f} are free.{kept} Use a "
            f"smaller model, --dtype bfloat16 or --quant nf4, {spread if device.startswith('cuda') else ''}or a device "
            "with more memory."
        )


def _unique_parameters(model: PreTrainedModel) -> Iterator[tuple[nn.Module, nn.Parameter]]:
    seen: set[int] = set()
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield module, parameter


def _outer_parameters(model: PreTrainedModel) -> set[int]:
    """Embedding and output projection."""
    outer = (model.get_input_embeddings(), model.get_output_embeddings())  # type: ignore[no-untyped-call]
    return {id(parameter) for module in outer if module is not None for parameter in module.parameters()}


def _temporary(model: PreTrainedModel, compute: str, shrunk: set[int]) -> int:
    """Largest float32 copy at a time: of a block of the projection, of a layer, of any other module."""
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    block = 0 if head is None else 4 * min(VOCABULARY_BLOCK, head.weight.shape[0]) * head.weight.shape[1]
    if compute != "fp32":
        return block
    alone = (sum(p.numel() for p in module.parameters(recurse=False)) for module in model.modules())
    return max([block, *(4 * size for size in alone), *(4 * _raised(layer, shrunk) for layer in layers_of(model))])


def _small_pass(model: PreTrainedModel) -> int:
    """Bytes of activations and logits of a pass, in float32, and of rows of logits in float64.

    Of a layer's widest products three are there at a time, and some copies of what goes through all layers.
    """
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    vocabulary, width = (0, 0) if head is None else map(int, head.weight.shape)
    widest = max((p.shape[0] for layer in layers_of(model) for p in layer.parameters() if p.dim() == 2), default=width)
    return 4 * _PASS_TOKENS * (3 * widest + 8 * width) + (4 + 8) * _PASS_ROWS * vocabulary


def _raised(layer: nn.Module, shrunk: set[int]) -> int:
    """Weights of a layer that exist in float32 at a time: all that are not quantised, and of the others one."""
    codes = [sum(p.numel() for p in m.parameters(recurse=False)) for m in layer.modules() if id(m) in shrunk]
    return sum(p.numel() for p in layer.parameters()) - sum(codes) + max([0, *codes])


def _state_bytes(tensor: torch.Tensor) -> int:
    """Scales that bitsandbytes keeps beside a quantised weight."""
    total = 0
    state = getattr(tensor, "quant_state", None)
    for part in (state, getattr(state, "state2", None)):
        for name in ("absmax", "code", "offset"):
            value = getattr(part, name, None)
            total += value.numel() * value.element_size() if isinstance(value, torch.Tensor) else 0
    scale = getattr(tensor, "SCB", None)
    return total + (scale.numel() * scale.element_size() if isinstance(scale, torch.Tensor) else 0)
