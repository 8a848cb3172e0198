"""Where in a model the hidden state after a layer lies, and what stands between the last layer and the logits.

What a model's class does behind its last layer is known if beside layers and embeddings there is one final norm and
nothing else with weights. All other architectures are refused by name: what they do there would have to be guessed.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from types import MethodType
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from probe.engine.layer_kinds import decoder
from probe.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from jaxtyping import Float
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

__all__ = ["Lens", "kept_states", "lens_of", "narrowed"]

NORMS = (
    *("norm", "final_norm", "final_layernorm", "final_layer_norm", "layer_norm", "layernorm"),
    *("ln_f", "norm_f", "ln_out", "embedding_norm"),
)
"""What classes call the norm behind their last layer."""

_REMEDY = "Leave --depth out for this model"


@dataclass(frozen=True)
class Lens:
    """The parts of a model through which the hidden state after any layer is read as the last one is.

    Attributes:
        layers: In the order in which they run.
        norm: The norm behind the last of them.
        head: The output projection. What follows it (a soft-cap, a scale) is the model's own forward pass.
    """

    layers: tuple[nn.Module, ...]
    norm: nn.Module
    head: nn.Module


def lens_of(model: PreTrainedModel, name: str) -> Lens:
    """Find them; needs no weights, so a model on the meta device will do.

    Args:
        model: A causal language model.
        name: How errors call it.

    Raises:
        ModelError: One of them cannot be found, or something of an unknown kind stands beside them.
    """
    body = decoder(model)
    kind = type(model).__name__
    if body is model or not isinstance(body, nn.Module):
        raise ModelError(f"{name}: --depth: no decoder can be found in a {kind}. {_REMEDY}.")
    count = getattr(body.config, "num_hidden_layers", None)
    lists = [one for one in body.children() if isinstance(one, nn.ModuleList) and len(one) == count]
    if len(lists) != 1:
        raise ModelError(
            f"{name}: --depth: a {kind} has {len(lists)} lists of its {count} layers, and one is needed. {_REMEDY}."
        )
    norms = [one for key, one in body.named_children() if key in NORMS]
    if len(norms) != 1:
        raise ModelError(
            f"{name}: --depth: the norm behind the last layer of a {kind} cannot be found (none is called "
            f"{', '.join(NORMS[:-1])} or {NORMS[-1]}, or several are). {_REMEDY}."
        )
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    if not isinstance(getattr(head, "weight", None), nn.Parameter):
        raise ModelError(f"{name}: --depth: the output projection of a {kind} cannot be found. {_REMEDY}.")
    known = {id(lists[0]), id(norms[0]), id(head)}
    strange = [key for key, one in body.named_children() if id(one) not in known and not _is_embedding(key, one)]
    strange += [key for key, _ in body.named_parameters(recurse=False)]
    if strange:
        raise ModelError(
            f"{name}: --depth: beside layers and final norm of a {kind} stands {strange[0]!r}, and what it does to a "
            f"hidden state is not known. {_REMEDY}."
        )
    return Lens(tuple(lists[0]), norms[0], head)


def _is_embedding(name: str, module: nn.Module) -> bool:
    """Whether a module acts before the layers alone, or has no weights that could act behind them."""
    embeds = "emb" in name.lower() or name in ("wte", "wpe")
    return embeds or isinstance(module, nn.Embedding) or not any(True for _ in module.parameters())


@contextlib.contextmanager
def kept_states(lens: Lens, rows: NDArray[np.int64]) -> Iterator[list[Tensor]]:
    """Take the wanted rows of what every layer returns, in the order in which layers run."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _given: object, returned: Tensor | tuple[Tensor, ...]) -> None:
        state = returned if isinstance(returned, Tensor) else returned[0]
        kept.append(state.reshape(-1, state.shape[-1]).index_select(0, torch.from_numpy(rows).to(state.device)))

    handles = [layer.register_forward_hook(keep) for layer in lens.layers]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


@contextlib.contextmanager
def narrowed(head: nn.Module, tokens: NDArray[np.int64]) -> Iterator[None]:
    """Let the output projection give the logits of some tokens alone, in float32 as it gives all."""

    def forward(self: nn.Module, hidden: Float[Tensor, "... width"]) -> Float[Tensor, "... tokens"]:
        weight: Tensor = self.weight  # type: ignore[assignment]  # a Linear's weight
        bias: Tensor | None = getattr(self, "bias", None)
        chosen = torch.from_numpy(tokens).to(weight.device)
        rows = weight.index_select(0, chosen).float()
        return torch.nn.functional.linear(
            hidden.float(), rows, None if bias is None else bias.index_select(0, chosen).float()
        )

    attribute = "_old_forward" if hasattr(head, "_hf_hook") else "forward"
    own = vars(head).get(attribute)
    setattr(head, attribute, MethodType(forward, head))
    try:
        yield
    finally:
        if own is None:
            delattr(head, attribute)
        else:
            setattr(head, attribute, own)
