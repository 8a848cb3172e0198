"""Guards: one way to encode; only what stands in front is added; and which tokens end a word."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from reference import boundary_of
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from probe.errors import ModelError
from probe.prompts.tokenizer import TextEncoder, context_limit, load_encoder

LARGE = ["olmo-2-dolma2", "qwen2.5-instruct", "smollm3", "phi-4", "gpt-oss", "deepseek-v3"]
REAL = [
    *("gpt2", "pythia", "qwen3", "mistral-v0.3-instruct", "phi-3-mini"),
    *(pytest.param(name, marks=pytest.mark.slow) for name in LARGE),
]


def test_nothing_is_added(fake):
    encoder = fake("ab", bos="<s>", eos="</s>")
    number = encoder.tokenizer.number
    assert encoder.encode(["abc", "x"]) == [(number("ab"), number("c")), (number("x"),)]
    assert encoder.encode([]) == []


def test_the_raw_prefix_is_what_stands_in_front(fake):
    assert fake(eos="</s>").raw_prefix == ()
    encoder = fake(bos="<s>", eos="</s>")
    assert encoder.raw_prefix == (encoder.tokenizer.number("<s>"),)


def test_a_tokenizer_that_contradicts_itself_is_refused(fake):
    encoder = fake()
    encoder.tokenizer._whole = lambda _, add: [1, 2] if add else [3]
    with pytest.raises(ModelError, match=r"fake: the tokenizer encodes 'x' as \[1, 2\] with special tokens"):
        _ = encoder.raw_prefix


def test_control_tokens_are_found_longest_first(fake):
    encoder = fake(bos="<s>", eos="<s>>")
    assert encoder.control_token_in("say <s>> now") == "<s>>"
    assert encoder.control_token_in("say <s> now") == "<s>"
    assert encoder.control_token_in("say s now") is None
    assert fake().control_token_in("anything at all") is None


def test_the_embedded_tokenizer(demo_folder):
    encoder = load_encoder(demo_folder, "demo")
    boundary = encoder.boundary_tokens()
    assert boundary.tolist() == boundary_of(encoder.tokenizer)
    for text in (".", "\n", " the"):
        assert boundary[encoder.encode([text])[0][0]], text
    assert boundary[encoder.tokenizer.eos_token_id]
    assert not boundary[encoder.encode(["1"])[0][0]]


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_boundaries_of_real_tokenizers(real_dir, name):
    encoder = load_encoder(real_dir / "tokenizers" / name, name)
    tokenizer, boundary = encoder.tokenizer, encoder.boundary_tokens()
    vocabulary = tokenizer.get_vocab()
    assert boundary.dtype == np.bool_
    assert boundary.shape == (len(tokenizer),)
    white = ("\u2581the", "\u2581", "<0x0A>") if "\u2581the" in vocabulary else ("\u0120the", "\u0120", "\u010a")
    expected = {**dict.fromkeys(("a", "ing", "A"), False), **dict.fromkeys((".", ",", ")", *white), True)}
    assert {piece: bool(boundary[vocabulary[piece]]) for piece in expected} == expected
    if tokenizer.eos_token_id is not None:
        assert boundary[tokenizer.eos_token_id]


@pytest.mark.real
@pytest.mark.parametrize("name", [*REAL[:2], pytest.param("qwen3", marks=pytest.mark.slow), *REAL[3:]])
def test_boundaries_are_those_behind_a_letter(real_dir, name):
    encoder = load_encoder(real_dir / "tokenizers" / name, name)
    texts = np.array(boundary_of(encoder.tokenizer))
    differ = np.flatnonzero(encoder.boundary_tokens() != texts)
    assert [encoder.tokenizer.convert_ids_to_tokens(int(i)) for i in differ] == []


@pytest.mark.parametrize(("template", "prefix"), [("<s> $A </s>", (1,)), ("$A </s>", ()), ("<s> <s> $A", (1, 1))])
def test_an_end_of_text_token_that_a_tokenizer_appends_is_no_part_of_a_prompt(template, prefix):
    backend = Tokenizer(models.WordLevel({"<unk>": 0, "<s>": 1, "</s>": 2, "x": 3, "y": 4}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(template, special_tokens=[("<s>", 1), ("</s>", 2)])
    encoder = TextEncoder(PreTrainedTokenizerFast(tokenizer_object=backend), "own")
    assert encoder.raw_prefix == prefix
    assert encoder.encode(["x y"]) == [(3, 4)]


@pytest.mark.real
def test_token_texts_keep_their_space(real_dir):
    encoder = load_encoder(real_dir / "tokenizers" / "mistral-v0.3-instruct", "mistral")
    assert [encoder.decode(token) for token in (1098, 29509)] == [" A", "A"]
    assert encoder.decode(10**6) == "<id 1000000>"


@pytest.mark.real
@pytest.mark.parametrize("name", ["phi-3-mini", "phi-4"])
def test_the_folder_is_loaded_whole(real_dir, tmp_path, name):
    """The class depends on config.json: without it white space behind control tokens is encoded otherwise."""
    folder = real_dir / "tokenizers" / name
    text = "<|user|>\nWhich? Answer:\n<|end|>\n<|assistant|>\n A" if name == "phi-3-mini" else "<|im_sep|>\n\n A"
    file = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert load_encoder(folder, name).encode([text]) == [tuple(file.encode(text, add_special_tokens=False).ids)]
    for path in folder.glob("tokenizer*.json"):
        shutil.copyfile(path, tmp_path / path.name)
    try:
        alone = load_encoder(tmp_path, name).encode([text])
    except ModelError:
        return
    assert name != "phi-3-mini" or alone != load_encoder(folder, name).encode([text])


def test_a_folder_without_a_tokenizer_is_refused(demo_folder, tmp_path):
    shutil.copy(demo_folder / "config.json", tmp_path)
    with pytest.raises(ModelError, match=r"bare: no usable tokenizer in its folder .* It needs tokenizer.json"):
        load_encoder(tmp_path, "bare")


def test_the_context_limit(tmp_path):
    assert limit_of(tmp_path, {"model_type": "llama", "max_position_embeddings": 77}) == 77
    assert limit_of(tmp_path, {"model_type": "gpt2", "n_positions": 33}) == 33
    assert limit_of(tmp_path, {"model_type": "mamba"}) is None
    with pytest.raises(ModelError, match=r"m: config.json cannot be used .* never runs code from a model's folder"):
        limit_of(tmp_path, {"model_type": "nothing-known"})


def limit_of(folder, config):
    (folder / "config.json").write_text(json.dumps(config))
    return context_limit(folder, "m")
