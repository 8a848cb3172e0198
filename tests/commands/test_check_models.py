"""Guards: what the files say is derived right, every difference is a finding, what is not here is said to be so."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
from tiny import tiny_config

from probe.cli import main
from probe.commands.check_models import check_models
from probe.commands.folder_facts import folder_facts

COMMIT = "0123456789abcdef0123456789abcdef01234567"
VOCABULARY = 211


def config_folder(path: Path, kind: str, **changes: object) -> Path:
    tiny_config(kind, VOCABULARY, changes).save_pretrained(path)
    return path


def counted(kind: str, **changes: object) -> transformers.PreTrainedModel:
    return transformers.AutoModelForCausalLM.from_config(tiny_config(kind, VOCABULARY, changes))


@pytest.mark.parametrize("tied", [True, False])
def test_sizes_of_a_dense_model(tmp_path, tied):
    facts = folder_facts(config_folder(tmp_path, "llama", tie_word_embeddings=tied, dtype="bfloat16"))
    model = counted("llama", tie_word_embeddings=tied)
    inner = sum(p.numel() for n, p in model.named_parameters() if "_proj" in n)
    assert facts.params_b * 1e9 == pytest.approx(sum(p.numel() for p in model.parameters()))
    assert facts.unquantised_b * 1e9 == pytest.approx(facts.params_b * 1e9 - inner)
    assert (facts.architecture, facts.context, facts.dtype) == ("LlamaForCausalLM", 1024, "bfloat16")
    assert (facts.mixture, facts.active_b, facts.gaps) == (False, None, ())


@pytest.mark.parametrize("kind", ["qwen3_moe", "gpt_oss"])
def test_sizes_of_a_mixture(tmp_path, kind):
    facts = folder_facts(config_folder(tmp_path, kind))
    model = counted(kind)
    experts = sum(p.numel() for n, p in model.named_parameters() if ".experts." in n)
    total = sum(p.numel() for p in model.parameters())
    assert facts.mixture
    assert facts.active_b * 1e9 == pytest.approx(total - experts / 2)
    assert facts.unquantised_b * 1e9 > experts


def test_the_dtype_is_that_of_most_weights(tiny_model_folder, tmp_path, demo_folder):
    from safetensors.torch import save_file

    config_folder(tmp_path, "llama", dtype="bfloat16")
    save_file({"a": torch.zeros(9, dtype=torch.float16), "b": torch.zeros(3)}, tmp_path / "model.safetensors")
    assert folder_facts(tmp_path).dtype == "float16"
    save_file({"c": torch.zeros(99, dtype=torch.float8_e4m3fn)}, tmp_path / "more.safetensors")
    assert folder_facts(tmp_path).dtype == "F8_E4M3"


def test_what_cannot_be_derived_is_a_gap(tmp_path):
    config_folder(tmp_path, "llama")
    (tmp_path / "model.safetensors").write_bytes(b"\x05\0\0\0\0\0\0\0nope!")
    facts = folder_facts(tmp_path)
    assert facts.dtype is None
    assert [gap.partition(":")[0] for gap in facts.gaps] == ["dtype"]
    assert facts.params_b is not None
    (tmp_path / "config.json").write_text('{"model_type": "no-such-thing"}')
    assert folder_facts(tmp_path).gaps[0].startswith("everything in config.json: ")


def entry(hub: str = "hub: org/name", kind: str = "instruct", more: str = "") -> str:
    return f"models:\n- id: m\n  {hub}\n  family: f\n  kind: {kind}\n  licence: Apache-2.0\n{more}"


@pytest.fixture
def write(tmp_path):
    def to_file(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


def facts_of(demo_folder: Path) -> str:
    facts = folder_facts(demo_folder)
    return f"  context: {facts.context}\n  dtype: {facts.dtype}\n  params_b: {facts.params_b:.3g}\n"


def test_an_entry_that_agrees(write, cache, demo_folder):
    place = cache("org/name", demo_folder)
    checked = check_models(["m"], write(entry(more=facts_of(demo_folder))), offline=True)
    (one,) = checked.models
    assert one.findings == []
    assert (one.folder, one.commit) == ("the hub's cache", place.name)
    assert {fact.name: fact.outcome for fact in one.facts} == {
        "context": "agrees",
        "dtype": "agrees",
        "params_b": "agrees",
        "unquantised_b": "not stated",
    }
    assert one.template["system"] in ("native", "folded", "rejected", "dropped")
    assert one.unchecked == ["licence, gated, revision: only the hub knows"]
    assert "--offline" in checked.hub


@pytest.mark.parametrize(
    ("stated", "outcome"), [(10.4, "agrees"), (9.6, "agrees"), (10.6, "differs"), (9.4, "differs")]
)
def test_numbers_of_parameters_agree_within(write, cache, demo_folder, monkeypatch, stated, outcome):
    """5 %, of a model of 10 billion."""
    facts = replace(folder_facts(demo_folder), params_b=10.0)
    monkeypatch.setattr("probe.commands.check_models.folder_facts", lambda _: facts)
    cache("org/name", demo_folder)
    (one,) = check_models(["m"], write(entry(more=f"  params_b: {stated}\n")), offline=True).models
    assert {fact.name: fact.outcome for fact in one.facts}["params_b"] == outcome


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("  context: 77\n", "context: the entry says 77, found "),
        ("  dtype: float16\n", "dtype: the entry says float16, found float32. Mend the entry."),
        ("  params_b: 77\n", "params_b: the entry says 77.0, found 0.0"),
        ("  params_b: 77\n  active_b: 3\n", "active_b: is stated, and the model is no mixture of experts"),
        ("  template: {keywords: {deep: true}}\n", "template: m: the chat template does not read the keyword 'deep'"),
        ("  template: {append: '<think>'}\n", "ends inside an unclosed <think>"),
    ],
)
def test_differences_are_findings(write, cache, demo_folder, capsys, more, words):
    cache("org/name", demo_folder)
    path = write(entry(more=more))
    assert main(["models", "check", "m", "--models", str(path), "--offline"]) == 1
    out = capsys.readouterr().out
    assert f"  finding: {words.partition(' ends')[0]}" in out or words in out


def test_kinds_are_held_against_the_template(write, cache, demo_folder, tmp_path):
    cache("org/name", demo_folder)
    (one,) = check_models(["m"], write(entry(kind="reasoning")), offline=True).models
    assert one.findings == ["kind: the entry says reasoning, and the template knows no thoughts. Write instruct."]
    bare = tmp_path / "bare"
    shutil.copytree(demo_folder, bare)
    for path in [bare / "chat_template.jinja", bare / "tokenizer_config.json"]:
        if path.suffix == ".json":
            content = json.loads(path.read_text())
            content.pop("chat_template", None)
            path.write_text(json.dumps(content))
        else:
            path.unlink(missing_ok=True)
    path = write(entry("path: bare"))
    (one,) = check_models(["m"], path, offline=True).models
    assert one.findings == ["kind: the entry says instruct, and there is no chat template. Write base."]
    (one,) = check_models(["m"], write(entry("path: bare", kind="base")), offline=True).models
    assert (one.findings, one.template, one.folder, one.commit) == ([], None, "bare", None)


def test_a_mixture_is_not_shrunk(write, tmp_path):
    config_folder(tmp_path / "moe", "qwen3_moe")
    (one,) = check_models(["m"], write(entry("path: moe", more="  quant: [none, nf4]\n")), offline=True).models
    assert any(finding.startswith("quant: [none, nf4], and bitsandbytes does not") for finding in one.findings)
    (one,) = check_models(["m"], write(entry("path: moe", more="  quant: [none]\n")), offline=True).models
    assert not any(finding.startswith("quant") for finding in one.findings)


def test_what_is_not_here_is_told_and_no_finding(write, cache, demo_folder, capsys):
    cache("org/other", demo_folder)
    path = write(entry(more="  context: 77\n"))
    assert main(["models", "check", "m", "--models", str(path), "--offline", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    (one,) = content["models"]
    assert (one["folder"], one["facts"], one["findings"]) == (None, [], [])
    assert one["unchecked"][0] == "context, dtype, sizes, template: its files are not here"
    assert main(["models", "check", "m", "--models", str(path), "--offline"]) == 0
    assert "fetches them: m" in capsys.readouterr().out


def test_another_commit_than_the_pinned_is_not_taken_for_it(write, cache, demo_folder):
    cache("org/name", demo_folder)
    (one,) = check_models(["m"], write(entry(more=f"  revision: {COMMIT[::-1]}\n")), offline=True).models
    assert one.folder is None
    (one,) = check_models(["m"], write(entry(more=f"  revision: {COMMIT}\n")), offline=True).models
    assert one.commit == COMMIT


def test_a_folder_that_is_gone_is_a_finding(write, cache):
    (one,) = check_models(["m"], write(entry("path: gone")), offline=True).models
    assert one.findings == ["path: gone holds no config.json. Mend the path, or complete the folder."]


def test_the_hub_is_asked_for_what_only_it_knows(write, cache, hub):
    hub.gated = "auto"
    path = write(entry(more=f"  gated: false\n  revision: {COMMIT}\n"))
    (one,) = check_models(["m"], path, offline=False).models
    assert one.findings == ["gated: the entry says false, found true. Mend the entry."]
    assert {fact.name: fact.outcome for fact in one.facts} == {
        "gated": "differs",
        "licence": "agrees",
        "revision": "agrees",
    }
    assert hub.asked == [("org/name", COMMIT)]
    hub.licence = "mit"
    assert check_models(["m"], path, offline=False).findings == 2


def test_the_hub_is_not_asked_again_when_it_is_out_of_reach(write, cache, hub, hub_error, capsys):
    hub.error = hub_error("connect")
    path = write(entry() + entry().partition("\n")[2].replace("id: m", "id: n").replace("org/name", "org/other"))
    assert main(["models", "check", "m", "n", "--models", str(path)]) == 0
    out = capsys.readouterr().out
    assert "the hub was not asked: m: the hub could not be reached" in out
    assert len(hub.asked) == 1


def test_a_model_that_the_hub_does_not_have_is_a_finding(write, cache, hub, hub_error):
    hub.error = hub_error("RepositoryNotFoundError")
    assert check_models(["m"], write(entry()), offline=False).findings == 1


def test_the_embedded_model_agrees_with_its_entry(cache, capsys):
    assert main(["models", "check", "demo", "--offline"]) == 0
    assert "demo: " in capsys.readouterr().out
    assert main(["models", "check", "someone/unlisted", "--offline"]) == 2
