"""Greedy writing, one sequence at a time: the most probable token, over and over, and nothing of generate()."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from probe.engine.placement import input_device

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from probe.prompts.pack import TokenIds

__all__ = ["stop_tokens", "write_greedily"]


@torch.inference_mode()
def write_greedily(model: PreTrainedModel, prompt: TokenIds, stops: frozenset[int], most: int) -> TokenIds:
    """What a model writes after a prompt when every next token is its most probable one.

    No other sequence shares a pass, and of two equally probable tokens the one with the smaller id is taken. What the
    model's generation_config says (temperature, top-k, penalties, forced tokens) is not looked at.

    Args:
        model: As loaded, with its projection in float32.
        prompt: Token ids; not empty.
        stops: Ids that end the text; the one that does is not part of it.
        most: Most tokens to write.
    """
    ids, cache = torch.tensor([prompt], device=input_device(model)), None
    written: list[int] = []
    while len(written) < most:
        out = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = out.past_key_values
        token = int(out.logits[0, -1].argmax())
        if token in stops:
            break
        written.append(token)
        ids = torch.tensor([[token]], device=ids.device)
    return tuple(written)


def stop_tokens(model: PreTrainedModel, end: int | None) -> frozenset[int]:
    """Ids that end a model's text: what its generation_config names as such, and the tokenizer's own, `end`."""
    config = model.generation_config
    named = None if config is None else config.eos_token_id
    ids = [named] if isinstance(named, int) else list(named or ())
    return frozenset(ids if end is None else [*ids, end])
