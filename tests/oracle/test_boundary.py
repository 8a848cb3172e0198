"""Guards: the boundary of a label is the probability that a character which is no part of a word follows it.

Read on, byte by byte, in float64: where a character is split into tokens, its first token alone does not tell, and what
is told is a lower bound that lacks at most the probability of such tokens.
"""

from __future__ import annotations

import re

import pytest
import torch
from hostile import make_tokenizer
from tiny import as_float64, tiny_model

from probe.engine.plain import PlainReader
from probe.prompts.pack import Pack, Prompt
from probe.prompts.tokenizer import load_encoder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """A tokenizer of which every token is a byte or a control token."""
    return load_encoder(make_tokenizer("bare-bytes", None, tmp_path_factory.mktemp("bytes")), "bytes")


@pytest.fixture(scope="module")
def model(encoder):
    return tiny_model("llama", len(encoder.tokenizer) + 3)


def test_a_boundary_is_what_reading_on_says(encoder, model):
    prompt, label = encoder.encode(["Answer:", "A"])
    (reading,) = PlainReader(model, encoder.boundary_tokens(), "bytes").read(Pack((Prompt(prompt, (label,)),), 64))
    ends, goes_on, open_ = reading_on(encoder, as_float64(model), prompt + label)
    assert ends["whole"] == pytest.approx(reading.boundaries[0], abs=1e-6)
    missing = ends["split"]
    assert missing > 0
    lower, upper = reading.boundaries[0], reading.boundaries[0] + missing + goes_on["split"] + open_
    assert lower < lower + missing < upper
    assert sum(ends.values()) + sum(goes_on.values()) + open_ == pytest.approx(1.0, abs=1e-9)


def reading_on(encoder, model, ids):
    """Probabilities that the next character ends the word or goes on with it, by whole tokens and by split characters.

    The third is of what is no character in up to three bytes: longer ones, beginnings without an end, ids of no token.
    """
    byte = byte_tokens(encoder.tokenizer)
    ends, goes_on = {"whole": 0.0, "split": 0.0}, {"whole": 0.0, "split": 0.0}
    first = next_probabilities(model, [ids])[0]
    ends["whole"] = sum(float(first[token]) for token in encoder.tokenizer.all_special_ids)
    for value in range(0x80):
        (goes_on if re.match(r"\w", chr(value)) else ends)["whole"] += float(first[byte[value]])
    paths = [(bytes([value]), float(first[byte[value]])) for value in range(0xC2, 0xF0)]
    for _ in range(2):
        rows = next_probabilities(model, [(*ids, *(byte[value] for value in path)) for path, _ in paths])
        longer = []
        for (path, share), row in zip(paths, rows, strict=True):
            for value in range(0x80, 0xC0):
                both, part = path + bytes([value]), share * float(row[byte[value]])
                character = character_of(both)
                if character is None:
                    longer.append((both, part))
                else:
                    (goes_on if re.match(r"\w", character) else ends)["split"] += part
        paths = longer
    return ends, goes_on, 1.0 - sum(ends.values()) - sum(goes_on.values())


@torch.no_grad()
def next_probabilities(model, sequences):
    return torch.softmax(model(input_ids=torch.tensor(sequences)).logits[:, -1], -1)


def byte_tokens(tokenizer):
    """The token of each byte that a character of up to three bytes has, by encoding characters."""
    found = {}
    for point in [*range(0x800), *range(0x800, 0xD800, 0x40), *range(0xE000, 0x10000, 0x40)]:
        text = chr(point)
        found |= zip(text.encode(), tokenizer.encode(text, add_special_tokens=False), strict=True)
    return found


def character_of(raw):
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
