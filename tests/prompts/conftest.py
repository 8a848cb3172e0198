"""A tokenizer whose merges are written down by the test, and small items."""

from __future__ import annotations

import pytest

from probe.design.axes import load_design, parse_variant, shipped_levels
from probe.design.items import Item, OptionId
from probe.prompts.tokenizer import TextEncoder


class FakeTokenizer:
    """Longest match over given pieces, else one token per character; a space before a piece may belong to it.

    Attributes:
        chat_template: None, or a jinja template.
    """

    def __init__(self, *pieces: str, chat_template: str | None = None, bos: str | None = None, eos: str | None = None):
        self.pieces = sorted(pieces, key=len, reverse=True)
        self.chat_template = chat_template
        self.special_tokens_map: dict[str, str] = {}
        self.bos, self.eos = bos, eos
        self.bos_token = bos
        self.bos_token_id = None if bos is None else self.number(bos)
        self.eos_token_id = None if eos is None else self.number(eos)
        self.all_special_tokens = [token for token in (bos, eos) if token]
        self.added_tokens_decoder = {self.number(token): token for token in self.all_special_tokens}

    def number(self, piece: str) -> int:
        return int.from_bytes(piece.encode()[-6:], "big") if len(piece) < 7 else hash(piece) % 10**9

    def tokenize(self, text: str) -> list[int]:
        ids = []
        while text:
            piece = next((p for p in [*self.all_special_tokens, *self.pieces] if text.startswith(p)), text[0])
            ids.append(self.number(piece))
            text = text[len(piece) :]
        return ids

    def __call__(self, texts, add_special_tokens=True, **_):
        if isinstance(texts, str):
            return {"input_ids": self._whole(texts, add_special_tokens)}
        return {"input_ids": [self._whole(text, add_special_tokens) for text in texts]}

    def _whole(self, text, add):
        front = [self.number(self.bos)] if add and self.bos else []
        behind = [self.number(self.eos)] if add and self.eos else []
        return front + self.tokenize(text) + behind

    def get_chat_template(self) -> str | None:
        return self.chat_template


@pytest.fixture
def fake():
    """``fake(*pieces, ...)``: an encoder over a `FakeTokenizer`."""
    return lambda *pieces, **options: TextEncoder(FakeTokenizer(*pieces, **options), "fake")


@pytest.fixture
def item() -> Item:
    return Item(
        id="gift/ask",
        tradeoff="gift",
        side="stated",
        form="choose",
        cluster="gift/ask",
        scenario=None,
        context=(),
        text="What matters more?",
        p1=OptionId("honesty"),
        p2=OptionId("kindness"),
        option_p1="To be honest.",
        option_p2="To be kind.",
    )


@pytest.fixture
def levels():
    return shipped_levels()


@pytest.fixture
def variant(levels):
    """``variant("cue=choice")``: the rest stands at its default."""
    return lambda text="": parse_variant(text, levels)


@pytest.fixture
def standard():
    return load_design("standard")
