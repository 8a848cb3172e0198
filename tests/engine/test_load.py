"""Guards: only complete safetensors are loaded, in the dtype that was asked for; no code of a folder ever runs."""

from __future__ import annotations

import io
import json
import pickle
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_model

from probe.engine.load import load_model, loaded
from probe.engine.precision import Precision
from probe.errors import ModelError
from probe.prompts.tokenizer import context_limit


class Touch:
    """A pickle that leaves a trace when it is opened."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (self.trace,))


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "tiny"
    tiny_model("llama").save_pretrained(path)
    return path


@pytest.fixture(autouse=True)
def stdin_is_closed(monkeypatch):
    """Whoever asks on stdin fails."""

    class Closed(io.StringIO):
        def readline(self, *_):
            raise AssertionError("stdin was read")

        read = fileno = isatty = readline

    monkeypatch.setattr(sys, "stdin", Closed())
    monkeypatch.setattr("builtins.input", Closed().readline)


def test_what_was_loaded_is_told(folder):
    model = load_model(folder, "tiny", precision=Precision("auto"), device="cpu")
    assert (model.name, model.weights.dtype, model.weights.device) == ("tiny", "float32", "cpu")
    assert (model.weights.architecture, model.weights.attention) == ("LlamaForCausalLM", "sdpa")
    assert model.weights.parameters == sum(p.numel() for p in tiny_model("llama").parameters())
    assert not model.model.training
    assert torch.are_deterministic_algorithms_enabled()


def test_weights_are_those_of_the_files(folder):
    model = load_model(folder, "tiny", precision=Precision("auto"), device="cpu").model
    for name, weight in tiny_model("llama").state_dict().items():
        assert torch.equal(model.state_dict()[name], weight)


@pytest.mark.parametrize("stored", ["float32", "bfloat16"])
@pytest.mark.parametrize("asked", ["auto", "float32", "bfloat16", "float16"])
def test_dtype_is_read_back(tmp_path, stored, asked):
    tiny_model("llama").to(getattr(torch, stored)).save_pretrained(tmp_path / "m")
    model = load_model(tmp_path / "m", "m", precision=Precision(asked), device="cpu")
    assert model.weights.dtype == (stored if asked == "auto" else asked)
    with torch.no_grad():
        assert model.model(torch.tensor([[1, 2]])).logits.dtype == torch.float32


def test_a_pickle_is_refused_and_never_opened(folder, tmp_path):
    trace = tmp_path / "trace"
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Touch(trace)))
    with pytest.raises(ModelError, match=r"tiny: no \*\.safetensors.*pytorch_model\.bin.*convert them"):
        load_model(folder, "tiny", precision=Precision("auto"), device="cpu")
    assert not trace.exists()


def test_a_pickle_beside_safetensors_is_not_opened_either(folder, tmp_path):
    trace = tmp_path / "trace"
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Touch(trace)))
    load_model(folder, "tiny", precision=Precision("auto"), device="cpu")
    assert not trace.exists()


def test_a_pickle_is_not_opened_where_the_safetensors_hold_something_else(folder, tmp_path):
    trace = tmp_path / "trace"
    (folder / "model.safetensors").rename(folder / "adapter.safetensors")
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Touch(trace)))
    with pytest.raises(ModelError, match="tiny: the weights cannot be loaded"):
        load_model(folder, "tiny", precision=Precision("auto"), device="cpu")
    assert not trace.exists()


def test_the_trace_is_left_when_a_pickle_is_opened(tmp_path):
    pickle.loads(pickle.dumps(Touch(tmp_path / "trace")))
    assert (tmp_path / "trace").exists()


def test_a_folder_without_weights_is_refused(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="it holds no weights at all"):
        load_model(folder, "tiny", precision=Precision("auto"), device="cpu")


@pytest.mark.parametrize("model_type", ["strange", "llama"])
def test_code_of_the_folder_never_runs(folder, tmp_path, model_type):
    trace = tmp_path / "trace"
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "strange.Strange", "AutoModelForCausalLM": "strange.StrangeModel"}
    config["model_type"] = model_type
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "strange.py").write_text(f"from pathlib import Path\nPath({str(trace)!r}).touch()\n")
    if model_type == "llama":
        load_model(
            folder, "tiny", precision=Precision("auto"), device="cpu"
        )  # transformers knows the architecture without the code
    else:
        with pytest.raises(ModelError, match="never runs code"):
            load_model(folder, "tiny", precision=Precision("auto"), device="cpu")
        with pytest.raises(ModelError, match="never runs code"):
            context_limit(folder, "tiny")
    assert not trace.exists()


def rewrite(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("name", ["lm_head.weight", "model.layers.1.self_attn.o_proj.weight"])
def test_missing_weights_are_refused(folder, name):
    rewrite(folder, lambda weights: weights.pop(name))
    with pytest.raises(ModelError, match=rf"1 weights are missing or misshapen.*{name}"):
        load_model(folder, "tiny", precision=Precision("auto"), device="cpu")


def test_misshapen_weights_are_refused(folder):
    rewrite(folder, lambda weights: weights.update({"lm_head.weight": torch.zeros(9, 32)}))
    with pytest.raises(ModelError, match=r"1 weights are missing or misshapen.*the first is lm_head\.weight;"):
        load_model(folder, "tiny", precision=Precision("auto"), device="cpu")


def test_tensors_that_no_class_takes_are_refused_before_any_weights_are_read(folder, monkeypatch):
    rewrite(folder, lambda held: held.update({"score.weight": torch.zeros(1, 32)}))
    monkeypatch.setattr("probe.engine.load.weight_source", lambda *_: pytest.fail("weights were read"))
    with pytest.raises(ModelError, match=r"a reward model, no language model: score\.weight"):
        load_model(folder, "tiny", precision=Precision("auto"), device="cpu")


def test_damaged_weights_are_refused(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"tiny: model\.safetensors is not a whole safetensors file"):
        load_model(folder, "tiny", precision=Precision("auto"), device="cpu")


def test_a_model_is_given_back(folder):
    with loaded(folder, "tiny", precision=Precision("auto"), device="cpu") as model:
        assert model.name == "tiny"


def test_the_context_limit_is_that_of_the_config(folder):
    assert context_limit(folder, "tiny") == 1024


def test_reduced_precision_is_off(folder):
    """torch's own defaults let a matrix product on a GPU round its sums to 16 bits, or its factors to 10."""
    switches = [
        (torch.backends.cuda.matmul, "allow_tf32"),
        (torch.backends.cuda.matmul, "allow_bf16_reduced_precision_reduction"),
        (torch.backends.cuda.matmul, "allow_fp16_reduced_precision_reduction"),
        (torch.backends.cudnn, "allow_tf32"),
        (torch.backends.cudnn, "benchmark"),
    ]
    for place, name in switches:
        setattr(place, name, True)
    load_model(folder, "tiny", precision=Precision("auto"), device="cpu")
    assert [name for place, name in switches if getattr(place, name)] == []


def test_the_attention_is_read_back(folder, monkeypatch):
    monkeypatch.setattr("probe.engine.load.ATTENTIONS", ("another",))
    with pytest.raises(ModelError, match="was loaded with the attention"):
        load_model(folder, "tiny", precision=Precision("auto"), device="cpu")
