"""Guards: a tokenizer encodes as the folder's own file says, or the folder is refused."""

from __future__ import annotations

import hashlib
import shutil

import pytest
from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from probe.errors import ModelError
from probe.prompts.tokenizer import load_encoder
from probe.prompts.tokenizer_file import COMPARED, as_in_its_file

TEXTS = ["In 2025, 1250 of 3400.", "a\n\n   b  c", "caf\u00e9 \u8336", "[INST] x [/INST]", "A.", "end   of it"]


def fast(pieces, **options):
    backend = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", **options)


def test_what_agrees_with_its_file_is_left_as_it_is(tmp_path):
    own = fast(["[UNK]", "a", "b"])
    own.backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert as_in_its_file(own, tmp_path, "own") is own
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    assert as_in_its_file(own, tmp_path, "own") is own


def test_what_differs_is_loaded_from_its_file_with_the_template_kept(tmp_path):
    fast(["[UNK]", "a", "b"]).backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    rebuilt = fast(["[UNK]", "b", "a"])
    rebuilt.chat_template = "{{ messages }}"
    found = as_in_its_file(rebuilt, tmp_path, "own")
    assert found("ab", add_special_tokens=False)["input_ids"] == [1, 2]
    assert found.chat_template == "{{ messages }}"


def test_the_tokenizer_of_a_model_is_compared_unless_the_very_file_was(tmp_path, monkeypatch):
    fast(["[UNK]", "a", "b"]).backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    rebuilt = fast(["[UNK]", "b", "a"])
    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", lambda *_, **__: rebuilt)
    digest = hashlib.sha256((tmp_path / "tokenizer.json").read_bytes()).hexdigest()
    found = [load_encoder(tmp_path, "own").encode(["ab"])]
    for compared in ("0" * 64, digest):
        (tmp_path / COMPARED).write_text(compared)
        found.append(load_encoder(tmp_path, "own").encode(["ab"]))
    assert found == [[(1, 2)], [(1, 2)], [(2, 1)]]


def test_a_damaged_file_is_refused(tmp_path):
    for name in ("tokenizer.model", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{")
        with pytest.raises(ModelError, match=r"own: its tokenizer file cannot be read .* Get it again"):
            as_in_its_file(fast(["[UNK]"]), tmp_path, "own")


def test_what_cannot_be_made_from_its_file_is_refused(tmp_path, monkeypatch):
    fast(["[UNK]", "a", "b"]).backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    monkeypatch.setattr("probe.prompts.tokenizer_file._from_file", lambda _: None)
    with pytest.raises(ModelError, match=r"own: the tokenizer that transformers builds .* otherwise than .*json"):
        as_in_its_file(fast(["[UNK]", "b", "a"]), tmp_path, "own")


@pytest.mark.real
@pytest.mark.parametrize("settings", [True, False])
def test_a_sentencepiece_model_alone_is_read_as_its_own_library_reads_it(real_dir, tmp_path, settings):
    source = real_dir / "tokenizers" / "mistral-v0.3-instruct"
    for name in ("config.json", "tokenizer.model", *(["tokenizer_config.json"] if settings else [])):
        shutil.copy(source / name, tmp_path / name)
    encoder = load_encoder(tmp_path, "own")
    pieces = SentencePieceProcessor(model_file=str(source / "tokenizer.model"))
    published = Tokenizer.from_file(str(source / "tokenizer.json"))
    for text, ids in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        assert list(ids) == published.encode(text, add_special_tokens=False).ids
        assert "INST" in text or list(ids) == pieces.encode(text)
    assert (encoder.tokenizer.bos_token, encoder.tokenizer.eos_token) == ("<s>", "</s>")
    assert encoder.raw_prefix == ((1,) if settings else ())
