"""A LoRA folder is read as its base with the adapter merged in, or refused in one true sentence."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import write_model_folder

from probe.cli import main
from probe.design.models import ModelSpec, resolve_model
from probe.engine.load import load_model
from probe.engine.plain import next_token_logprobs
from probe.engine.precision import Precision
from probe.errors import EnvironmentFault, InputError, ModelError
from probe.study.adapted import merging_versions
from probe.study.job import Job
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.study.sources import refuse_unreadable, resolve_source

peft = pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`")

PREFIX = "base_model.model.model.layers.{}.self_attn.{}."
RANK, ALPHA = 3, 5
IDS = (5, 17, 99, 3, 42, 8)


@pytest.fixture(scope="module")
def base(tmp_path_factory, demo_folder):
    return write_model_folder(tmp_path_factory.mktemp("models") / "base", "llama", demo_folder, "float32", {})


def tensors(shapes=((32, 32), (16, 32)), layers=2, rank=RANK):
    drawn = torch.Generator().manual_seed(0)
    found = {}
    for layer in range(layers):
        for module, (outputs, inputs) in zip(("q_proj", "v_proj"), shapes, strict=True):
            name = PREFIX.format(layer, module)
            found[f"{name}lora_A.weight"] = torch.randn(rank, inputs, generator=drawn)
            found[f"{name}lora_B.weight"] = torch.randn(outputs, rank, generator=drawn) * 0.3
    return found


def adapter(folder, base, weights=None, **said):
    folder.mkdir()
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": str(base), "r": RANK}
    config |= {"lora_alpha": ALPHA, "target_modules": ["q_proj", "v_proj"], "inference_mode": True, **said}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file(tensors() if weights is None else weights, folder / "adapter_model.safetensors")
    return folder


def found(folder, base=None):
    return resolve_source(
        ModelSpec("tuned", folder, None, None), None, offline=True, base=base and resolve_model(str(base), {})
    )


def load(folder, dtype="auto", base=None):
    source = found(folder, base)
    refuse_unreadable(source)
    return load_model(source.snapshot.folder, "tuned", precision=Precision(dtype), device="cpu")


def weight_of(model, layer, module):
    return next(
        one for name, one in model.named_parameters() if name.endswith(f"layers.{layer}.self_attn.{module}.weight")
    )


def test_merged_weights_are_the_float64_product_rounded_once(tmp_path, base):
    model = load(adapter(tmp_path / "a", base)).model
    stored, added = load_file(base / "model.safetensors"), tensors()
    for layer in range(2):
        for module in ("q_proj", "v_proj"):
            name = PREFIX.format(layer, module)
            a, b = (added[f"{name}lora_{one}.weight"].double().numpy() for one in "AB")
            right = stored[f"model.layers.{layer}.self_attn.{module}.weight"].double().numpy() + ALPHA / RANK * (b @ a)
            assert torch.equal(weight_of(model, layer, module), torch.from_numpy(right).float())
        kept = weight_of(model, layer, "o_proj")
        assert torch.equal(kept, stored[f"model.layers.{layer}.self_attn.o_proj.weight"])


@pytest.mark.parametrize(
    "said",
    [{}, {"use_rslora": True}, {"alpha_pattern": {"q_proj": 11}}, {"layers_to_transform": [0]}, {"use_dora": True}],
    ids=str,
)
def test_readings_are_those_of_peft_unmerged_in_float64(tmp_path, base, said):
    from transformers import AutoModelForCausalLM

    layers = 1 if "layers_to_transform" in said else 2
    weights = tensors(layers=layers)
    if "use_dora" in said:
        for name in [one.removesuffix("lora_B.weight") for one in weights if one.endswith("lora_B.weight")]:
            outputs = weights[f"{name}lora_B.weight"].shape[0]
            weights[f"{name}lora_magnitude_vector"] = torch.linspace(1, 2, outputs)
    folder = adapter(tmp_path / "a", base, weights, **said)
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    unmerged = peft.PeftModel.from_pretrained(plain, str(folder)).double().eval()
    with torch.no_grad():
        right = unmerged(torch.tensor([IDS])).logits[0, -1].log_softmax(0)
    read = next_token_logprobs(load(folder).model, IDS)
    assert (read - right).abs().max() < 1e-4
    bare = next_token_logprobs(load_model(base, "b", precision=Precision(), device="cpu").model, IDS)
    assert (bare - right).abs().max() > 0.1


def test_modules_of_which_the_file_holds_nothing_are_the_base_s(tmp_path, base):
    folder = adapter(tmp_path / "a", base, tensors(layers=1), init_lora_weights=False)
    stored = load_file(base / "model.safetensors")["model.layers.1.self_attn.q_proj.weight"]
    assert torch.equal(weight_of(load(folder).model, 1, "q_proj"), stored)


def test_auto_rounds_to_the_base_s_dtype(tmp_path, demo_folder):
    base = write_model_folder(tmp_path / "half", "llama", demo_folder, "bfloat16", {})
    folder = adapter(tmp_path / "a", base)
    wide = weight_of(load(folder, "float32").model, 0, "q_proj")
    model = load(folder)
    assert model.weights.dtype == "bfloat16"
    assert torch.equal(weight_of(model.model, 0, "q_proj"), wide.bfloat16())
    assert not torch.equal(wide, wide.bfloat16().float())


def test_base_is_found_beside_the_adapter_and_by_option(tmp_path, base):
    shutil.copytree(base, tmp_path / "near")
    beside = found(adapter(tmp_path / "a", "../near"))
    asked = found(adapter(tmp_path / "b", "gone/away"), base)
    assert beside.snapshot.files["base/model.safetensors"] == asked.snapshot.files["base/model.safetensors"]
    with pytest.raises(EnvironmentFault, match="tuned: its base gone/away: gone/away is not in the hub's cache"):
        found(tmp_path / "b")
    with pytest.raises(ModelError, match=r"names the base '', which is no folder here and no hub id\. Give the base"):
        found(adapter(tmp_path / "c", ""))


def test_a_base_on_the_hub_is_taken_at_its_revision(tmp_path, base, monkeypatch):
    from probe.engine.snapshot import identify

    asked = []

    def fetched(hub_id, name, revision, **_):
        asked.append((hub_id, revision))
        return identify(base, name, "c" * 40)

    monkeypatch.setattr("probe.study.sources.fetch_snapshot", fetched)
    source = found(adapter(tmp_path / "a", "org/base", revision="v2"))
    assert asked == [("org/base", "v2")]
    assert source.snapshot.revision == "c" * 40


def test_a_base_in_the_hub_s_cache_is_found_offline(tmp_path, base, monkeypatch):
    commit = "0123456789abcdef" * 2 + "01234567"
    kept = tmp_path / "hub" / "models--someone--base"
    shutil.copytree(base, kept / "snapshots" / commit)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    source = found(adapter(tmp_path / "a", "someone/base"))
    assert source.snapshot.revision == commit
    named = found(adapter(tmp_path / "b", "gone/away"), "someone/base")
    near = found(adapter(tmp_path / "c", base))
    assert near.snapshot.files["base/model.safetensors"] == named.snapshot.files["base/model.safetensors"]
    assert source.snapshot.files["base/model.safetensors"] == named.snapshot.files["base/model.safetensors"]
    merged = load_model(source.snapshot.folder, "tuned", precision=Precision(), device="cpu").model
    assert torch.equal(weight_of(merged, 0, "q_proj"), weight_of(load(tmp_path / "c").model, 0, "q_proj"))


def test_the_version_of_peft_is_in_the_key_of_what_was_merged(tmp_path, base, monkeypatch):
    merged = found(adapter(tmp_path / "a", base)).snapshot.folder
    before = merging_versions(merged)
    assert before == {"peft": peft.__version__}
    assert merging_versions(base) == {}

    def key(folder):
        return Job(folder, "m", "identity", Precision(), "cpu", "auto", None, 1, None, (), None).key

    keys = [key(merged), key(base)]
    monkeypatch.setattr("probe.study.adapted.library_version", lambda _: "another")
    assert key(merged) != keys[0]
    assert key(base) == keys[1]


def test_both_are_in_the_identity(tmp_path, base):
    first = found(adapter(tmp_path / "a", base)).snapshot
    other = tensors()
    next(iter(other.values()))[0, 0] += 1
    second = found(adapter(tmp_path / "b", base, other)).snapshot
    shutil.copytree(base, tmp_path / "base2")
    config = json.loads((base / "config.json").read_text()) | {"rms_norm_eps": 1e-3}
    (tmp_path / "base2" / "config.json").write_text(json.dumps(config))
    third = found(tmp_path / "a", tmp_path / "base2").snapshot
    assert len({first.identity, second.identity, third.identity}) == 3
    assert {"adapter/adapter_config.json", "adapter/adapter_model.safetensors", "base/config.json"} <= set(first.files)
    assert found(tmp_path / "a").snapshot.folder == first.folder


def test_tokenizer_and_template_are_the_adapter_s_where_it_has_them(tmp_path, base):
    assert (found(adapter(tmp_path / "a", base)).snapshot.folder / "tokenizer.json").read_bytes() == (
        base / "tokenizer.json"
    ).read_bytes()
    folder = adapter(tmp_path / "b", base)
    own = json.loads((base / "tokenizer.json").read_text()) | {"padding": None, "truncation": None}
    (folder / "tokenizer.json").write_text(json.dumps(own, indent=3))
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}!")
    made = found(folder).snapshot
    assert (made.folder / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()
    assert (made.folder / "chat_template.jinja").read_text() == "{{ messages[0].content }}!"
    assert "adapter/chat_template.jinja" in made.files
    (folder / "tokenizer.json").unlink()
    (folder / "chat_template.jinja").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages[0].content }}?"}))
    made = found(folder).snapshot
    assert (made.folder / "chat_template.jinja").read_text() == "{{ messages[0].content }}?"
    assert (made.folder / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"peft_type": "PROMPT_TUNING"}, "puts trained vectors among the prompt's tokens"),
        ({"peft_type": "IA3"}, "of the kind IA3, and probe merges LoRA"),
        ({"task_type": "SEQ_CLS"}, "was trained for SEQ_CLS"),
        ({"modules_to_save": ["lm_head"]}, "asks for modules_to_save"),
        ({"trainable_token_indices": [1]}, "asks for trainable_token_indices"),
        ({"layer_replication": [[0, 2], [1, 2]]}, "asks for layer_replication"),
        ({"new_idea": 1}, "asks for new_idea"),
        ({"bias": "all"}, "asks for bias: all"),
        ({"init_lora_weights": "pissa"}, "asks for init_lora_weights: pissa"),
        ({"target_modules": ["nowhere"]}, "cannot be put on its base"),
        ({"r": 4}, r"has the shape \(3, 32\), and the base takes \(4, 32\)"),
        ({"target_modules": ["q_proj"]}, "v_proj.lora_A.weight .*does not take it|does not fit its base"),
    ],
    ids=str,
)
def test_what_cannot_be_merged_right_is_refused_before_weights(tmp_path, base, monkeypatch, said, told):
    monkeypatch.setattr("safetensors.safe_open", None)
    with pytest.raises(ModelError, match=told):
        refuse_unreadable(found(adapter(tmp_path / "a", base, **said)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda held: held.pop(PREFIX.format(1, "q_proj") + "lora_B.weight"), "it lacks .*1.self_attn.q_proj.lora_B"),
        (lambda held: held.update({"base_model.model.lm_head.weight": torch.ones(2, 2)}), "does not fit its base"),
        (lambda held: held.clear(), "holds no tensors"),
    ],
)
def test_every_tensor_of_the_adapter_is_used(tmp_path, base, change, told):
    weights = tensors()
    change(weights)
    with pytest.raises(ModelError, match=told):
        refuse_unreadable(found(adapter(tmp_path / "a", base, weights)))


def test_a_base_of_another_shape_is_refused_and_the_right_one_is_read(tmp_path, base, demo_folder):
    other = write_model_folder(tmp_path / "wide", "llama", demo_folder, "float32", {"hidden_size": 64})
    folder = adapter(tmp_path / "a", other)
    with pytest.raises(ModelError, match="Give the base that it was trained on with --base"):
        refuse_unreadable(found(folder))
    load(folder, base=base)


def test_a_shared_embedding_is_not_changed_through_the_projection(tmp_path, demo_folder):
    base = write_model_folder(tmp_path / "tied", "llama", demo_folder, "float32", {"tie_word_embeddings": True})
    rows = json.loads((base / "config.json").read_text())["vocab_size"]
    weights = {"base_model.model.lm_head.lora_A.weight": torch.ones(RANK, 32)}
    weights["base_model.model.lm_head.lora_B.weight"] = torch.ones(rows, RANK)
    folder = adapter(tmp_path / "a", base, weights, target_modules=["lm_head"])
    with pytest.raises(ModelError, match="changes the output projection, which its base shares"):
        refuse_unreadable(found(folder))
    untied = tmp_path / "untied"
    shutil.copytree(base, untied)
    config = json.loads((base / "config.json").read_text()) | {"tie_word_embeddings": False}
    (untied / "config.json").write_text(json.dumps(config))
    held = load_file(base / "model.safetensors")
    held["lm_head.weight"] = held["model.embed_tokens.weight"].clone()
    save_file(held, untied / "model.safetensors", {"format": "pt"})
    model = load(folder, base=untied).model
    names = dict(model.named_parameters())
    embedding = next(one for name, one in names.items() if name.endswith("embed_tokens.weight"))
    head = next(one for name, one in names.items() if name.endswith("lm_head.weight"))
    assert torch.equal(embedding, held["model.embed_tokens.weight"])
    assert (head - embedding - ALPHA).abs().max() < 1e-5


def test_a_quantised_base_is_refused_and_the_remedy_works(tmp_path, base):
    stored = tmp_path / "stored"
    shutil.copytree(base, stored)
    config = json.loads((base / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (stored / "config.json").write_text(json.dumps(config))
    folder = adapter(tmp_path / "a", stored)
    with pytest.raises(ModelError, match=r"its base stored is stored quantised.*unquantised with --base"):
        found(folder)
    load(folder, base=base)


def test_quantising_an_adapter_is_refused(tmp_path, base):
    folder = adapter(tmp_path / "a", base)
    with pytest.raises(ModelError, match="--quant nf4 takes its weights from files"):
        resolve(Request(models=(str(folder),), quant="nf4", offline=True))
    with pytest.raises(ModelError, match="--quant nf4 takes its weights from files"):
        load_model(found(folder).snapshot.folder, "m", precision=Precision(quant="nf4"), device="cpu")


def test_a_base_without_an_adapter_is_refused():
    with pytest.raises(InputError, match=r"--base: .* no adapter was named"):
        resolve(Request(base="demo"))


def test_an_adapter_beside_weights_is_refused(tmp_path, base):
    shutil.copytree(base, tmp_path / "both")
    shutil.copy(adapter(tmp_path / "a", base) / "adapter_config.json", tmp_path / "both")
    with pytest.raises(ModelError, match=r"holds an adapter \(adapter_config.json\) beside weights"):
        refuse_unreadable(found(tmp_path / "both"))


def test_without_the_extra_the_command_is_told(tmp_path, base, monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(EnvironmentFault, match=r"peft is not installed. Run: pip install 'probe\[adapter\]'"):
        found(adapter(tmp_path / "a", base))


def test_pickled_and_damaged_adapters_are_refused(tmp_path, base):
    folder = adapter(tmp_path / "a", base)
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        refuse_unreadable(found(folder))
    path.rename(folder / "adapter_model.bin")
    with pytest.raises(ModelError, match=r"pickles .* are never opened"):
        found(folder)
    (folder / "adapter_config.json").write_text("{")
    with pytest.raises(ModelError, match=r"adapter_config\.json is damaged"):
        found(folder)


def test_the_remedy_of_merging_with_peft_works(tmp_path, base):
    from transformers import AutoModelForCausalLM

    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = peft.LoraConfig(r=2, target_modules=["q_proj"], modules_to_save=["lm_head"], task_type="CAUSAL_LM")
    peft.get_peft_model(plain, config).save_pretrained(str(tmp_path / "a"))
    with pytest.raises(ModelError, match="asks for modules_to_save") as told:
        found(tmp_path / "a")
    command = str(told.value).split("`")[1].replace("FOLDER", repr(str(tmp_path / "a")))
    command = command.replace("NEW", repr(str(tmp_path / "new")))
    subprocess.run([sys.executable, "-c", f"from peft import *; {command}"], check=True, capture_output=True)
    shutil.copy(base / "tokenizer.json", tmp_path / "new")
    load_model(tmp_path / "new", "new", precision=Precision(), device="cpu")


def test_a_run_says_what_was_merged(tmp_path, base, capsys):
    folder = adapter(tmp_path / "tuned", base)
    out = tmp_path / "run"
    told = ["--suite", "demo", "--design", "quick", "--limit", "1", "--verbose"]
    assert main(["run", str(folder), *told, "--out", str(out), "--device", "cpu"]) == 0
    record = json.loads((out / "manifest.json").read_text())["models"]["tuned"]
    assert record["quantisation"] == {"adapter": "LoRA r=3 alpha=5 on base"}
    assert "an adapter merged in: LoRA r=3 alpha=5 on base" in " ".join(capsys.readouterr().out.split())
    assert "an adapter merged in: LoRA r=3 alpha=5 on base" in (out / "report.html").read_text()
    found = json.loads((out / "results.json").read_text())["models"]["tuned"]
    assert found["condition"]["adapter"] == "LoRA r=3 alpha=5 on base"
    assert main(["models", "check", str(folder), "--offline"]) == 0
    assert main(["verify", str(out), "--packs", "1", "--model", f"tuned={folder}"]) == 0


def test_every_verb_that_takes_a_model_takes_its_base(tmp_path, base, capsys):
    folder = str(adapter(tmp_path / "tuned", "gone/away"))
    asked = ["show", folder, "--item", "gift/always-tell", "--no-weights", "--offline"]
    for words in (asked, ["check", folder, "--offline"], ["models", "check", folder, "--offline"]):
        assert main(words) == 3
        assert "its base gone/away" in capsys.readouterr().err
        assert main([*words, "--base", str(base)]) == 0
    out = tmp_path / "run"
    told = ["run", folder, "--suite", "gift", "--design", "quick", "--limit", "1", "--device", "cpu"]
    assert main([*told, "--base", str(base), "--out", str(out)]) == 0
    capsys.readouterr()
    again = ["verify", str(out), "--packs", "1", "--offline", "--model", f"tuned={folder}"]
    assert main(again) == 4
    assert main([*again, "--base", str(base)]) == 0
    assert "every byte equal" in capsys.readouterr().out
