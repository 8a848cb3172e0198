"""Guards: after every layer the reader gives what the final norm and the head give of that layer in float64; its last
layer is the reading; a preference that one layer writes is found there; what cannot be read so is refused by name.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from accelerate.hooks import ModelHook, add_hook_to_module
from tiny import KINDS, MORE_HYBRIDS, MORE_KINDS, UNSHARED_KINDS, as_float64, tiny_model

from probe.engine.depth import LayerReader
from probe.engine.head import project_in_float32
from probe.engine.lens import lens_of
from probe.engine.plain import PlainReader
from probe.engine.reader_choice import trie_reader
from probe.engine.rope import forget_lengths
from probe.errors import ModelError
from probe.prompts.layers import mass_layers
from probe.prompts.pack import Pack, Prompt

VOCABULARY = 211
BOUNDARY = np.arange(VOCABULARY) % 3 == 0
LAYERS = 10
ONE_TOKEN = ((3,), (9,), (17,))
SEVERAL = ((3,), (4, 5), (4, 6), (9,))
FORCED = ((8, 3), (8, 9))

NORMS = {"gpt2": "ln_f", "gpt_neox": "final_layer_norm", "opt": "final_layer_norm", "bloom": "ln_f"}
AFTER = {
    "gemma2": lambda x: 3.0 * torch.tanh(x / 3.0),
    "cohere": lambda x: x * 0.25,
    "granite": lambda x: x / 4.0,
}
COUNTS = {"gpt2": "n_layer", "bloom": "n_layer"}
ARCHITECTURES = ["gpt2", "gpt_neox", "llama", "mistral", "qwen3", "gemma2", "cohere", "granite", "olmo2", "opt"]


def pack(continuations=ONE_TOKEN, budget=4096):
    """Four prompts that share a beginning, as the crossings of one item do."""
    rng = np.random.default_rng(3)
    stem, one, two = (tuple(rng.integers(10, VOCABULARY, size).tolist()) for size in (20, 6, 6))
    ends = [one + two, two + one, (*one, 1, *two), (*two, 1, *one)]
    return Pack(tuple(Prompt(stem + end, continuations) for end in ends), budget, every_layer=True)


@pytest.fixture(scope="module")
def models():
    """By kind: a model of ten layers as it is read, and the same weights in float64, untouched."""
    made = {}

    def of(kind):
        if kind not in made:
            changes = {COUNTS.get(kind, "num_hidden_layers"): LAYERS}
            model = tiny_model(kind, VOCABULARY, changes)
            double = as_float64(model)
            project_in_float32(model, kind)
            made[kind] = (model, double)
        return made[kind]

    return of


@torch.no_grad()
def rows_in_float64(double, kind, sequence):
    """Log-probabilities after a sequence at every layer, one prompt in one pass, by transformers' own hidden states."""
    body = double.get_decoder()
    states = double(torch.tensor([sequence]), use_cache=False, output_hidden_states=True).hidden_states
    norm = getattr(body, NORMS.get(kind, "norm"))
    # What transformers calls the last hidden state is behind the norm already.
    normed = [*(norm(state[0, -1]) for state in states[1:-1]), states[-1][0, -1]]
    head = double.get_output_embeddings()
    after = AFTER.get(kind, lambda x: x)
    logits = [after(torch.nn.functional.linear(state, head.weight, head.bias)) for state in normed]
    return torch.stack([torch.log_softmax(row, -1) for row in logits]).numpy()


def expected(double, kind, prompt):
    """Log-probability of every continuation at every layer, layers x continuations."""
    found = []
    for continuation in prompt.continuations:
        total = np.zeros(LAYERS)
        for n, token in enumerate(continuation):
            total += rows_in_float64(double, kind, prompt.input_ids + continuation[:n])[:, token]
        found.append(total)
    return np.stack(found, axis=1)


def by_layer(reading, forms):
    return np.array(reading.logprobs).reshape(-1, forms)


def relative(rows):
    return rows - rows[:, :1]


@pytest.mark.parametrize("continuations", [ONE_TOKEN, SEVERAL, FORCED], ids=["one", "several", "forced"])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_equal_to_norm_and_head_in_float64(models, kind, continuations):
    model, double = models(kind)
    asked = pack(continuations)
    for prompt, reading in zip(
        asked.prompts, LayerReader.beside(trie_reader(model, kind, BOUNDARY)).read(asked), strict=True
    ):
        found, wanted = by_layer(reading, len(continuations)), expected(double, kind, prompt)
        assert found.shape == wanted.shape
        assert np.abs(relative(found) - relative(wanted)).max() < 5e-5
        whole = list(mass_layers(LAYERS))
        assert np.abs(found[whole] - wanted[whole]).max() < 5e-5


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_last_layer_is_the_reading(models, kind):
    model, _ = models(kind)
    reader = trie_reader(model, kind, BOUNDARY)
    asked = pack(SEVERAL)
    for last, read in zip(LayerReader.beside(reader).read(asked), reader.read(asked), strict=True):
        assert by_layer(last, 4)[-1] == pytest.approx(read.logprobs, abs=1e-5)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_last_layer_through_norm_and_head_is_the_reading_too(models, kind, monkeypatch):
    """The number that is kept comes from the model itself; here is seen how near the lens comes to it."""
    model, _ = models(kind)
    monkeypatch.setattr("probe.engine.depth.TOLERANCE", 1e-5)
    LayerReader.beside(trie_reader(model, kind, BOUNDARY)).read(pack(SEVERAL))


@pytest.mark.parametrize("kind", ["llama", "mistral", "gemma2", "granite"])
def test_the_trie_and_whole_prompts_give_the_same(models, kind):
    model, _ = models(kind)
    asked = pack(SEVERAL)
    trie = LayerReader.beside(trie_reader(model, kind, BOUNDARY)).read(asked)
    plain = LayerReader.beside(PlainReader(model, BOUNDARY, kind)).read(asked)
    cut = LayerReader.beside(trie_reader(model, kind, BOUNDARY)).read(pack(SEVERAL, budget=50))
    for one, other, third in zip(trie, plain, cut, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=2e-5)
        assert one.logprobs == pytest.approx(third.logprobs, abs=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KINDS, *MORE_KINDS, *UNSHARED_KINDS, *MORE_HYBRIDS])
def test_every_architecture_is_read_or_refused_by_name(kind):
    model = tiny_model(kind, VOCABULARY)
    project_in_float32(model, kind)
    if kind == "llama4_text":
        with pytest.raises(ModelError, match="no decoder can be found in a Llama4ForCausalLM"):
            lens_of(model, kind)
        return
    reader = PlainReader(model, BOUNDARY, kind)
    asked = pack(SEVERAL)
    for last, read in zip(LayerReader.beside(reader).read(asked), reader.read(asked), strict=True):
        assert by_layer(last, 4)[-1] == pytest.approx(read.logprobs, abs=2e-5)


def test_sequences_that_change_with_their_length_are_read_one_by_one():
    """With dynamic rotary scaling the state behind a prompt depends on what follows it in the same pass."""
    model = tiny_model("llama-dynamic", VOCABULARY)
    project_in_float32(model, "dynamic")
    forget_lengths(model)
    long = Prompt(tuple(np.random.default_rng(1).integers(10, VOCABULARY, 90).tolist()), SEVERAL)
    reader = PlainReader(model, BOUNDARY, "dynamic")
    (last,), (read,) = (one.read(Pack((long,), 4096)) for one in (LayerReader.beside(reader), reader))
    assert by_layer(last, 4)[-1] == pytest.approx(read.logprobs, abs=1e-5)


class Written(torch.nn.Module):
    """A layer that adds a direction to the state, in place of what it was."""

    def __init__(self, direction):
        super().__init__()
        self.direction = torch.nn.Parameter(direction)

    def forward(self, hidden, *_args, **_kwargs):
        return hidden + self.direction


@pytest.mark.parametrize("at", [1, 4, LAYERS])
def test_a_preference_that_a_layer_writes_is_found_there(at):
    """Hand-made: all layers pass the state on, one adds what makes token 3 five times as probable as token 9."""
    model = tiny_model("llama", VOCABULARY, {"num_hidden_layers": LAYERS})
    head = model.get_output_embeddings().weight.data
    head[3], head[9] = head[17], head[17]
    towards = torch.zeros(head.shape[1])
    towards[0] = 4.0
    head[3, 0] += 0.5
    head[9, 0] -= 0.5
    model.get_input_embeddings().weight.data[:, 0] = 0.0
    body = model.get_decoder()
    for number in range(LAYERS):
        body.layers[number] = Written(towards if number == at - 1 else torch.zeros(head.shape[1]))
    project_in_float32(model, "made")
    readings = LayerReader.beside(PlainReader(model, BOUNDARY, "made")).read(pack())
    for reading in readings:
        rows = by_layer(reading, 3)
        z = rows[:, 0] - rows[:, 1]
        assert np.abs(z[: at - 1]).max(initial=0.0) < 1e-6
        assert z[at - 1 :].min() > 0.5


def test_bfloat16_and_a_hook_on_the_head_change_nothing_of_it(models):
    """Where weights are spread, accelerate's hook stands before the projection."""
    model = tiny_model("gemma2", VOCABULARY, {"num_hidden_layers": LAYERS}).bfloat16()
    hook = Counted()
    add_hook_to_module(model.get_output_embeddings(), hook)
    project_in_float32(model, "hooked")
    reader = trie_reader(model, "hooked", BOUNDARY)
    asked = pack()
    layers = LayerReader.beside(reader).read(asked)
    # The model's own pass, all layers with a narrow head, and the whole head at the others of the eight layers.
    assert hook.calls == 1 + 1 + len(mass_layers(LAYERS)) - 1
    for last, read in zip(layers, reader.read(asked), strict=True):
        assert by_layer(last, 3)[-1] == pytest.approx(read.logprobs, abs=1e-5)


class Counted(ModelHook):
    """A hook that must run before every projection, as one that brings its weights does."""

    calls = 0

    def pre_forward(self, module, *args, **kwargs):
        self.calls += 1
        return super().pre_forward(module, *args, **kwargs)


def test_a_bias_of_the_head_is_part_of_it(models):
    model = tiny_model("llama", VOCABULARY, {"num_hidden_layers": 3})
    model.get_output_embeddings().bias = torch.nn.Parameter(torch.linspace(-2, 2, VOCABULARY))
    project_in_float32(model, "biased")
    reader = trie_reader(model, "biased", BOUNDARY)
    asked = pack()
    for last, read in zip(LayerReader.beside(reader).read(asked), reader.read(asked), strict=True):
        assert by_layer(last, 3)[-1] == pytest.approx(read.logprobs, abs=1e-5)


def test_layers_run_once_and_the_whole_head_at_eight(models, monkeypatch):
    model, _ = models("llama")
    passes, widths = [], []
    handle = model.get_decoder().layers[0].register_forward_hook(lambda *_: passes.append(1))
    monkeypatch.setattr("probe.engine.depth.describe_rows", spied(widths))
    LayerReader.beside(trie_reader(model, "llama", BOUNDARY)).read(pack())
    handle.remove()
    assert len(passes) == 1
    assert widths == [(4, VOCABULARY)] * len(mass_layers(LAYERS))


def spied(widths):
    from probe.engine.logprobs import describe_rows

    def described(logits, boundary):
        widths.append(tuple(logits.shape))
        return describe_rows(logits, boundary)

    return described


def test_a_model_is_left_as_it_was(models):
    model, _ = models("llama")
    reader = trie_reader(model, "llama", BOUNDARY)
    before = reader.read(pack())
    LayerReader.beside(reader).read(pack())
    assert reader.read(pack()) == before
    assert not any(layer._forward_hooks for layer in model.get_decoder().layers)
    assert "forward" not in vars(model.get_decoder())


def test_what_stands_behind_the_layers_and_is_not_known_is_refused_by_name():
    """OPT may project what its last norm gives."""
    model = tiny_model("opt", VOCABULARY, {"word_embed_proj_dim": 16})
    with pytest.raises(ModelError, match=r"some: --depth: beside layers .* OPTForCausalLM stands 'project_out'"):
        lens_of(model, "some")


@pytest.mark.parametrize("kind", ["llama", "opt"])
def test_a_model_without_a_final_norm_is_refused_by_name(kind):
    model = tiny_model(kind, VOCABULARY)
    setattr(model.get_decoder(), NORMS.get(kind, "norm"), None)
    with pytest.raises(ModelError, match=r"the norm behind the last layer of a .* cannot be found"):
        lens_of(model, "some")


def test_a_model_without_its_layers_or_head_is_refused_by_name():
    model = tiny_model("llama", VOCABULARY)
    model.config.num_hidden_layers = 5
    with pytest.raises(ModelError, match="has 0 lists of its 5 layers"):
        lens_of(model, "some")
    model = tiny_model("llama", VOCABULARY)
    model.lm_head = torch.nn.Identity()
    with pytest.raises(ModelError, match="output projection of a LlamaForCausalLM cannot be found"):
        lens_of(model, "some")


def test_a_last_layer_that_is_not_what_the_model_gives_is_refused(models):
    """A class that does something more behind its norm, which nobody could see from its parts."""
    model = tiny_model("llama", VOCABULARY)
    project_in_float32(model, "more")
    body = model.get_decoder()
    inner = body.norm.forward
    calls = itertools.count()
    # The first call is that of the model's own pass.
    body.norm.forward = lambda hidden: inner(hidden) * (3.0 if next(calls) == 0 else 1.0)
    with pytest.raises(ModelError, match=r"more: --depth: final norm and head .* differ by .* nats"):
        LayerReader.beside(trie_reader(model, "more", BOUNDARY)).read(pack())


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_state_that_is_no_number_is_refused(value):
    model = tiny_model("llama", VOCABULARY)
    project_in_float32(model, "broken")
    body = model.get_decoder()
    inner = body.norm.forward
    calls = itertools.count()
    body.norm.forward = lambda hidden: inner(hidden) if next(calls) == 0 else inner(hidden) * value
    with pytest.raises(ModelError):
        LayerReader.beside(trie_reader(model, "broken", BOUNDARY)).read(pack())


def test_a_reader_without_a_model_has_no_layers():
    class Fake:
        def read(self, _pack):
            return ()

    with pytest.raises(TypeError, match="Fake has no layers"):
        LayerReader.beside(Fake())
