"""Greedy writing, one sequence at a time: the most probable token, over and over, and nothing of generate()."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from probe.engine.placement import input_device
from probe.engine.rope import depends_on_length

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.cache_utils import Cache

    from probe.prompts.pack import TokenIds

__all__ = ["stop_tokens", "write_greedily"]


@torch.inference_mode()
def write_greedily(model: PreTrainedModel, prompt: TokenIds, stops: frozenset[int], most: int) -> TokenIds:
    """What a model writes after a prompt when every next token is its most probable one.

    No other sequence shares a pass, and of two equally probable tokens the one with the smaller id is taken. What the
    model's generation_config says (temperature, top-k, penalties, forced tokens) is not looked at. Where there is no
    cache to go on from, every token costs a pass over the whole text.

    Args:
        model: As loaded, with its projection in float32.
        prompt: Token ids; not empty.
        stops: Ids that end the text; the one that does is not part of it.
        most: Most tokens to write.
    """
    whole = depends_on_length(model.config.get_text_config())
    ids, written = torch.tensor([prompt], device=input_device(model)), list[int]()
    cache = None
    while len(written) < most:
        given: dict[str, Cache] = {} if cache is None else {"past_key_values": cache}
        out = model(input_ids=ids, use_cache=not whole, logits_to_keep=1, **given)
        cache = None if whole else getattr(out, "past_key_values", None)
        token = int(out.logits[0, -1].argmax())
        if token in stops:
            break
        written.append(token)
        last = torch.tensor([[token]], device=ids.device)
        ids = torch.cat((ids, last), dim=1) if cache is None else last
    return tuple(written)


def stop_tokens(model: PreTrainedModel, end: int | None) -> frozenset[int]:
    """Ids that end a model's text: what its generation_config names as such, and the tokenizer's own, `end`."""
    config = model.generation_config
    named = None if config is None else config.eos_token_id
    ids = [named] if isinstance(named, int) else list(named or ())
    return frozenset(ids if end is None else [*ids, end])
