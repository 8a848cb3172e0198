"""Attention over a token trie, as tiles: each one ordinary attention call of a run of nodes on their ancestors."""

from __future__ import annotations

import contextlib
import itertools
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from transformers import AttentionInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from transformers import PretrainedConfig

    from probe.prompts.trie import Trie

__all__ = ["EXACT_KEYS", "IMPLEMENTATION", "Tile", "TrieAttention", "TrieError", "cut", "cut_exactly", "installed"]

IMPLEMENTATION = "probe_trie"
"""The name under which transformers finds this attention."""

EXACT_KEYS = 512
"""In exact mode keys are padded to a multiple of this, so that a key's place in a kernel's block never changes."""

INNER_CUT = 128
"""Nodes between the places inside a chain where a tile may begin."""

_CALL = {"cpu": 1e6, "cuda": 1e9}
"""Price of one more tile, in multiplied pairs of elements: about 60 and 25 microseconds of a machine's time."""

_KEY = 12
"""Price of gathering one key and value, in pairs of a query and a key."""

_WITHOUT_MEANING = {"position_ids", "use_cache", "past_key_values", "output_hidden_states", "output_router_logits"}
"""What a model may hand its attention that does not change what attention is."""


class TrieError(RuntimeError):
    """The model asks its attention for something that a trie cannot give."""


@dataclass(frozen=True, eq=False)
class Tile:
    """Queries ``start .. stop`` and everything that any of them may see.

    Attributes:
        start: First node.
        stop: End, exclusive.
        keys: Nodes to attend to, the tile's own at the end, in the order of their depth; then padding.
        padding: How many of `keys`, at their end, are only there to fill a block.
    """

    start: int
    stop: int
    keys: NDArray[np.int64]
    padding: int = 0

    def visible(self, trie: Trie, window: int | None) -> NDArray[np.bool_]:
        """For each query and key, whether the key is the query or above it and inside the window."""
        queries = np.arange(self.start, self.stop)[:, None]
        seen = (self.keys <= queries) & (queries < trie.last[self.keys])
        if window is not None:
            seen &= trie.depths[queries] - trie.depths[self.keys] < window
        if self.padding:
            seen[:, -self.padding :] = False
        return seen


def cut(trie: Trie, window: int | None, device: str, width: int) -> tuple[Tile, ...]:
    """The cheapest tiles of a trie.

    A tile costs a constant, its keys, and its queries times its keys. It may begin where a chain begins, and at some
    places inside long chains; among all such cuts the cheapest is found by dynamic programming.

    Args:
        trie: What is read.
        window: How far back a layer sees, if it does not see everything.
        device: Type of the device, whose calls have their own price.
        width: Elements of a query over all heads.
    """
    starts = _places_to_cut(trie)
    bounds = np.append(starts, trie.size)
    above = trie.depths[starts] if window is None else np.minimum(trie.depths[starts], window - 1)
    call = _CALL.get(device, _CALL["cuda"]) / width
    cheapest = np.zeros(bounds.size)
    begins = np.zeros(bounds.size, np.int64)
    for end in range(1, bounds.size):
        queries = bounds[end] - bounds[:end]
        keys = above[:end] + queries
        price = cheapest[:end] + call + _KEY * keys + queries * keys
        if _is_chain(trie, int(bounds[end])):
            price[0] -= _KEY * keys[0] + queries[0] * keys[0] / 2
        begins[end] = price.argmin()
        cheapest[end] = price[begins[end]]
    ends = [bounds.size - 1]
    while ends[-1]:
        ends.append(int(begins[ends[-1]]))
    ends.reverse()
    cuts = [int(bounds[end]) for end in ends]
    return tuple(_tile(trie, start, stop, window) for start, stop in itertools.pairwise(cuts))


def cut_exactly(trie: Trie) -> tuple[Tile, ...]:
    """One tile to a chain, keys padded to whole blocks: a node's sums do not depend on what else is in the trie."""
    bounds = np.append(trie.segments(), trie.size).tolist()
    tiles = []
    for start, stop in itertools.pairwise(bounds):
        keys = np.concatenate((trie.ancestors(start), np.arange(start, stop)))
        padding = -keys.size % EXACT_KEYS
        tiles.append(Tile(start, stop, np.pad(keys, (0, padding), mode="edge"), padding))
    return tuple(tiles)


def _places_to_cut(trie: Trie) -> NDArray[np.int64]:
    starts = trie.segments()
    ends = np.append(starts[1:], trie.size)
    inner = [np.arange(a + INNER_CUT, b, INNER_CUT) for a, b in zip(starts, ends, strict=True) if b - a > INNER_CUT]
    return np.sort(np.concatenate([starts, *inner]))


def _is_chain(trie: Trie, stop: int) -> bool:
    """Whether the first `stop` nodes are one line without a branch between them."""
    return int(trie.depths[stop - 1]) == stop - 1


def _tile(trie: Trie, start: int, stop: int, window: int | None) -> Tile:
    above = trie.ancestors(start)
    if window is not None:
        above = above[trie.depths[above] > trie.depths[start:stop].min() - window]
    return Tile(start, stop, np.concatenate((above, np.arange(start, stop))))


@dataclass(frozen=True, eq=False)
class _Laid:
    """A tile on a device; `keys` None for a contiguous run, `mask` None where every query sees all before it."""

    queries: slice
    own: slice
    keys: Tensor | None
    mask: Tensor | None


@dataclass(eq=False)
class TrieAttention:
    """Attention over one trie, for all layers of one forward pass.

    Masks and plans are made once for each window, dtype and device that a layer's query turns out to have.

    Attributes:
        trie: What is read.
        exact: Whether to cut so that results are equal to the last bit whatever else is in the trie.
        windows: Window of every call so far, in order; None for a layer that sees everything.
    """

    trie: Trie
    exact: bool = False
    windows: list[int | None] = field(default_factory=list)
    _laid: dict[tuple[int | None, torch.dtype, torch.device, bool], list[_Laid]] = field(default_factory=dict)

    def tiles(self, query: Tensor, window: int | None, *, masked: bool) -> list[_Laid]:
        """The tiles as tensors for a layer with this query."""
        key = (window, query.dtype, query.device, masked)
        if key not in self._laid:
            width = query.shape[1] * query.shape[3]
            tiles = cut_exactly(self.trie) if self.exact else cut(self.trie, window, query.device.type, width)
            self._laid[key] = [self._lay(tile, query, window, masked=masked or self.exact) for tile in tiles]
        return self._laid[key]

    def _lay(self, tile: Tile, query: Tensor, window: int | None, *, masked: bool) -> _Laid:
        first, size = int(tile.keys[0]), tile.keys.size
        run = not tile.padding and int(tile.keys[-1]) - first == size - 1
        seen = tile.visible(self.trie, window)
        causal = not masked and first == tile.start and bool((seen == np.tri(size, dtype=np.bool_)).all())
        return _Laid(
            slice(tile.start, tile.stop),
            slice(first, first + size),
            None if run else torch.from_numpy(tile.keys).to(query.device),
            None if causal else _additive(seen, query),
        )


def _additive(seen: NDArray[np.bool_], query: Tensor) -> Float[Tensor, "queries keys"]:
    """Zero where a key is seen, minus infinity elsewhere: added masks mean the same to every kernel."""
    mask = np.where(seen, np.float32(0), np.float32(-np.inf))
    return torch.from_numpy(mask).to(query.device, query.dtype)


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
