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

__all__ = ["VOCABULARY_BLOCK", "logit_count", "project_in_blocks", "project_in_float32", "project_in_one_product"]

VOCABULARY_BLOCK = 16_384
"""Rows of the projection that are cast to float32 at a time, used and dropped."""


def project_in_float32(model: PreTrainedModel, name: str, *, one_product: bool = False) -> None:
    """Make the model's output projection compute in float32, whatever the dtype its weight is stored in.

    bfloat16 logits near 16..32 move in steps of 0.125 nats. The weight stays as stored, tied or not; only its product
    with the last hidden state is computed in float32, by blocks of vocabulary rows. It happens inside the model's own
    forward pass, so that what follows the projection (a soft-cap, a scale) and accelerate's hooks still run.

    Args:
        model: As loaded.
        name: How errors call it.
        one_product: Whether by `project_in_one_product` where there is one, which no GPU has run yet.

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
    setattr(head, attribute, MethodType(_forward_in_one if one_product else _forward, head))


def logit_count(model: PreTrainedModel) -> int:
    """Logits behind each token: rows of the projection, often more than the tokenizer knows tokens."""
    return int(model.get_output_embeddings().weight.shape[0])  # type: ignore[no-untyped-call]


def _forward(self: nn.Module, hidden: Float[Tensor, "... width"]) -> Float[Tensor, "... vocabulary"]:
    weight: Tensor = self.weight  # type: ignore[assignment]  # a Linear's weight
    return project_in_blocks(hidden, weight, getattr(self, "bias", None))


def _forward_in_one(self: nn.Module, hidden: Float[Tensor, "... width"]) -> Float[Tensor, "... vocabulary"]:
    weight: Tensor = self.weight  # type: ignore[assignment]  # a Linear's weight
    return project_in_one_product(hidden, weight, getattr(self, "bias", None))


def project_in_blocks(
    hidden: Float[Tensor, "... width"],
    weight: Float[Tensor, "vocabulary width"],
    bias: Float[Tensor, " vocabulary"] | None = None,
) -> Float[Tensor, "... vocabulary"]:
    """Logits in float32, from float32 copies of blocks of the weight."""
    hidden = hidden.float()
    logits = hidden.new_empty((*hidden.shape[:-1], weight.shape[0]))
    for start in range(0, weight.shape[0], VOCABULARY_BLOCK):
        rows = slice(start, start + VOCABULARY_BLOCK)
        logits[..., rows] = torch.nn.functional.linear(
            hidden, weight[rows].float(), None if bias is None else bias[rows].float()
        )
    return logits


def project_in_one_product(
    hidden: Float[Tensor, "... width"],
    weight: Float[Tensor, "vocabulary width"],
    bias: Float[Tensor, " vocabulary"] | None = None,
) -> Float[Tensor, "... vocabulary"]:
    """Logits in float32, from one product of 16-bit numbers that is summed in float32: no copy of the weight.

    The product of two 16-bit numbers is exact in float32, so nothing is lost against copies in float32. Where there is
    no such product, on a CPU and for other numbers, it is `project_in_blocks`.
    """
    if hidden.device.type != "cuda" or hidden.dtype != weight.dtype or hidden.element_size() != 2:
        return project_in_blocks(hidden, weight, bias)
    logits = torch.mm(hidden.reshape(-1, hidden.shape[-1]), weight.T, out_dtype=torch.float32)
    return (logits if bias is None else logits + bias.float()).reshape(*hidden.shape[:-1], weight.shape[0])
