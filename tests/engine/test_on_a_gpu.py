"""Guards: on GPUs, pretended ones, both readers say what they say on a CPU, also over two of them; a pack costs a bounded
number of copies; and memory of one model, or of one pass, is there for the next.
"""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np
import pytest
import torch
from accelerate import dispatch_model
from drawn import BOUNDARY, PACK, VOCABULARY, apart, drawn
from pretend_gpu import pretending
from tiny import tiny_model

from probe.engine.floor import FloorReader
from probe.engine.forked import PASSES, ForkedReader
from probe.engine.head import project_in_float32
from probe.engine.load import LoadedModel, load_model, loaded
from probe.engine.memory import estimate_memory
from probe.engine.out_of_memory import NoMemoryError, telling_out_of_memory
from probe.engine.plain import PlainReader
from probe.engine.precision import Precision
from probe.engine.reader_choice import choose_reader
from probe.engine.trie import TrieReader
from probe.engine.weight_source import weight_source
from probe.errors import EnvironmentFault
from probe.loaded_facts import WeightFacts
from probe.prompts.pack import Pack
from probe.workers.replica import refusal

FAMILIES = (
    "gpt2",
    "llama",
    "mistral",
    "qwen3",
    "gemma2",
    "gemma3_text",
    "phi3",
    "gpt_oss",
    "qwen3_moe",
    "qwen3_5_text",
)
SPREAD = ("llama", "gemma2", "gpt_oss", "qwen3_moe", "qwen3_5_text")
WINDOWS = {"mistral": 1, "gemma2": 2, "gemma3_text": 1, "gpt_oss": 2}
"""Kinds of attention in a family; one where it is not named."""


@pytest.fixture(scope="module")
def on_a_cpu():
    """By family: a model, and what its plain reader says on the CPU."""
    made = {}

    def of(kind):
        if kind not in made:
            model = tiny_model(kind, VOCABULARY)
            project_in_float32(model, kind)
            made[kind] = model, PlainReader(model, BOUNDARY, kind).read(PACK)
        model, said = made[kind]
        return model.cpu(), said

    return of


ROUNDING = {"qwen3_5_text": 1e-3}
"""Its delta rule computes in float32 and in chunks that begin where a row does."""


def readers(model, kind):
    first = ForkedReader if kind == "qwen3_5_text" else TrieReader
    return first(model, BOUNDARY, kind), PlainReader(model, BOUNDARY, kind)


def spread(model):
    """Half of the layers on each of two GPUs, by accelerate's hooks: what comes in on the first, the head on the second,
    unless its weights are the embedding's."""
    layers = next(name for name, module in model.named_modules() if isinstance(module, torch.nn.ModuleList))
    count = len(model.get_submodule(layers))
    places = {f"{layers}.{n}": int(n >= count // 2) for n in range(count)}
    above = layers.rpartition(".")[0]
    beside = [
        f"{above}.{name}" for name, _ in model.get_submodule(above).named_children() if f"{above}.{name}" != layers
    ]
    places |= {name: int(name.endswith("norm")) for name in beside}
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    places |= {name: int(not tied) for name, _ in model.named_children() if name != above.split(".")[0]}
    return dispatch_model(model, {name: f"cuda:{gpu}" for name, gpu in places.items()}, main_device="cuda:0")


@pytest.mark.parametrize("kind", FAMILIES)
def test_both_readers_say_what_the_cpu_says_in_few_copies(kind, on_a_cpu):
    """Copies of a pack: what is asked, and a mask for each kind of attention; back comes one. No number by itself."""
    model, said = on_a_cpu(kind)
    with pretending() as gpus:
        model.to("cuda:0")
        one, plain = readers(model, kind)
        assert apart(one.read(PACK), said) < ROUNDING.get(kind, 1e-4)
        gpus.counts.clear()
        one.read(PACK)
        passes = PASSES if isinstance(one, ForkedReader) else 1
        assert gpus.counts["to device"] <= passes + WINDOWS.get(kind, 1)
        assert gpus.counts["to host"] == 1
        launches = gpus.counts["launches"]
        gpus.counts.clear()
        assert apart(plain.read(PACK), said) < 1e-4
        assert gpus.counts["to host"] == len({len(prompt.input_ids) for prompt in PACK.prompts})
        assert launches < gpus.counts["launches"]
        model.to("cpu")


@pytest.mark.parametrize("kind", SPREAD)
def test_over_two_gpus_as_over_one(kind, on_a_cpu):
    _, said = on_a_cpu(kind)
    model = tiny_model(kind, VOCABULARY)
    project_in_float32(model, kind)
    with pretending(gpus=2) as gpus:
        spread(model)
        assert {str(one.device) for one in model.parameters()} == {"cuda:0", "cuda:1"}
        for reader in readers(model, kind):
            gpus.counts.clear()
            assert apart(reader.read(PACK), said) < ROUNDING.get(kind, 1e-4)
            assert gpus.counts["between"] > 0


def test_the_trial_chooses_on_a_gpu_what_it_chooses_on_a_cpu(on_a_cpu):
    for kind in ("llama", "qwen3_5_text"):
        model, _ = on_a_cpu(kind)
        here = choose_reader(model, kind, BOUNDARY, "auto", PACK).reader
        with pretending():
            assert choose_reader(model.to("cuda:0"), kind, BOUNDARY, "auto", PACK).reader == here
            model.to("cpu")


def test_half_precision_in_float32_compute_on_a_gpu(on_a_cpu):
    """What the numeric floor rests on: weights raised layer by layer where they lie."""
    model = tiny_model("llama", VOCABULARY).bfloat16()
    project_in_float32(model, "tiny")
    words = dict.fromkeys(("dtype", "attention", "device", "architecture"), "")
    numbers = dict.fromkeys(("parameters", "weight_bytes", "estimated_bytes", "unquantised_share"), 0)
    about = WeightFacts(**words, **numbers, quantisation={}, compute="native")
    own = FloorReader(LoadedModel(model, "tiny", "cpu", 1, 0, about), TrieReader(model, BOUNDARY, "tiny"))
    pack = Pack(PACK.prompts, -4096)
    here = own.together(pack)
    with pretending():
        model.to("cuda:0")
        np.testing.assert_allclose(np.array(own.together(pack)), np.array(here), atol=1e-5)


def test_a_second_model_fits_where_the_first_was(tiny_model_folder, demo_folder):
    folder = tiny_model_folder("llama", demo_folder)
    with pretending() as gpus:
        needed = estimate_memory(folder, "tiny", Precision())
        gpus.capacity = needed.weights + needed.temporary + needed.weights // 2
        with loaded(folder, "first", precision=Precision(), device="cuda:0") as model:
            assert model.weights.weight_bytes == gpus.allocated[0]
            assert {str(one.device) for one in model.model.parameters()} == {"cuda:0"}
            del model
        assert gpus.allocated[0] == gpus.reserved[0] == 0
        with (
            loaded(folder, "second", precision=Precision(), device="cuda:0"),
            pytest.raises(EnvironmentFault, match=r"third: needs .* on cuda:0.*--device auto, --gpus-per-worker N"),
        ):
            load_model(folder, "third", precision=Precision(), device="cuda:0")
        assert gpus.allocated[0] == 0


def test_where_a_model_is_said_to_fit_a_small_pass_fits(tiny_model_folder, demo_folder):
    folder = tiny_model_folder("llama", demo_folder)
    with pretending() as gpus:
        needed = estimate_memory(folder, "tiny", Precision())
        gpus.capacity = needed.weights + needed.temporary
        with loaded(folder, "tiny", precision=Precision(), device="cuda:0") as model:
            ends = np.zeros(model.model.config.vocab_size, dtype=bool)
            TrieReader(model.model, ends, "tiny").read(drawn(count=24))
            del model
        gpus.capacity -= 1
        with pytest.raises(EnvironmentFault, match="tiny: needs"):
            load_model(folder, "tiny", precision=Precision(), device="cuda:0")


@pytest.mark.parametrize(("device", "placed"), [("cuda:0", {"": "cuda:0"}), ("cpu", None)])
def test_weights_go_straight_to_a_gpu(device, placed, tiny_model_folder, demo_folder, monkeypatch):
    """Not by way of main memory, which several workers would each fill."""
    asked = []

    def source_of(*given):
        source = weight_source(*given)
        return replace(source, load=lambda **named: asked.append(named["device_map"]) or source.load(**named))

    monkeypatch.setattr("probe.engine.load.weight_source", source_of)
    with pretending():
        model = load_model(tiny_model_folder("llama", demo_folder), "tiny", precision=Precision(), device=device)
    assert asked == [placed]
    assert set(model.weights.placement) == {device}


def test_what_a_pass_without_memory_held_is_there_for_a_smaller_one(on_a_cpu):
    """What a worker hands on of the failure keeps no tensor of it; then half the budget, and its bytes."""
    model, _ = on_a_cpu("llama")
    whole, half = drawn(count=24), Pack(drawn(count=24).prompts, 40)
    with pretending() as gpus:
        reader = TrieReader(model.to("cuda:0"), BOUNDARY, "tiny")
        reader.read(half)
        weights, enough = gpus.allocated[0], gpus.reserved[0]
        wanted = reader.read(half)
        reader.read(whole)
        assert gpus.reserved[0] > 1.2 * enough
        gpus.capacity = int(1.1 * enough)
        outcome = None
        try:
            with telling_out_of_memory("tiny", whole.budget):
                reader.read(whole)
        except NoMemoryError as error:
            outcome = refusal(None, error)
        assert "no memory for a forward pass of 4096 tokens" in str(outcome.fault)
        gc.collect()
        assert gpus.allocated[0] == weights
        assert reader.read(half) == wanted
        model.to("cpu")


def test_the_pretended_gpu_keeps_the_rules():
    with pretending(gpus=2, capacity=1000) as gpus:
        one, other = torch.ones(3, device="cuda:0"), torch.ones(3).to("cuda:1")
        for wrong in (lambda: one + other, lambda: one + torch.ones(3), lambda: torch.cat((one, other))):
            with pytest.raises(RuntimeError, match="same device"):
                wrong()
        with pytest.raises(RuntimeError, match=r"numpy"):
            one.numpy()
        assert (one + torch.tensor(1.0)).device == one.device
        assert gpus.counts == {"to device": 1, "launches": 1}
        assert float((one * 2).sum()) == 6.0
        assert (one.to("cuda:1") + other).tolist() == [2.0, 2.0, 2.0]
        assert gpus.counts == {"to device": 1, "launches": 4, "to host": 2, "between": 1}
        with pytest.raises(torch.OutOfMemoryError):
            torch.zeros(1000, device="cuda:1")
        assert gpus.allocated == {0: 12, 1: 12}
        view = one[1:]
        view[0] = 7.0
        assert one.cpu().tolist() == [1.0, 7.0, 1.0]
