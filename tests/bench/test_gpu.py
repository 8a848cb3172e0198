"""Guards: what runs on a GPU runs on a CPU at small size, each precision is the one that its row names."""

from __future__ import annotations

import torch


def test_every_precision_is_measured(bench):
    gpu = bench("gpu")
    rows = list(gpu.measure(gpu.SMALL, "cpu", gpu.PRECISIONS, 2, compile_too=False))
    assert [(row.precision, row.reader) for row in rows] == [
        (precision, reader) for precision in gpu.PRECISIONS for reader in ("plain", "trie")
    ]
    assert all(row.same and row.packs_per_second > 0 and row.share > 0 for row in rows)
    apart = {row.precision: row.apart for row in rows if row.reader == "trie"}
    assert 0 < apart["fp32"] < 1e-5 < apart["bf16"] < 0.1
    assert gpu.told(rows).count("\n| ") == len(rows) + 1  # the table's first line begins the text


def test_precisions_are_in_force_and_gone_afterwards(bench):
    gpu, shapes = bench("gpu"), bench("shapes")
    model = shapes.random_model("tiny", 100, torch.bfloat16)
    seen = []
    model.model.layers[0].mlp.register_forward_hook(lambda *got: seen.append(got[2].dtype))
    for precision in ("bf16", "fp32"):
        with gpu.computing(model, precision), torch.inference_mode():
            model(input_ids=torch.tensor([[1, 2]]), use_cache=False)
    assert seen == [torch.bfloat16, torch.float32]
    with gpu.computing(model, "tf32"):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == "highest"
    with gpu.computing(model, "nf4"):
        four = [type(layer).__name__ for layer in model.model.layers[1].modules()]
    assert four.count("Linear4bit") == 7
    assert type(model.get_output_embeddings()).__name__ == "Linear"
