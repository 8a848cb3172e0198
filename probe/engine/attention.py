"""Attention over a token trie, through the seam that transformers has for it: tile by tile, for every layer."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from transformers import AttentionInterface

from probe.engine.copies import to_device
from probe.engine.flex import attend_in_one_call, trie_mask
from probe.engine.tiles import cut as cut_tiles
from probe.engine.tiles import cut_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch.nn.attention.flex_attention import BlockMask
    from transformers import PretrainedConfig

    from probe.engine.tiles import Tile
    from probe.prompts.trie import Trie

__all__ = ["IMPLEMENTATION", "Cut", "TrieAttention", "TrieError", "attend", "installed"]

IMPLEMENTATION = "probe_trie"
"""The name under which transformers finds this attention."""

_WITHOUT_MEANING = {
    *("position_ids", "use_cache", "past_key_values", "output_hidden_states", "output_router_logits"),
    "logits_to_keep",  # wrappers hand on how much is to be projected
}
"""What a model may hand its attention that does not change what attention is."""


class TrieError(RuntimeError):
    """The model asks its attention for something that a trie cannot give."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a trie is cut into tiles by: window, dtype, kind of device and width of a layer; whether all need masks."""

    window: int | None
    dtype: torch.dtype
    device: str
    width: int
    masked: bool


@dataclass(frozen=True, eq=False)
class _Laid:
    """A tile on a device; `keys` None for a contiguous run, `mask` None where every query sees all before it."""

    queries: slice
    own: slice
    keys: Tensor | None
    mask: Tensor | None

    def with_tensors(self, moved: Iterator[Tensor]) -> _Laid:
        """The same with the next of `moved` in the place of its tensors."""
        keys, mask = (None if one is None else next(moved) for one in (self.keys, self.mask))
        return replace(self, keys=keys, mask=mask)


@dataclass(eq=False)
class TrieAttention:
    """Attention over one trie, for all layers of one forward pass.

    Masks and plans are made once for each window, dtype and device that a layer's query turns out to have.

    Attributes:
        trie: What is read.
        exact: Whether to cut so that results are equal to the last bit whatever else is in the trie.
        pinned: Whether what goes to a device may go while it computes.
        flexible: Whether FlexAttention takes the place of the tiles in layers without soft-cap and sinks.
        windows: Window of every call so far, in order; None for a layer that sees everything.
    """

    trie: Trie
    exact: bool = False
    pinned: bool = False
    flexible: bool = False
    windows: list[int | None] = field(default_factory=list)
    _drafts: dict[Cut, list[_Laid]] = field(default_factory=dict)
    _laid: dict[tuple[Cut, torch.device], list[_Laid]] = field(default_factory=dict)
    _masks: dict[tuple[int | None, torch.device], BlockMask] = field(default_factory=dict)

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """How the layers so far wanted their tiles."""
        return tuple(self._drafts)

    def draft(self, cut: Cut) -> list[_Laid]:
        """The tiles of a cut on the host: work that needs no device."""
        if cut not in self._drafts:
            tiles = cut_exactly(self.trie) if self.exact else cut_tiles(self.trie, cut.window, cut.device, cut.width)
            masked = cut.masked or self.exact
            self._drafts[cut] = [_draft(self.trie, tile, cut, masked=masked) for tile in tiles]
        return self._drafts[cut]

    def clear(self) -> None:
        """Let go of what was made for the layers, once all have been."""
        for made in (self._drafts, self._laid, self._masks):
            made.clear()

    def tiles(self, query: Tensor, window: int | None, *, masked: bool) -> list[_Laid]:
        """The tiles as tensors for a layer with this query."""
        cut = Cut(window, query.dtype, query.device.type, query.shape[1] * query.shape[3], masked)
        key = cut, query.device
        if key not in self._laid:
            drafts = self.draft(cut)
            arrays = [one for draft in drafts for one in (draft.keys, draft.mask) if one is not None]
            moved = iter(to_device(arrays, query.device, pinned=self.pinned))
            self._laid[key] = [draft.with_tensors(moved) for draft in drafts]
        return self._laid[key]

    def mask(self, window: int | None, device: torch.device) -> BlockMask:
        """FlexAttention's mask for a layer with this window."""
        if (window, device) not in self._masks:
            self._masks[window, device] = trie_mask(self.trie, window, device)
        return self._masks[window, device]


def _draft(trie: Trie, tile: Tile, cut: Cut, *, masked: bool) -> _Laid:
    first, size = int(tile.keys[0]), tile.keys.size
    run = not tile.padding and int(tile.keys[-1]) - first == size - 1
    seen = tile.visible(trie, cut.window)
    causal = not masked and first == tile.start and bool((seen == np.tri(size, dtype=np.bool_)).all())
    return _Laid(
        slice(tile.start, tile.stop),
        slice(first, first + size),
        None if run else torch.from_numpy(tile.keys),
        None if causal else _additive(seen, cut.dtype),
    )


def _additive(seen: NDArray[np.bool_], dtype: torch.dtype) -> Float[Tensor, "queries keys"]:
    """Zero where a key is seen, minus infinity elsewhere: added masks mean the same to every kernel."""
    mask = np.where(seen, np.float32(0), np.float32(-np.inf))
    return torch.from_numpy(mask).to(dtype)


_reading: ContextVar[TrieAttention | None] = ContextVar("reading", default=None)


@contextlib.contextmanager
def installed(config: PretrainedConfig, attention: TrieAttention) -> Iterator[None]:
    """Let the layers that look at `config` attend over a trie."""
    kept = config._attn_implementation
    token = _reading.set(attention)
    config._attn_implementation = IMPLEMENTATION
    try:
        yield
    finally:
        config._attn_implementation = kept
        _reading.reset(token)


def attend(  # noqa: PLR0913, PLR0917  transformers hands these over
    module: torch.nn.Module,
    query: Float[Tensor, "1 heads nodes width"],
    key: Float[Tensor, "1 groups keys width"],
    value: Float[Tensor, "1 groups keys depth"],
    attention_mask: Tensor | None = None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    is_causal: bool | None = None,
    **others: object,
) -> tuple[Float[Tensor, "1 nodes heads depth"], None]:
    """What transformers calls in the place of a layer's attention, with that layer's window, soft-cap and sinks.

    Raises:
        TrieError: The layer brings a mask, a bias or anything else whose meaning for a trie is not known.
    """
    attention = _reading.get()
    unknown = sorted(n for n, v in others.items() if n not in _WITHOUT_MEANING and v is not None and v is not False)
    looks_ahead = is_causal is False or getattr(module, "is_causal", True) is False
    if attention is None or attention_mask is not None or dropout or looks_ahead or unknown:
        what = ", ".join(unknown) or ("attention in both directions" if looks_ahead else "a mask or dropout of its own")
        raise TrieError(f"its attention works with {what}")
    if query.shape[2] != attention.trie.size or key.shape[2] != attention.trie.size:
        raise TrieError(f"its attention gets {query.shape[2]} queries and {key.shape[2]} keys, not one of each a token")
    attention.windows.append(sliding_window)
    explicit = softcap is not None or s_aux is not None
    if attention.flexible and not explicit:
        mask = attention.mask(sliding_window, query.device)
        return attend_in_one_call(query, key, value, mask, scaling).transpose(1, 2), None
    out = value.new_empty((1, query.shape[2], query.shape[1], value.shape[3]))
    for tile in attention.tiles(query, sliding_window, masked=explicit):
        own = query[:, :, tile.queries]
        keys, values = _take(key, tile), _take(value, tile)
        if explicit and tile.mask is not None:
            done = _attend_explicitly(own, keys, values, tile.mask, scaling, softcap, s_aux)
        else:
            done = _attend(own, keys, values, tile.mask, scaling)
        out[:, tile.queries] = done.transpose(1, 2)
    return out, None


def _take(states: Tensor, tile: _Laid) -> Tensor:
    """Keys or values of a tile; tokens are moved whole, as they lie in memory."""
    if tile.keys is None:
        return states[:, :, tile.own]
    return states.transpose(1, 2).index_select(1, tile.keys).transpose(1, 2)


def _attend(
    query: Float[Tensor, "1 heads queries width"],
    key: Float[Tensor, "1 groups keys width"],
    value: Float[Tensor, "1 groups keys depth"],
    mask: Float[Tensor, "queries keys"] | None,
    scaling: float | None,
) -> Float[Tensor, "1 heads queries depth"]:
    grouped = query.shape[1] != key.shape[1]
    if grouped and query.device.type != "cpu":  # with a mask, kernels elsewhere want as many keys' heads as queries'
        key, value = (one.repeat_interleave(query.shape[1] // one.shape[1], dim=1) for one in (key, value))
        grouped = False
    return torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, is_causal=mask is None, scale=scaling, enable_gqa=grouped
    )


def _attend_explicitly(
    query: Float[Tensor, "1 heads queries width"],
    key: Float[Tensor, "1 groups keys width"],
    value: Float[Tensor, "1 groups keys depth"],
    mask: Float[Tensor, "queries keys"],
    scaling: float | None,
    softcap: float | None,
    sinks: Float[Tensor, " heads"] | None,
) -> Float[Tensor, "1 heads queries depth"]:
    """Attention with a soft-cap on its scores or a sink beside them, in float32."""
    heads, groups = query.shape[1], key.shape[1]
    scale = query.shape[3] ** -0.5 if scaling is None else scaling
    by_group = query.float().reshape(groups, -1, query.shape[3])
    scores = torch.matmul(by_group, key[0].float().transpose(1, 2)).reshape(heads, query.shape[2], -1) * scale
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    scores = scores + mask
    if sinks is not None:
        scores = torch.cat((scores, sinks.float()[:, None, None].expand(-1, scores.shape[1], 1)), dim=2)
    weights = scores.softmax(dim=2)[..., : key.shape[2]]
    done = torch.matmul(weights.reshape(groups, -1, key.shape[2]), value[0].float())
    return done.reshape(1, heads, query.shape[2], -1).to(value.dtype)


AttentionInterface.register(IMPLEMENTATION, attend)
