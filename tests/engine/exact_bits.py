"""Run as a process of its own, MKL_CBWR being set: compares every logit of exact packs bit for bit; prints JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from tiny import tiny_model

from probe.engine.head import project_in_float32
from probe.engine.node_readings import needed_nodes
from probe.engine.trie import TrieReader
from probe.prompts.pack import Pack, Prompt
from probe.prompts.trie import grow

VOCABULARY = 3001
SHAPES = {
    "llama": {"hidden_size": 192, "intermediate_size": 512, "num_attention_heads": 6, "num_key_value_heads": 2},
    "qwen2": {"hidden_size": 256, "intermediate_size": 704, "num_attention_heads": 4, "num_key_value_heads": 2},
    "gpt_neox": {"hidden_size": 128, "intermediate_size": 512},
}


def prompts():
    rng = np.random.default_rng(4)
    stems = [tuple(rng.integers(0, VOCABULARY, 150).tolist())]
    for width in (2, 3, 2):
        stems = [stem + tuple(rng.integers(0, VOCABULARY, 7).tolist()) for stem in stems for _ in range(width)]
    return [Prompt(stem, ((3,), (4, 5), (9,))) for stem in stems]


def logits(model, exact, chosen):
    """Logits after every needed node, by the tokens that lead to it."""
    found = []
    hook = model.get_output_embeddings().register_forward_hook(lambda *seen: found.append(seen[2][0].clone()))
    TrieReader(model, np.ones(VOCABULARY, np.bool_), "bits", exact).read(Pack(tuple(chosen), 2**20))
    hook.remove()
    trie = grow(enumerate(chosen))
    nodes = needed_nodes(trie)[0]
    names = [tuple(trie.tokens[[*trie.ancestors(node), node]].tolist()) for node in nodes]
    return dict(zip(names, torch.cat(found), strict=True))


def equal(one, other):
    return all(torch.equal(one[name], row) for name, row in other.items())


def main():
    told = {}
    every = prompts()
    for kind, sizes in SHAPES.items():
        model = tiny_model(kind, VOCABULARY, sizes)
        project_in_float32(model, kind)
        for exact in (False, True):
            by_threads = []
            same = []
            for threads in (1, 2):
                torch.set_num_threads(threads)
                whole = logits(model, exact, every)
                by_threads.append(whole)
                parts = [[one] for one in every] + [every[3:9][::-1], every[::2]]
                same += [equal(whole, logits(model, exact, part)) for part in parts]
            told[f"{kind} {'exact' if exact else 'fast'}"] = all(same) and equal(*by_threads)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
