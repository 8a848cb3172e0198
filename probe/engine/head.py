"""The output projection in float32, inside the model's own forward pass."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor, nn

from probe.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["VOCABULARY_BLOCK", "project_in_float32"]

VOCABULARY_BLOCK = 16_384
"""Rows of the projection that are cast to float32 at a time, used and dropped."""


def project_in_float32(model: PreTrainedModel, name: str) -> None:
    """Make the model's output projection compute in float32, whatever the dtype its weight is stored in.

    bfloat16 logits near 16..32 move in steps of 0.125 nats. The weight stays as stored, tied or not; only its product
    with the last hidden state is computed in float32, by blocks of vocabulary rows. It happens inside the model's own
    forward pass, so that what follows the projection (a soft-cap, a scale) and accelerate's hooks still run.

    Raises:
        ModelError: The model has no output projection with a floating-point weight.
    """
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    weight = getattr(head, "weight", None)
    if head is None or weight is None or not weight.is_floating_point():
        raise ModelError(
            f"{name}: no output projection with a floating-point weight was found ({type(head).__name__}), so its "
            "logits cannot be computed in float32. Load the model with its output layer unquantised."
        )
    # accelerate's hooks call `_old_forward` and stay in front of it.
    attribute = "_old_forward" if hasattr(head, "_hf_hook") else "forward"
    setattr(head, attribute, MethodType(_forward, head))


def _forward(self: nn.Module, hidden: Float[Tensor, "... width"]) -> Float[Tensor, "... vocabulary"]:
    weight: Tensor = self.weight  # type: ignore[assignment]  # a Linear's weight
    bias: Tensor | None = getattr(self, "bias", None)
    hidden = hidden.float()
    logits = hidden.new_empty((*hidden.shape[:-1], weight.shape[0]))
    for start in range(0, weight.shape[0], VOCABULARY_BLOCK):
        rows = slice(start, start + VOCABULARY_BLOCK)
        logits[..., rows] = torch.nn.functional.linear(
            hidden, weight[rows].float(), None if bias is None else bias[rows].float()
        )
    return logits
