"""Models of several sizes with random weights, what one must compute for a trie, and what the machine can at most."""

from __future__ import annotations

import time

import torch
import transformers
from transformers import PreTrainedModel

from probe.engine.head import project_in_float32
from probe.engine.heap import keep_freed_memory
from probe.engine.node_readings import needed_nodes
from probe.prompts.trie import Trie

SHAPES: dict[str, tuple[str, dict[str, int | bool]]] = {
    "tiny": (
        "LlamaConfig",
        {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
        | {"num_attention_heads": 4, "num_key_value_heads": 2},
    ),
    "31M": (
        "LlamaConfig",
        {"hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 14}
        | {"num_attention_heads": 3, "num_key_value_heads": 1},
    ),
    "180M": (
        "Qwen2Config",
        {"hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 26}
        | {"num_attention_heads": 9, "num_key_value_heads": 3},
    ),
    "494M": (
        "Qwen2Config",
        {"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24}
        | {"num_attention_heads": 14, "num_key_value_heads": 2},
    ),
    "8B": (
        "LlamaConfig",
        {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32}
        | {"num_attention_heads": 32, "num_key_value_heads": 8, "tie_word_embeddings": False},
    ),
}
"""Architectures as those of Llama 3 and Qwen 2.5, heads of 64 elements (8B: 128); names count all parameters."""

PEAK_PRODUCTS = ((2048, 2048, 2048), (1536, 576, 1536), (1536, 1024, 4096), (512, 1024, 16384))
"""Rows, inner and columns of the products among which the fastest is taken for the peak."""


def random_model(
    shape: str, vocabulary: int, dtype: torch.dtype = torch.float32, device: str = "cpu"
) -> PreTrainedModel:
    """A model of a shape, its weights made on the device; projection in float32, freed memory kept as in a study."""
    name, sizes = SHAPES[shape]
    torch.manual_seed(0)
    common: dict[str, int | bool] = {"vocab_size": vocabulary, "max_position_embeddings": 8192}
    config = getattr(transformers, name)(**{**common, "tie_word_embeddings": True, **sizes})
    with torch.device(device):
        model: PreTrainedModel = transformers.AutoModelForCausalLM.from_config(config, dtype=dtype)
    project_in_float32(model.eval(), shape)
    keep_freed_memory()
    return model


def parameters(model: PreTrainedModel) -> int:
    """How many parameters, tied ones once."""
    return sum(p.numel() for p in model.parameters())


def useful_operations(model: PreTrainedModel, trie: Trie) -> float:
    """What no reader of every node can do without: linear layers, attended pairs, the head's needed rows."""
    config = model.config
    inner = sum(
        p.numel() for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n and "lm_head" not in n
    )
    width = config.hidden_size
    pairs = float((trie.depths + 1).sum())
    rows = needed_nodes(trie)[0].size
    return 2 * inner * trie.size + 4 * width * config.num_hidden_layers * pairs + 2 * rows * config.vocab_size * width


def measured_peak(
    dtype: torch.dtype = torch.float32, device: str = "cpu", products: tuple[tuple[int, int, int], ...] = PEAK_PRODUCTS
) -> float:
    """Floating-point operations a second of the best of several matrix products."""
    best = 0.0
    for m, k, n in products:
        a, b = torch.randn(m, k, device=device).to(dtype), torch.randn(n, k, device=device).to(dtype)
        for _ in range(4):
            wait_for(device)
            started = time.perf_counter()
            torch.nn.functional.linear(a, b)
            wait_for(device)
            best = max(best, 2 * m * k * n / (time.perf_counter() - started))
    return best


def wait_for(device: str) -> None:
    """Until the device has done what it was given."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
