"""Guards: what `--gpu-fast` does says what is said without it, up to rounding, and what does not agree is not used and
said; on pretended GPUs, whose copies arrive no sooner than they are waited for.
"""

from __future__ import annotations

import json
import re
import warnings
from functools import partial

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from drawn import BOUNDARY, PACK, VOCABULARY, apart, drawn
from pretend_gpu import pretending
from tiny import tiny_model

import probe
from probe.engine import attention, flex
from probe.engine.gpu_fast import faster
from probe.engine.head import project_in_float32
from probe.engine.plain import PlainReader
from probe.engine.trie import TrieReader
from probe.errors import InputError
from probe.loaded_facts import ReaderFacts
from probe.prompts.pack import Prompt
from probe.prompts.trie import grow

CHOICE = ReaderFacts("trie", "")


def halved(kind, *, one_product=False):
    model = tiny_model(kind, VOCABULARY).bfloat16()
    project_in_float32(model, kind, one_product=one_product)
    return model


def dense(trie, window, _device):
    """In the place of a BlockMask: what sees what, as numbers."""
    nodes = np.arange(trie.size)
    seen = (nodes[None] <= nodes[:, None]) & (nodes[:, None] < trie.last[None])
    return seen if window is None else seen & (trie.depths[:, None] - trie.depths[None] < window)


def at_once(query, key, value, mask, scaling, *, blind=False):
    if blind:
        mask = np.tri(len(mask), dtype=bool)
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    seen = torch.from_numpy(mask).to(query.device)
    return torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=seen, scale=scaling)


@pytest.mark.parametrize("window", [None, 5])
def test_flex_attention_is_one_dense_softmax(window, monkeypatch):
    """torch's own, not compiled, in float32; more queries' heads than keys'."""
    from torch.nn.attention.flex_attention import flex_attention

    monkeypatch.setattr(flex, "_kernel", lambda: flex_attention)
    trie = grow(enumerate(drawn(count=6).prompts))
    make = torch.Generator().manual_seed(5)
    query, key, value = (torch.randn(1, heads, trie.size, 16, generator=make) for heads in (4, 2, 2))
    mask = flex.trie_mask(trie, window, torch.device("cpu"))
    with warnings.catch_warnings(action="ignore"):  # that it is not compiled
        found = flex.attend_in_one_call(query, key, value, mask, 0.3)
    wanted = at_once(query, key, value, dense(trie, window, None), 0.3)
    torch.testing.assert_close(found, wanted, atol=2e-6, rtol=0)


@pytest.mark.parametrize(
    ("kernel", "used", "why"),
    [
        (at_once, "flex", r"FlexAttention differs by [\d.e-]+ from one prompt at a time"),
        (partial(at_once, blind=True), "tiles", r"FlexAttention differs by [\d.]+ from one prompt at a time"),
        (lambda *_: 1 / 0, "tiles", "FlexAttention failed (ZeroDivisionError: division by zero)"),
    ],
)
@pytest.mark.parametrize("kind", ["llama", "mistral"])
def test_flex_attention_is_used_where_it_agrees(kernel, used, why, kind, monkeypatch):
    monkeypatch.setattr(attention, "trie_mask", dense)
    monkeypatch.setattr(attention, "attend_in_one_call", kernel)
    with pretending():
        tiles = TrieReader(halved(kind).to("cuda:0"), BOUNDARY, kind)
        reader, facts = faster(tiles, CHOICE, PACK)
        assert facts.trie_attention == used == ("flex" if reader.flexible else "tiles")
        assert re.fullmatch(why if "\\" in why else re.escape(why), facts.trie_attention_why)
        assert reader.pipelined
        assert apart(reader.read(PACK), tiles.read(PACK), tops=False) < (0.05 if reader.flexible else 1e-12)


def test_flex_attention_leaves_soft_caps_and_sinks_to_tiles(monkeypatch):
    monkeypatch.setattr(attention, "attend_in_one_call", lambda *_: 1 / 0)
    for kind in ("gemma2", "gpt_oss"):
        model = tiny_model(kind, VOCABULARY)
        project_in_float32(model, kind)
        own = TrieReader(model, BOUNDARY, kind)
        assert TrieReader(model, BOUNDARY, kind, flexible=True).read(PACK) == own.read(PACK)


def test_others_than_tries_of_16_bits_stay_as_they_are():
    model = tiny_model("llama", VOCABULARY)
    plain = PlainReader(model, BOUNDARY, "tiny")
    assert faster(plain, CHOICE, PACK)[0] is plain
    exact = TrieReader(model, BOUNDARY, "tiny", exact=True)
    assert faster(exact, CHOICE, PACK)[0] is exact
    reader, facts = faster(TrieReader(model, BOUNDARY, "tiny"), CHOICE, PACK)
    assert (reader.flexible, facts.trie_attention_why) == (False, "FlexAttention is for 16 bits on a GPU")


def test_packs_follow_each_other_and_their_numbers_come_when_they_are_waited_for():
    """Bits are those of packs read one by one; each costs the copies that it costs alone."""
    packs = [drawn(count=n) for n in (3, 5, 4)]
    with pretending() as gpus:
        own = TrieReader(halved("llama").to("cuda:0"), BOUNDARY, "tiny")
        wanted = [own.read(pack) for pack in packs]
        reader = TrieReader(own.model, BOUNDARY, "tiny", pipelined=True)
        assert reader.read(packs[0]) == wanted[0]
        gpus.counts.clear()
        first, second, third = (reader.begin(reader.plan(pack)) for pack in packs)
        assert [first(), second(), third()] == wanted
        assert (gpus.counts["to device"], gpus.counts["to host"]) == (6, 3)


def test_work_of_the_host_is_done_before_the_pass(monkeypatch):
    model = tiny_model("mistral", VOCABULARY)
    project_in_float32(model, "tiny")
    reader = TrieReader(model, BOUNDARY, "tiny", pipelined=True)
    reader.read(PACK)
    planned, cut = reader.plan(PACK), attention.cut_tiles
    monkeypatch.setattr(attention, "cut_tiles", lambda *_: 1 / 0)
    monkeypatch.setattr("probe.engine.trie.split", lambda *_: 1 / 0)
    told = reader.begin(planned)()
    monkeypatch.setattr(attention, "cut_tiles", cut)
    monkeypatch.undo()
    assert told == reader.read(PACK)


@pytest.mark.parametrize("kind", ["llama", "gemma2", "gpt2"])
def test_the_head_in_one_product(kind):
    with pretending() as gpus:
        blocks, one = (halved(kind, one_product=choice).to("cuda:0") for choice in (False, True))
        wanted = TrieReader(blocks, BOUNDARY, kind).read(PACK)
        gpus.names.clear()
        assert apart(TrieReader(one, BOUNDARY, kind).read(PACK), wanted) < 1e-5
        assert gpus.names["mm"] == 1


def test_a_study_says_the_same_and_says_that_it_was_read_so(tmp_path):
    def run(name, **given):
        with pretending() as gpus:
            probe.run(
                "demo",
                suite="gift",
                design="quick",
                limit=1,
                dtype="bfloat16",
                device="cuda:0",
                out=tmp_path / name,
                **given,
            )
        table = pq.read_table(tmp_path / name / "readings.parquet")
        manifest = json.loads((tmp_path / name / "manifest.json").read_text())
        return table["log_odds"].to_numpy(), manifest, gpus

    slow, before, _ = run("slow")
    fast, after, gpus = run("fast", gpu_fast=True)
    assert np.abs(fast - slow).max() < 1e-5
    assert (before["study"]["gpu_fast"], after["study"]["gpu_fast"]) == (False, True)
    own, other = before["models"]["demo"], after["models"]["demo"]
    assert own["engine"] != other["engine"]
    assert "FlexAttention" in other["trie_attention_why"]
    assert gpus.names["mm"] > 0
    with pytest.raises(InputError, match="gpu_fast was False, is True"):
        probe.run(
            "demo",
            suite="gift",
            design="quick",
            limit=1,
            dtype="bfloat16",
            device="cpu",
            out=tmp_path / "slow",
            gpu_fast=True,
        )


def test_exact_and_fast_exclude_each_other():
    with pytest.raises(InputError, match="--exact: holds on CPUs alone"):
        probe.run("demo", exact=True, gpu_fast=True)


def test_one_prompt_needs_no_flexible_mask():
    """A trie of one chain, which is what the numeric floor reads."""
    trie = grow([(0, Prompt((1, 2, 3), ((4,),)))])
    mask = flex.trie_mask(trie, None, torch.device("cpu"))
    assert mask.to_dense().sum() == 1
