"""Does another order of a prompt's blocks cost fewer tokens? Every order, for the shipped designs, on real items.

The blocks are the item's text, the options and the instruction; the cue stays last, since the decision follows it. In
an option's line the label, with its enclosure, may stand before or behind the text. Counts are the nodes of the token
trie of an item's prompts, summed over items; the shipped order is text, options with the label in front, instruction.

Usage: python scripts/bench/order.py TOKENIZER... [--suite demo] [--designs quick standard full] [--items N]
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from probe.design.axes import Levels, load_design
from probe.design.expand import expand
from probe.design.items import Item, Variant
from probe.design.suites import load_suites
from probe.prompts.chat import write_prompts
from probe.prompts.pieces import encode_scripts
from probe.prompts.prefix_sharing import Sharing
from probe.prompts.render import RenderedItem, render
from probe.prompts.style import Asking, PromptStyle, prompt_style
from probe.prompts.tokenizer import TextEncoder, load_encoder

BLOCKS = ("text", "options", "instruction")
SHIPPED = (BLOCKS, "before")
ARRANGEMENTS = [(order, label) for label in ("before", "behind") for order in itertools.permutations(BLOCKS)]


def arranged(item: Item, variant: Variant, levels: Levels, order: Sequence[str], label: str) -> RenderedItem:
    """An item in a format, its blocks in another order."""
    shipped = render(item, variant, levels)
    enclosure, layout = levels.enclosure(variant["enclosure"]), levels.layout(variant["layout"])
    lines = []
    for shown in shipped.shown:
        mark = f"{enclosure.open}{shown.label}{enclosure.close}"
        lines.append(layout.prefix + (f"{mark} {shown.text}" if label == "before" else f"{shown.text} {mark}"))
    instruction = levels.instruction(variant["instruction"])
    blocks = {"text": item.text, "options": layout.between.join(lines), "instruction": instruction}
    question = "\n\n".join(blocks[name] for name in order)
    assert (order, label) != SHIPPED or question == shipped.question
    return replace(shipped, question=question)


def tokens(encoder: TextEncoder, style: PromptStyle, rendered: Sequence[RenderedItem], where: str) -> int:
    """Distinct tokens of the prompts."""
    return Sharing.of(encode_scripts(encoder, write_prompts(encoder, style, rendered, where), where)).tokens()


def counted(folder: Path, design: str, items: Sequence[Item]) -> Iterator[tuple[tuple[Sequence[str], str], int]]:
    """Tokens of every arrangement."""
    encoder = load_encoder(folder, folder.name)
    shape = load_design(design)
    append = "<|channel|>final<|message|>" if "gpt-oss" in folder.name else ""
    style = prompt_style(encoder, Asking(append=append))
    for order, label in ARRANGEMENTS:
        yield (
            (order, label),
            sum(
                tokens(encoder, style, [arranged(i, v, shape.levels, order, label) for v in shape.variants()], i.id)
                for i in items
            ),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokenizers", type=Path, nargs="+")
    parser.add_argument("--suite", default="core")
    parser.add_argument("--designs", nargs="+", default=["quick", "standard", "full"])
    parser.add_argument("--items", type=int, default=12, help="every k-th revealed item, so that this many are left")
    given = parser.parse_args()
    files = load_suites((given.suite,))
    every = [one for file in files for one in expand(file.tradeoff) if one.side == "revealed" and one.fixed is None]
    items = every[:: max(1, len(every) // given.items)][: given.items]
    print(f"{len(items)} scenarios of {given.suite}; tokens against the shipped order, the cheapest first")
    for folder, design in itertools.product(given.tokenizers, given.designs):
        counts = dict(counted(folder, design, items))
        shipped = counts[SHIPPED]
        print(f"\n{folder.name}, {design}: {shipped} tokens in the shipped order")
        for (order, label), count in sorted(counts.items(), key=lambda pair: pair[1]):
            print(f"  {count / shipped - 1:+8.1%}  {' '.join(order):28} label {label} the option's text")


if __name__ == "__main__":
    main()
