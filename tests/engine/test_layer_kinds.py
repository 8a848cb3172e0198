"""Guards: the trie is chosen only where it is right. An architecture that it cannot stand for, and a planted fault in
mask, window or position, fall back to the plain reader or stop the model; each ground of refusal holds by itself.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tiny import KINDS, MORE_KINDS, UNSHARED_KINDS, tiny_model

import probe.engine.trie
from probe.engine import attention, tiles
from probe.engine import reader_choice as choose
from probe.engine.forked import ForkedReader
from probe.engine.head import project_in_float32
from probe.engine.plain import PlainReader, read_alone
from probe.engine.reader_choice import choose_reader, difference, refuse_wrong_reader, trie_reader
from probe.engine.rope import forget_lengths
from probe.engine.trie import TrieReader
from probe.errors import ModelError
from probe.loaded_facts import ReaderFacts
from probe.prompts.pack import Pack, Prompt

VOCABULARY = 211
BOUNDARY = np.arange(VOCABULARY) % 3 == 0


def grid(seed=4, root=60, branches=(2, 2, 3)):
    rng = np.random.default_rng(seed)
    stems = [tuple(rng.integers(0, VOCABULARY, root).tolist())]
    for width in branches:
        stems = [stem + tuple(rng.integers(0, VOCABULARY, 5).tolist()) for stem in stems for _ in range(width)]
    return Pack(tuple(Prompt(stem, ((3,), (4, 5), (9,))) for stem in stems), 4096)


def model_of(kind, dtype=torch.float32):
    model = tiny_model(kind, VOCABULARY).to(dtype)
    project_in_float32(model, kind)
    forget_lengths(model)
    return model


@pytest.mark.parametrize("kind", [*KINDS, *MORE_KINDS])
def test_the_trie_is_chosen_where_it_is_right(kind):
    choice = choose_reader(model_of(kind), kind, BOUNDARY, "auto", grid())
    assert choice.reader == "trie", choice.reader_why
    assert choice.check_difference < 4e-5


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("qwen3_5_text", "linear_attention"),
        ("granitemoehybrid", "linear_attention"),
        ("lfm2", "conv"),
        ("llama4_text", "chunked_attention"),
    ],
)
def test_a_kind_of_layer_that_a_trie_cannot_stand_for_is_named_and_not_tried(kind, named, monkeypatch):
    monkeypatch.setattr(choose, "trie_reader", None)
    choice = choose_reader(model_of(kind), kind, BOUNDARY, "auto", grid())
    assert f"it has layers of the kind {named}" in choice.reader_why


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("falcon", "its attention is biased by distance or looks ahead"),
        ("llama-dynamic", "its rotary positions depend on a prompt's length"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_what_a_config_tells_is_not_tried(kind, why, monkeypatch):
    monkeypatch.setattr(choose, "trie_reader", None)
    choice = choose_reader(model_of(kind), kind, BOUNDARY, "auto", grid())
    assert why in choice.reader_why


def test_convolutions_are_seen_where_a_config_names_no_kinds(monkeypatch):
    monkeypatch.setattr(choose, "trie_reader", None)
    model = model_of("llama")
    model.get_decoder().mixer = torch.nn.Conv1d(1, 1, 1)
    choice = choose_reader(model, "mixed", BOUNDARY, "auto", grid())
    assert "it has convolutions over tokens" in choice.reader_why


@pytest.mark.parametrize(
    ("part", "off", "told"),
    [
        ("top_logprob", 0.3, 0.3),
        ("top_logprob", float("nan"), float("inf")),
        ("boundaries", 0.2, 0.2),
        ("logprobs", -0.1, 0.1),
    ],
)
def test_every_number_of_a_reading_is_compared(monkeypatch, part, off, told):
    reader = trie_reader(model_of("llama"), "llama", BOUNDARY)

    def moved(one):
        value = getattr(one, part)
        return dataclasses.replace(
            one, **{part: tuple(v + off for v in value) if isinstance(value, tuple) else value + off}
        )

    broken = tuple(moved(one) for one in reader.read(grid()))
    monkeypatch.setattr(TrieReader, "read", lambda *_: broken)
    assert difference(reader, grid()) == pytest.approx(told, abs=1e-4)


UNFORKED = {"mamba", "rwkv", "recurrent_gemma", "llama4_text", "llama-dynamic"}
"""Kinds that keep their state where it cannot be copied, attend in chunks, or turn positions by a prompt's length."""


@pytest.mark.parametrize("kind", UNSHARED_KINDS)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_what_it_cannot_stand_for_falls_back_and_is_right(kind):
    model = model_of(kind)
    pack = grid()
    choice = choose_reader(model, kind, BOUNDARY, "auto", pack)
    assert choice.reader == ("plain" if kind in UNFORKED else "forked")
    assert choice.reader_why
    with pytest.raises(ModelError, match="--reader plain"):
        choose_reader(model, kind, BOUNDARY, "trie", pack)
    few = Pack(pack.prompts[::5], pack.budget)
    reader = (PlainReader if kind in UNFORKED else ForkedReader)(model, BOUNDARY, kind)
    for prompt, reading in zip(few.prompts, reader.read(few), strict=True):
        assert reading.logprobs == pytest.approx(read_alone(model, prompt), abs=1e-4)


def test_recurrence_is_told_by_the_check_alone(monkeypatch):
    """As many calls of attention as layers prove nothing: this hybrid has both."""
    monkeypatch.setattr(choose, "refused_kind", lambda _: None)
    choice = choose_reader(model_of("falcon_h1"), "hybrid", BOUNDARY, "auto", grid())
    assert choice.reader == "forked"
    assert "it differs from one prompt at a time" in choice.reader_why
    assert choice.check_difference < 4e-5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_rounding_to_16_bits_is_not_taken_for_a_fault(dtype):
    model = model_of("qwen2", dtype)
    choice = choose_reader(model, "half", BOUNDARY, "auto", grid())
    assert choice.reader == "trie"
    assert choice.check_difference < 4e-5


def wrong_mask(monkeypatch):
    """Branches see each other."""
    monkeypatch.setattr(tiles.Tile, "visible", lambda self, *_: self.keys <= np.arange(self.start, self.stop)[:, None])


def dropped_position(monkeypatch):
    """Nodes count on through branches."""
    inner = TrieReader._launch

    def launch(self, planned):
        trie = dataclasses.replace(planned.trie, depths=np.arange(planned.trie.size))
        return inner(self, dataclasses.replace(planned, trie=trie))

    monkeypatch.setattr(TrieReader, "_launch", launch)


def missing_ancestor(monkeypatch):
    """Tiles forget the first token."""
    inner = tiles._tile
    monkeypatch.setitem(tiles._CALL, "cpu", 1.0)
    monkeypatch.setattr(
        tiles,
        "_tile",
        lambda *given: dataclasses.replace(one := inner(*given), keys=one.keys[1:] if one.start else one.keys),
    )


def shifted_row(monkeypatch):
    """What is read stands one node too early."""
    inner = probe.engine.trie.described
    monkeypatch.setattr(
        probe.engine.trie,
        "described",
        lambda model, asked, *given, **inputs: inner(
            model, [of - int(at % 3 == 0) for at, of in enumerate(asked)], *given, **inputs
        ),
    )


FAULTS = [wrong_mask, dropped_position, missing_ancestor, shifted_row]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["llama", "mistral", "gpt2", "gpt_oss"])
def test_a_planted_fault_is_refused(kind, fault, monkeypatch):
    if kind == "mistral" and fault is missing_ancestor:
        pytest.skip("its window does not reach back to the first token")
    fault(monkeypatch)
    choice = choose_reader(model_of(kind), kind, BOUNDARY, "auto", grid())
    assert choice.reader == "forked"
    assert "no trie, for it differs from one prompt at a time" in choice.reader_why


def test_a_window_that_is_not_kept_is_refused(monkeypatch):
    """By the windows that the layers asked for, even where no check prompt is longer than the window."""
    model = model_of("mistral")
    model.config.sliding_window = 500
    for layer in model.model.layers:
        layer.self_attn.config = model.config
    assert choose_reader(model, "wide", BOUNDARY, "auto", grid()).reader == "trie"
    blind = {
        attention.IMPLEMENTATION: lambda *given, **more: attention.attend(*given, **{**more, "sliding_window": None})
    }
    monkeypatch.setattr(
        attention.AttentionInterface, "_global_mapping", attention.AttentionInterface._global_mapping | blind
    )
    choice = choose_reader(model, "wide", BOUNDARY, "auto", grid())
    assert choice.reader == "forked"
    assert "no trie, for its layers attend through other windows" in choice.reader_why


def test_a_layer_that_goes_another_way_is_refused():
    model = model_of("llama")
    model.model.layers[1].self_attn.forward = lambda hidden_states, **_: (hidden_states, None)
    choice = choose_reader(model, "half", BOUNDARY, "auto", grid())
    assert "no trie, for 1 calls of attention were seen for 2 layers" in choice.reader_why


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_on_the_first_pack_stops_the_model(fault, monkeypatch):
    model = model_of("llama")
    reader = trie_reader(model, "tiny", BOUNDARY)
    assert refuse_wrong_reader(reader, grid(9)) < 4e-5
    fault(monkeypatch)
    with pytest.raises(ModelError, match="--reader plain"):
        refuse_wrong_reader(reader, grid(9))


def test_a_model_that_gives_no_numbers_is_not_agreed_with():
    model = model_of("llama")
    model.model.norm.weight.data.fill_(float("nan"))
    assert choose_reader(model, "broken", BOUNDARY, "auto", grid()).reader == "plain"


def test_plain_is_not_tried(monkeypatch):
    monkeypatch.setattr(choose, "_try_trie", None)
    assert choose_reader(model_of("llama"), "tiny", BOUNDARY, "plain", grid()) == ReaderFacts("plain", "asked for")


def test_without_a_check_pack_nothing_is_shared():
    model = model_of("llama")
    assert choose_reader(model, "tiny", BOUNDARY, "auto", None).reader == "plain"
    with pytest.raises(ModelError, match="check pack"):
        choose_reader(model, "tiny", BOUNDARY, "trie", None)


def test_long_prompts_stay_alone_where_length_changes_positions():
    """Beyond the length the whole sequence turns with other factors: sharing a pass would move the shorter prompt."""
    model = model_of("phi3-longrope")
    reader = trie_reader(model, "tiny", BOUNDARY)
    assert reader.alone_above == 70
    rng = np.random.default_rng(2)
    stem = tuple(rng.integers(0, VOCABULARY, 90).tolist())
    pack = Pack(tuple(Prompt(stem[:size], ((3,), (4, 5))) for size in (30, 60, 80, 90)), 4096)
    assert difference(reader, pack) < 4e-5
    assert difference(TrieReader(model, BOUNDARY, "tiny"), pack) > 1e-2
