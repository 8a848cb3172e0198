"""Guards: every model is tried on the same question, in its own tokens, in formats that branch early and late."""

from __future__ import annotations

import numpy as np
import pytest

from probe.errors import TokenPlanError
from probe.prompts import check_pack as checkpack
from probe.prompts.check_pack import CHECK_ITEM, check_pack
from probe.prompts.style import Asking, prompt_style
from probe.prompts.tokenizer import load_encoder
from probe.prompts.trie import grow, telling_rows


def pack_of(folder, context=None, asking=None):
    encoder = load_encoder(folder, folder.name)
    return check_pack(encoder, prompt_style(encoder, asking or Asking()), context)


def test_the_embedded_model_has_one(demo_folder):
    pack = pack_of(demo_folder)
    assert len(pack.prompts) == 16
    trie = grow(enumerate(pack.prompts))
    assert trie.size < pack.budget, "it is to be read in one pass"
    assert trie.size < 0.4 * sum(len(prompt.input_ids) for prompt in pack.prompts)
    assert len(trie.segments()) > 30
    assert len(telling_rows(pack)) >= 3
    assert pack == pack_of(demo_folder)


def test_labels_that_cannot_be_read_give_way_to_others(demo_folder, monkeypatch):
    real, tried = checkpack.plan_item, []

    def picky(encoder, style, item, variants, *args, **kwargs):
        tried.append({variant["label_set"] for variant in variants})
        if "AB" in tried[-1]:
            raise TokenPlanError("A and B begin alike")
        return real(encoder, style, item, variants, *args, **kwargs)

    monkeypatch.setattr(checkpack, "plan_item", picky)
    assert len(pack_of(demo_folder).prompts) == 8
    assert tried == [{"AB", "12"}, {"AB"}, {"12"}]
    monkeypatch.setattr(checkpack, "LABEL_SETS", (("AB",),))
    assert pack_of(demo_folder) is None


@pytest.mark.real
@pytest.mark.parametrize("name", ["gpt2", "qwen3", "mistral-v0.3-instruct", "phi-3-mini", "gpt-oss", "deepseek-v3"])
def test_real_tokenizers_have_one(real_dir, name):
    asking = Asking(append="<|channel|>final<|message|>") if name == "gpt-oss" else None
    pack = pack_of(real_dir / "tokenizers" / name, asking=asking)
    assert len(pack.prompts) >= 8
    lengths = [len(prompt.input_ids) for prompt in pack.prompts]
    assert 100 < np.min(lengths) < np.max(lengths) < 400


def test_a_context_without_room_has_none(demo_folder):
    assert pack_of(demo_folder, context=60) is None


def test_it_asks_about_nothing_that_is_measured():
    assert CHECK_ITEM.side == "control"
    assert CHECK_ITEM.expect is None
