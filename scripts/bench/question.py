"""What the readers are timed on: one made-up scenario in many formats, in a model's tokens, or of tokens drawn."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from probe.design.axes import parse_variant
from probe.design.items import Item, OptionId
from probe.design.levels import shipped_levels
from probe.prompts.pack import Pack, Prompt
from probe.prompts.plan import TooLong, plan_item
from probe.prompts.style import Asking, prompt_style
from probe.prompts.tokenizer import load_encoder
from probe.prompts.trie import grow

SENTENCES = (
    "The river rose again in the night and the lower road is closed until the end of the week.",
    "Anna runs the small ferry that takes the children of the valley to school and back.",
    "Her engine has made a strange noise since Monday, and the mechanic cannot come before Friday.",
    "The council has asked her to go on as long as nothing is plainly broken, because there is no other way across.",
    "One of the fathers, who once worked on ships, says that he would not cross with such an engine.",
    "Another has an examination to take on the other side tomorrow and has already missed it twice.",
    "Nobody has been hurt so far, and the water should begin to fall within the next three days.",
    "Anna has slept badly; she would like somebody else to decide, and she has written to you this morning.",
    "What should she do tomorrow?",
)

SYSTEM = (
    "People write to you when they cannot make up their minds. Each of them tells you what has happened and names two "
    "things that could be done. Read all of it, think of everybody who is touched by it, and then choose one of the "
    "two; there is nobody else whom they could ask in time."
)

PINNED = {
    "order": ("p1", "p2"),
    "label_set": ("AB", "12", "ab", "XY"),
    "enclosure": ("paren", "dot", "colon"),
    "cue": ("answer", "choice"),
}
"""48 formats: the pinned benchmark."""

GROWING = (
    *(("order", "p1", "p2"), ("cue", "answer", "choice"), ("label_order", "p1", "p2"), ("layout", "lines", "inline")),
    *(("label_set", "AB", "12"), ("instruction", "label", "which"), ("enclosure", "paren", "dot")),
    *(("label_set", "ab", "XY"), ("layout", "spaced", "bullets")),
)
"""Axes in the order in which more of their levels are taken, twice as many formats each time."""


def scenario(words: int) -> str:
    """So many words of the scenario, told again from the start where it ends."""
    told = " ".join(SENTENCES).split()
    return " ".join(itertools.islice(itertools.cycle(told), words))


def item(words: int = 150) -> Item:
    """A choice between two courses of action."""
    return Item(
        *("bench/ferry", "bench", "revealed", "choice", "bench/ferry", "bench/ferry", (), scenario(words)),
        *(OptionId("go"), OptionId("wait")),
        "Run the ferry tomorrow as on any other day of the week.",
        "Leave the ferry tied up for a day and tell everybody why.",
    )


def growing(count: int) -> dict[str, tuple[str, ...]]:
    """Levels of each axis for `count` formats, a power of two; each smaller set is a part of the larger."""
    axes: dict[str, tuple[str, ...]] = {}
    for axis, *levels in GROWING:
        if np.prod([len(one) for one in axes.values()], dtype=int) >= count:
            break
        axes[axis] = (*axes.get(axis, ()), *levels)
    return axes


def question_pack(
    tokenizer: Path,
    axes: Mapping[str, tuple[str, ...]] = PINNED,
    words: int = 150,
    *,
    budget: int = 2**20,
    system: str | None = SYSTEM,
) -> Pack:
    """The question in all combinations of some levels, as a study would plan it; by default no budget cuts it."""
    encoder, levels = load_encoder(tokenizer, tokenizer.name), shipped_levels()
    names = [",".join(map("=".join, zip(axes, moved, strict=True))) for moved in itertools.product(*axes.values())]
    variants = [parse_variant(name, levels) for name in names]
    style = prompt_style(encoder, Asking(system=system))
    plan = plan_item(encoder, style, item(words), variants, levels, limit=None, budget=budget)
    assert not isinstance(plan, TooLong)
    return plan.pack


def drawn_pack(seed: int, vocabulary: int, stem: int, branches: Sequence[int], block: int, budget: int) -> Pack:
    """A pack of random tokens: a stem, then blocks that branch; four continuations of one token each."""
    rng = np.random.default_rng(seed)
    stems = [tuple(rng.integers(0, vocabulary, stem).tolist())]
    for width in branches:
        stems = [one + tuple(rng.integers(0, vocabulary, block).tolist()) for one in stems for _ in range(width)]
    labels = rng.choice(vocabulary, 4, replace=False).tolist()
    return Pack(tuple(Prompt(one, tuple((label,) for label in labels)) for one in stems), budget)


def unfollowed(pack: Pack) -> Pack:
    """The same prompts with nothing behind them: what a reader of next tokens alone has to read."""
    return Pack(tuple(Prompt(prompt.input_ids, ()) for prompt in pack.prompts), pack.budget)


def counts(pack: Pack) -> tuple[int, int, int]:
    """Prompts, their tokens, and the nodes of their trie without continuations."""
    trie = grow(enumerate(unfollowed(pack).prompts))
    return len(pack.prompts), sum(len(prompt.input_ids) for prompt in pack.prompts), trie.size
