"""Guards: a model that also takes images is read by its text part, and says what one full pass in float64 says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
import yaml
from tiny import as_float64
from wrappers import READER, VOCABULARY, WRAPPERS, tiny_wrapper

from probe.engine.flops import flop_rate
from probe.engine.forked import ForkedReader
from probe.engine.generate import write_greedily
from probe.engine.load import load_model
from probe.engine.memory import estimate_memory
from probe.engine.meta_model import skeleton_of
from probe.engine.plain import PlainReader, next_token_logprobs
from probe.engine.precision import Precision
from probe.engine.reader_choice import choose_reader, trie_reader
from probe.errors import EnvironmentFault, ModelError
from probe.prompts.pack import Pack, Prompt

BOUNDARY = np.arange(VOCABULARY) % 3 == 0


def grid():
    """A long stem and blocks that branch; four forms, two of them of two tokens."""
    rng = np.random.default_rng(4)
    stems = [tuple(rng.integers(0, VOCABULARY - 5, 40).tolist())]
    for width in (2, 3):
        stems = [stem + tuple(rng.integers(0, VOCABULARY - 5, 5).tolist()) for stem in stems for _ in range(width)]
    return Pack(tuple(Prompt(stem, ((3,), (4, 5), (4, 6), (9,))) for stem in stems), 4096)


PACK = grid()

PLACES = 8 * 2.0**-24
"""Eight units of the last place of float32, relative to the largest log-probability: what rounding alone does here."""

RECURRENT = {"qwen3_5": 1e-3}
"""Kinds in which rounding adds up from token to token, in nats."""


@torch.no_grad()
def full_pass(double, prompt, continuation):
    sequence = prompt + continuation[:-1]
    rows = torch.log_softmax(double(input_ids=torch.tensor([sequence]), use_cache=False).logits[0], -1)
    return sum(float(rows[len(prompt) - 1 + n, token]) for n, token in enumerate(continuation))


def distance(double, readings, *, first_only):
    """Largest difference in nats; where a prompt is looked at in both directions, of the first tokens."""
    return max(
        abs(logprob - full_pass(double, prompt.input_ids, continuation))
        for prompt, reading in zip(PACK.prompts, readings, strict=True)
        for logprob, continuation in zip(reading.logprobs, prompt.continuations, strict=True)
        if len(continuation) == 1 or not first_only
    )


@pytest.fixture
def saved(tmp_path):
    def of(kind, dtype=torch.float32):
        model = tiny_wrapper(kind)
        double = as_float64(model)
        double.set_experts_implementation("eager")
        (model if dtype == torch.float32 else model.to(dtype)).save_pretrained(tmp_path)
        return tmp_path, double

    return of


@pytest.mark.parametrize("kind", WRAPPERS)
def test_equal_to_full_passes_in_float64(saved, kind):
    folder, double = saved(kind)
    model = load_model(folder, kind, precision=Precision(), device="cpu").model
    choice = choose_reader(model, kind, BOUNDARY, "auto", PACK)
    assert choice.reader == READER.get(kind, "trie"), choice.reader_why
    first_only = kind == "paligemma"
    plain = PlainReader(model, BOUNDARY, kind)
    found = plain.read(PACK)
    largest = max(abs(logprob) for reading in found for logprob in reading.logprobs)
    most = RECURRENT.get(kind, max(2e-5, PLACES * largest))
    assert distance(double, found, first_only=first_only) < most
    if choice.reader == "trie":
        assert distance(double, trie_reader(model, kind, BOUNDARY).read(PACK), first_only=first_only) < most
    if choice.reader == "forked":
        assert distance(double, ForkedReader(model, BOUNDARY, kind).read(PACK), first_only=first_only) < most
    assert plain.read(PACK) == found  # no position is remembered from one pass to the next


@pytest.mark.parametrize("kind", ["qwen2_5_vl", "qwen3_vl", "glm4v", "mistral3", "gemma4"])
def test_a_cache_goes_on_at_the_right_positions(saved, kind):
    folder, double = saved(kind)
    model = load_model(folder, kind, precision=Precision(), device="cpu").model
    prompt = PACK.prompts[0].input_ids
    written = write_greedily(model, prompt, frozenset(), 6)
    for n, token in enumerate(written):
        assert token == int(next_token_logprobs(double, prompt + written[:n]).argmax())


@pytest.mark.parametrize("kind", ["mistral3", "qwen2_5_vl"])
def test_float32_compute_from_weights_in_16_bits(saved, kind):
    folder, _ = saved(kind, torch.bfloat16)
    exact = load_model(folder, kind, precision=Precision(compute="fp32"), device="cpu").model
    right = load_model(folder, kind, precision=Precision(dtype="float32"), device="cpu").model
    sequence = PACK.prompts[0].input_ids
    assert float((next_token_logprobs(exact, sequence) - next_token_logprobs(right, sequence)).abs().max()) < 1e-5


@pytest.mark.parametrize("kind", ["llava", "qwen3_vl"])
def test_quantised_inside_the_text_part(saved, kind):
    folder, _ = saved(kind, torch.bfloat16)
    loaded = load_model(folder, kind, precision=Precision(quant="nf4", compute="fp32"), device="cpu")
    assert loaded.weights.weight_bytes == pytest.approx(loaded.weights.estimated_bytes, rel=0.02)
    assert loaded.weights.quantisation["kind"] == "nf4"
    assert next_token_logprobs(loaded.model, PACK.prompts[0].input_ids).isfinite().all()


def test_a_kind_that_needs_another_library_is_refused_with_its_name(tmp_path):
    transformers.Gemma3nConfig(architectures=["Gemma3nForConditionalGeneration"]).save_pretrained(tmp_path)
    with pytest.raises(EnvironmentFault, match=r"builds a gemma3n with a library .* Run: pip install timm"):
        estimate_memory(tmp_path, "tiny", Precision())


def test_a_decoder_beside_an_encoder_is_refused(tmp_path):
    transformers.T5Gemma2Config().save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="a t5gemma2 has an encoder for its input and a decoder for its answer"):
        estimate_memory(tmp_path, "tiny", Precision())


def test_towers_are_no_work_for_a_text(tmp_path):
    tiny_wrapper("llava").save_pretrained(tmp_path)
    text = tiny_wrapper("llava").config.text_config
    transformers.AutoModelForCausalLM.from_config(text).save_pretrained(tmp_path / "text")
    assert flop_rate(tmp_path, "whole") == flop_rate(tmp_path / "text", "text")


KIND_OF_FAMILY = {
    **{"apertus": "apertus", "deepseek-r1-distill": "qwen2", "demo": "llama", "falcon3": "llama", "gemma-2": "gemma2"},
    **{"gemma-3": "gemma3", "gemma-4": "gemma4", "gpt-oss": "gpt_oss", "gpt2": "gpt2", "granite-3.3": "granite"},
    **{"granite-4.0": "granitemoehybrid", "llama-3.1": "llama", "llama-3.2": "llama", "llama-3.3": "llama"},
    **{"ministral-3": "mistral3", "mistral": "mistral", "mistral-small": "mistral3", "olmo-2": "olmo2"},
    **{"olmo-3": "olmo3", "phi": "phi3", "pythia": "gpt_neox", "qwen2.5": "qwen2", "qwen3": "qwen3"},
    **{"qwen3.5": "qwen3_5", "smollm2": "llama", "smollm3": "smollm3"},
}
"""What the published configs of a family of models.yaml say as ``model_type``."""


def test_every_family_that_is_listed_can_be_built():
    listed = {entry["family"] for entry in yaml.safe_load(Path("models.yaml").read_text(encoding="utf-8"))["models"]}
    assert listed == set(KIND_OF_FAMILY)
    for kind in sorted(set(KIND_OF_FAMILY.values())):
        model = skeleton_of(transformers.AutoConfig.for_model(kind), kind)
        assert model.get_output_embeddings() is not None
        assert model.get_decoder() is not None
