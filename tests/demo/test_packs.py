"""Guards: a tree of prompts is the prompts, and what it asks stands at the right nodes."""

from __future__ import annotations

import pytest
import torch
from demo_model.learn import Schedule, train
from demo_model.packs import join, label_ids, pack_cells


@pytest.fixture(scope="module")
def some(cells):
    """Two items in all formats, of different lengths, in the order in which packs take them up."""
    own = cells[:32] + cells[4000:4032]
    return sorted(own, key=lambda c: (c.item, c.form.label_sign, c.form["label_set"] == "12"))


@pytest.fixture(scope="module")
def packs(some, tokenizer):
    return pack_cells(some, tokenizer)


def test_a_tree_reads_like_its_prompts(some, packs, tokenizer):
    model = train(some[:2], tokenizer, Schedule(steps=1, packs=1, warmup=0))
    batch = join(packs)
    with torch.no_grad():
        hidden = model.model(
            input_ids=batch.tokens, position_ids=batch.depth, attention_mask=batch.mask
        ).last_hidden_state
        found = model.lm_head(hidden.flatten(0, 1)[batch.decisions])
        for row in range(0, len(some), 7):
            ids = tokenizer.encode(some[row].text, add_special_tokens=False)
            alone = model(torch.tensor([ids])).logits[0, -1]
            assert torch.allclose(found[row], alone, atol=1e-4)


def test_a_tree_is_smaller_than_its_prompts(packs, some, tokenizer):
    nodes = sum(len(pack.tokens) for pack in packs)
    assert nodes < sum(len(tokenizer.encode(cell.text)) for cell in some) / 2.5


def test_labels_stand_in_the_order_of_the_options(some, packs, tokenizer):
    ids = label_ids(some, tokenizer)
    rows = torch.cat([pack.labels for pack in packs]).tolist()
    assert rows == [[ids[cell.labels[0]], ids[cell.labels[1]]] for cell in some]
    assert torch.cat([pack.log_odds for pack in packs]).tolist() == pytest.approx([c.log_odds for c in some])


def test_the_scaffold_stands_at_the_options_own_ends(questions, some, packs, tokenizer):
    options = {q.id: (q.p1[1], q.p2[1]) for q in questions}
    batch = join(packs)
    for cell, ends in zip(some, batch.ends.tolist(), strict=True):
        for end, node, option in zip(cell.ends, ends, options[cell.item], strict=True):
            assert cell.text[:end].endswith(option)
            last = tokenizer.decode(batch.tokens.flatten()[node])
            assert option.endswith(last.strip())


def test_text_targets_are_edges_of_the_tree(packs, tokenizer):
    for pack in packs:
        ends = 0
        for node, token in zip(pack.before.tolist(), pack.after.tolist(), strict=True):
            below = pack.sees[:, node] & (pack.depth == pack.depth[node] + 1)
            ends += token == tokenizer.eos_token_id and not below.any()
            assert token in pack.tokens[below].tolist() or not below.any()
        assert ends == len(pack.decisions) == 8
