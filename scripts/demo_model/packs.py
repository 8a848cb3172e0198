"""Prompts of one item as a tree of tokens: what they share is computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerFast

    from demo_model.cells import Cell

__all__ = ["Batch", "Pack", "join", "label_ids", "pack_cells"]


@dataclass(frozen=True, slots=True)
class Pack:
    """A tree of tokens in depth-first order, and what is asked at its leaves.

    Attributes:
        tokens: Token of each node.
        depth: Position of each node in its own prompt.
        sees: Which nodes a node attends to: its ancestors and itself, nodes x nodes.
        decisions: Node at which each cell is answered.
        labels: Tokens of the first and the second option of each cell, cells x 2.
        log_odds: Planted log-odds of each cell.
        moved: 1 for cells of items on which the even format effect acts, else 0.
        before: Nodes whose next token is given as text.
        after: That next token.
        ends: Last node of the first and of the second option's text in each cell, cells x 2.
    """

    tokens: torch.Tensor
    depth: torch.Tensor
    sees: torch.Tensor
    decisions: torch.Tensor
    labels: torch.Tensor
    log_odds: torch.Tensor
    moved: torch.Tensor
    before: torch.Tensor
    after: torch.Tensor
    ends: torch.Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Packs side by side, padded on the right; fields as in `Pack`, nodes counted through all rows.

    Attributes:
        mask: Additive attention mask, packs x 1 x nodes x nodes.
    """

    tokens: torch.Tensor
    depth: torch.Tensor
    mask: torch.Tensor
    decisions: torch.Tensor
    labels: torch.Tensor
    log_odds: torch.Tensor
    moved: torch.Tensor
    before: torch.Tensor
    after: torch.Tensor
    ends: torch.Tensor


def label_ids(cells: Sequence[Cell], tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    """The one token of every space-led label.

    Raises:
        ValueError: A label is several tokens.
    """
    words = sorted({label for cell in cells for label in cell.labels})
    found = {word: tokenizer.encode(f" {word}", add_special_tokens=False) for word in words}
    if any(len(ids) != 1 for ids in found.values()):
        raise ValueError(f"vocabulary: a label is not one token, found {found}. Give the tokenizer more of it.")
    return {word: ids[0] for word, ids in found.items()}


def pack_cells(cells: Sequence[Cell], tokenizer: PreTrainedTokenizerFast) -> list[Pack]:
    """Four packs for each item, in the order of their first cells.

    Label order and label set distinguish them, or the format of the turn before: a step then meets more items than with
    one large pack for each, at nearly the same cost.
    """
    ids = label_ids(cells, tokenizer)
    groups: dict[tuple[object, ...], list[Cell]] = {}
    for cell in cells:
        alone = (cell.form.label_sign, cell.form["label_set"])
        key = alone if cell.before is None else (cell.before.form,)
        groups.setdefault((cell.item, *key), []).append(cell)
    return [_pack(own, ids, tokenizer) for own in groups.values()]


def join(packs: Sequence[Pack]) -> Batch:
    """Packs as the rows of one batch."""
    size = max(len(pack.tokens) for pack in packs)
    tokens = torch.zeros(len(packs), size, dtype=torch.long)
    depth = torch.zeros(len(packs), size, dtype=torch.long)
    sees = torch.eye(size, dtype=torch.bool).repeat(len(packs), 1, 1)
    for row, pack in enumerate(packs):
        n = len(pack.tokens)
        tokens[row, :n], depth[row, :n], sees[row, :n, :n] = pack.tokens, pack.depth, pack.sees
    mask = torch.zeros(sees.shape).masked_fill(~sees, torch.finfo(torch.float32).min)[:, None]
    return Batch(
        tokens,
        depth,
        mask,
        torch.cat([pack.decisions + row * size for row, pack in enumerate(packs)]),
        torch.cat([pack.labels for pack in packs]),
        torch.cat([pack.log_odds for pack in packs]),
        torch.cat([pack.moved for pack in packs]),
        torch.cat([pack.before + row * size for row, pack in enumerate(packs)]),
        torch.cat([pack.after for pack in packs]),
        torch.cat([pack.ends + row * size for row, pack in enumerate(packs)]),
    )


def _pack(cells: Sequence[Cell], ids: dict[str, int], tokenizer: PreTrainedTokenizerFast) -> Pack:
    tree = _Tree()
    found = tokenizer([cell.text for cell in cells], add_special_tokens=False, return_offsets_mapping=True)
    paths = [tree.add(prompt) for prompt in found["input_ids"]]
    decisions = [path[-1] for path in paths]
    ends = [
        [path[_token_at(spans, end)] for end in cell.ends]
        for cell, path, spans in zip(cells, paths, found["offset_mapping"], strict=True)
    ]
    edges = [(parent, node) for node, parent in enumerate(tree.parents) if parent >= 0]
    text = [(parent, tree.tokens[node]) for parent, node in edges]
    labels = [(ids[cell.labels[0]], ids[cell.labels[1]]) for cell in cells]
    # One of the two labels stands as the answer, each in half of the cells, so that the end after it is learned.
    for place, (node, pair) in enumerate(zip(decisions, labels, strict=True)):
        answer = tree.step(node, pair[place % 2])
        text.append((answer, tokenizer.eos_token_id))
    return Pack(
        torch.tensor(tree.tokens),
        torch.tensor(tree.depths),
        tree.ancestry(),
        torch.tensor(decisions),
        torch.tensor(labels),
        torch.tensor([cell.log_odds for cell in cells]),
        torch.tensor([float(cell.moved) for cell in cells]),
        torch.tensor([node for node, _ in text]),
        torch.tensor([token for _, token in text]),
        torch.tensor(ends),
    )


def _token_at(spans: Sequence[tuple[int, int]], end: int) -> int:
    """Place of the token that holds the last of so many characters."""
    return next(place for place, (start, stop) in enumerate(spans) if start < end <= stop)


class _Tree:
    """Token prefixes merged: each node is a token after its parent's path."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.parents: list[int] = []
        self.depths: list[int] = []
        self._children: dict[tuple[int, int], int] = {}

    def add(self, prompt: Sequence[int]) -> list[int]:
        """The nodes of a prompt from the root to its end."""
        path = [-1]
        for token in prompt:
            path.append(self.step(path[-1], token))
        return path[1:]

    def step(self, parent: int, token: int) -> int:
        """The child of a node with this token, made if there is none."""
        if (parent, token) not in self._children:
            self._children[parent, token] = len(self.tokens)
            self.tokens.append(token)
            self.parents.append(parent)
            self.depths.append(self.depths[parent] + 1 if parent >= 0 else 0)
        return self._children[parent, token]

    def ancestry(self) -> torch.Tensor:
        """Nodes x nodes: whether the column's node is the row's node or before it on its path."""
        sees = torch.eye(len(self.tokens), dtype=torch.bool)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                sees[node] |= sees[parent]
        return sees
