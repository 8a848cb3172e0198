"""What sharing beginnings saves: the tokens that are left of some sequences, and the size of a pack that is read so."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from probe.prompts.trie import shared_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.prompts.pack import Pack, TokenIds

__all__ = ["PackSize", "Sharing", "pack_size"]


class PackSize(NamedTuple):
    """What reading a pack takes, whatever the model.

    Attributes:
        tokens: Tokens that are computed.
        rows: Positions at which the distribution of the next token is asked.
        pairs: Tokens with each token that they see, themselves among them.
    """

    tokens: int
    rows: int
    pairs: int


@dataclass(frozen=True, eq=False)
class Sharing:
    """Sequences in the order of their tokens, with what neighbours share: enough to count any selection's trie.

    Attributes:
        order: Places of the sequences as they were given, sorted by their tokens.
        lengths: Length of each, sorted.
        shared: Length of the prefix that each shares with the one before it; 0 for the first.
    """

    order: NDArray[np.int64]
    lengths: NDArray[np.int64]
    shared: NDArray[np.int64]

    @classmethod
    def of(cls, sequences: Sequence[TokenIds]) -> Sharing:
        """Compare neighbours once."""
        keys = [np.asarray(one, ">u4").tobytes() for one in sequences]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        arrays = [np.asarray(sequences[index], np.int64) for index in order]
        shared = [0, *(shared_length(one, two) for one, two in itertools.pairwise(arrays))]
        lengths = [one.size for one in arrays]
        return cls(np.array(order, np.int64), np.array(lengths, np.int64), np.array(shared[: len(order)], np.int64))

    def tokens(self, chosen: NDArray[np.bool_] | None = None) -> int:
        """Distinct prefixes of the chosen sequences, of all by default: the nodes of their trie.

        Example:
            >>> sharing = Sharing.of([(1, 2, 3), (1, 2, 4), (1, 2, 3, 5)])
            >>> sharing.tokens(), sharing.tokens(np.array([True, False, True]))
            (5, 4)
        """
        indices = np.flatnonzero(np.ones_like(self.order, np.bool_) if chosen is None else chosen[self.order])
        if not indices.size:
            return 0
        # Two chosen neighbours share the least of what stands between them shares.
        between = np.minimum.reduceat(self.shared, indices[:-1] + 1) if indices.size > 1 else np.empty(0, np.int64)
        if indices.size > 1:
            last = self.shared[indices[-2] + 1 : indices[-1] + 1].min()
            between = np.append(between[:-1], last)
        return int(self.lengths[indices].sum() - between.sum())


def pack_size(pack: Pack, *, shared: bool) -> PackSize:
    """Size of a pack, but for beginnings that are read again where its budget cuts it.

    Args:
        pack: The pack.
        shared: Whether prompts share their beginnings, as the trie reader has it.

    Example:
        >>> from probe.prompts.pack import Pack, Prompt
        >>> pack = Pack((Prompt((1, 2, 3), ((7,),)), Prompt((1, 2, 4), ((7,),))), 4096)
        >>> pack_size(pack, shared=True), pack_size(pack, shared=False)
        (PackSize(tokens=6, rows=4, pairs=17), PackSize(tokens=8, rows=4, pairs=20))
    """
    asked = [(one.input_ids, {c[:n] for c in one.continuations for n in range(1, len(c) + 1)}) for one in pack.prompts]
    if shared:  # equal prompts are one
        once: dict[TokenIds, set[TokenIds]] = {}
        for ids, nodes in asked:
            once.setdefault(ids, set()).update(nodes)
        asked = list(once.items())
    lengths = np.array([len(ids) for ids, _ in asked], np.int64)
    more = np.array([len(nodes) for _, nodes in asked], np.int64)
    pairs = int((lengths * (lengths + 1) // 2).sum() + (more * lengths).sum())
    pairs += sum(len(node) for _, nodes in asked for node in nodes)
    tokens = int(lengths.sum())
    if shared:
        sharing = Sharing.of([ids for ids, _ in asked])
        tokens = sharing.tokens()
        pairs -= int((sharing.shared * (sharing.shared + 1) // 2).sum())
    return PackSize(tokens + int(more.sum()), int(more.sum()) + len(asked), pairs)
