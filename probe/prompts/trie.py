"""The token trie of a pack: every distinct prefix of its prompts and continuations is one node. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from probe.prompts.pack import Pack, Prompt, TokenIds

__all__ = ["PromptNodes", "Trie", "grow", "shared_length", "split", "telling_rows"]

Nodes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PromptNodes:
    """Where one prompt of a pack stands in a trie.

    Attributes:
        row: The prompt's place in its pack.
        decision: Node of its last token.
        continuations: Nodes of the tokens of each of its continuations.
    """

    row: int
    decision: int
    continuations: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Trie:
    """Nodes in depth-first order, children by token id: a function of the set of prompts, not of their order.

    Node i comes after its ancestors and before the rest of its subtree, which is the range ``i .. last[i]``. So i is
    an ancestor of j, or j itself, exactly if ``i <= j < last[i]``.

    Attributes:
        tokens: Token of each node.
        depths: Number of tokens before it in every sequence through it: its position.
        last: End of its subtree, exclusive.
        prompts: Where the prompts stand, by row.
    """

    tokens: Nodes
    depths: Nodes
    last: Nodes
    prompts: tuple[PromptNodes, ...]

    @property
    def size(self) -> int:
        """Number of nodes."""
        return int(self.tokens.size)

    @property
    def leaves(self) -> NDArray[np.bool_]:
        """Whether each node has none below it."""
        found: NDArray[np.bool_] = self.last - np.arange(self.size) == 1
        return found

    def ancestors(self, node: int) -> Nodes:
        """Nodes above `node`, from the root down."""
        return np.flatnonzero(self.last[:node] > node)

    def segments(self) -> Nodes:
        """First nodes of the maximal chains without a branch, ascending."""
        goes_on = (np.diff(self.depths) == 1) & (np.diff(self.last) == 0)
        return np.concatenate(([0], np.flatnonzero(~goes_on) + 1))


def grow(prompts: Iterable[tuple[int, Prompt]]) -> Trie:
    """The trie of some prompts of a pack, each with its row.

    A continuation's last token is a node too: what follows a label is asked as well.
    """
    rows = list(prompts)
    paths = {_key(prompt.input_ids + more): np.empty(0, np.int64) for _, prompt in rows for more in _ends(prompt)}
    tokens: list[Nodes] = []
    depths: list[Nodes] = []
    closed: list[tuple[Nodes, int]] = []
    path = np.empty(max(len(key) for key in paths) // 4, np.int64)
    before = np.empty(0, np.int64)
    count = 0
    for key in sorted(paths):
        sequence = np.frombuffer(key, ">u4").astype(np.int64)
        shared = shared_length(before, sequence)
        closed.append((path[shared : before.size].copy(), count))
        path[shared : sequence.size] = np.arange(count, count + sequence.size - shared)
        tokens.append(sequence[shared:])
        depths.append(np.arange(shared, sequence.size))
        count += sequence.size - shared
        paths[key] = path[: sequence.size].copy()
        before = sequence
    closed.append((path[: before.size], count))
    last = np.empty(count, np.int64)
    for nodes, end in closed:
        last[nodes] = end
    located = tuple(_nodes_of(row, prompt, paths) for row, prompt in sorted(rows, key=lambda one: one[0]))
    return Trie(np.concatenate(tokens), np.concatenate(depths), last, located)


def split(pack: Pack, alone_above: int | None = None) -> tuple[Trie, ...]:
    """A pack as tries of at most its budget of nodes, by a rule that knows nothing but the pack.

    Prompts are taken in the order of their tokens, so that neighbours share most, and a new trie begins where the
    next prompt would exceed the budget. One prompt that is larger than the budget is a trie of its own.

    Args:
        pack: The prompts.
        alone_above: Prompts that reach this many tokens share a trie with no other prompt.
    """
    order = sorted(range(len(pack.prompts)), key=lambda row: _key(pack.prompts[row].input_ids))
    parts: list[list[int]] = []
    size = 0
    before: TokenIds = ()
    shareable = False
    for row in order:
        prompt = pack.prompts[row]
        longest = len(prompt.input_ids) + max(map(len, _ends(prompt)))
        alone = alone_above is not None and longest > alone_above
        own = len({more[:n] for more in prompt.continuations for n in range(1, len(more) + 1)})
        added = len(prompt.input_ids) - _shared(before, prompt.input_ids) + own
        if not (shareable and not alone and size + added <= pack.budget):
            parts.append([])
            size, added = 0, len(prompt.input_ids) + own
        parts[-1].append(row)
        size += added
        before, shareable = prompt.input_ids, not alone
    return tuple(grow((row, pack.prompts[row]) for row in part) for part in parts)


def telling_rows(pack: Pack) -> tuple[int, ...]:
    """Rows that a wrong reader is most likely to get wrong: the shortest and longest prompt, the two deepest branches.

    A branch is as deep as the number of chains above its decision.
    """
    trie = grow(enumerate(pack.prompts))
    starts = trie.segments()
    chains = {p.row: int(np.sum((starts <= p.decision) & (p.decision < trie.last[starts]))) for p in trie.prompts}
    lengths = {row: len(prompt.input_ids) for row, prompt in enumerate(pack.prompts)}
    deepest = sorted(chains, key=lambda row: (-chains[row], row))[:2]
    return tuple(sorted({min(lengths, key=lambda r: lengths[r]), max(lengths, key=lambda r: lengths[r]), *deepest}))


def shared_length(one: Nodes, other: Nodes) -> int:
    """Length of the common prefix.

    Example:
        >>> shared_length(np.array([1, 2, 3]), np.array([1, 2, 4, 5]))
        2
    """
    size = min(one.size, other.size)
    differs = one[:size] != other[:size]
    return int(differs.argmax()) if differs.any() else size


def _key(sequence: TokenIds) -> bytes:
    """Bytes in the order of the token sequences, a prefix before what it begins."""
    return np.asarray(sequence, ">u4").tobytes()


def _ends(prompt: Prompt) -> Sequence[TokenIds]:
    return prompt.continuations or ((),)


def _shared(one: TokenIds, other: TokenIds) -> int:
    return shared_length(np.asarray(one, np.int64), np.asarray(other, np.int64))


def _nodes_of(row: int, prompt: Prompt, paths: dict[bytes, Nodes]) -> PromptNodes:
    size = len(prompt.input_ids)
    ends = [paths[_key(prompt.input_ids + more)] for more in _ends(prompt)]
    behind = tuple(tuple(path[size:].tolist()) for path in ends) if prompt.continuations else ()
    return PromptNodes(row, int(ends[0][size - 1]), behind)
