"""Tokenizers of unusual kinds, made in a second, and chat templates that ask for trouble. No published one is like them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

__all__ = ["TOKENIZERS", "make_tokenizer"]

CONTROL = ["<BOT>", "<EOT>", "<|u|>", "<|a|>", "<|s|>", "<|m|>", "<think>", "</think>"]
TEXT = Path(__file__).resolve().parents[2].joinpath("tests/data/short.yaml").read_text(encoding="utf-8")
TEXT += "\nAnswer: A\nAnswer: B\nMy choice: 1\nMy choice: 2\n" + "".join(map(chr, range(33, 127)))
SPACE = "\u2581"


def byte_bpe(*, prefix_space: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=CONTROL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    return tokenizer


def bare_bytes() -> Tokenizer:
    """A byte is a token: every character beyond ASCII is split."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=264, special_tokens=CONTROL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    return tokenizer


def colon_bpe() -> Tokenizer:
    """Splits at white space alone, so that 'Answer:A' is one word and the colon merges with what follows."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"\s?\S+"), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=CONTROL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([TEXT + " x:A x:B x:1 x:2" * 400], trainer)
    return tokenizer


def metaspace_bpe(scheme: str) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme=scheme)
    special = ["<unk>", *CONTROL]
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=special, show_progress=False, max_token_length=6)
    tokenizer.train_from_iterator(TEXT.splitlines(keepends=True), trainer)
    return tokenizer


def dummy_prefix() -> Tokenizer:
    """A sentence piece model of old: a space is written before every text, bytes where a character is not known."""
    pieces = ["<unk>", *CONTROL, *(f"<0x{n:02X}>" for n in range(256)), SPACE]
    pieces += [chr(n) for n in range(33, 127)] + [SPACE + chr(n) for n in range(65, 91)]
    vocabulary = {piece: n for n, piece in enumerate(pieces)}
    merges = [(SPACE, chr(n)) for n in range(65, 91)]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens(CONTROL)
    return tokenizer


def unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    special = ["<unk>", *CONTROL]
    trainer = trainers.UnigramTrainer(vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator([TEXT], trainer)
    return tokenizer


def word_piece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(cleanup=False)
    special = ["<unk>", *CONTROL]
    trainer = trainers.WordPieceTrainer(vocab_size=420, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([TEXT], trainer)
    return tokenizer


def whole_words() -> Tokenizer:
    """Knows the words of its text without the labels A and B, which are both the unknown token."""
    words = sorted(set(TEXT.replace(":", " : ").split()) - {"A", "B"})
    vocabulary = {word: n for n, word in enumerate(["<unk>", *CONTROL, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace()])
    tokenizer.add_special_tokens(CONTROL)
    return tokenizer


def swallowing() -> Tokenizer:
    """Control tokens take the white space around them away."""
    tokenizer = byte_bpe(prefix_space=False)
    tokenizer.add_special_tokens([AddedToken(one, lstrip=True, rstrip=True, special=True) for one in CONTROL])
    return tokenizer


TOKENIZERS: dict[str, tuple[Callable[[], Tokenizer], str]] = {
    "byte-bpe": (lambda: byte_bpe(prefix_space=False), "<BOT> $A"),
    "byte-bpe-prefix-space": (lambda: byte_bpe(prefix_space=True), "$A"),
    "bare-bytes": (bare_bytes, "$A <EOT>"),
    "colon-bpe": (colon_bpe, "$A"),
    "metaspace-first": (lambda: metaspace_bpe("first"), "<BOT> $A"),
    "metaspace-always": (lambda: metaspace_bpe("always"), "<BOT> $A <EOT>"),
    "dummy-prefix": (dummy_prefix, "<BOT> $A"),
    "unigram": (unigram, "$A <EOT>"),
    "word-piece": (word_piece, "<BOT> $A <EOT>"),
    "whole-words": (whole_words, "$A"),
    "swallowing": (swallowing, "<BOT> <|s|> $A"),
}
"""By kind: how it is made, and what is put around a raw text."""


def make_tokenizer(kind: str, template: str | None, folder: Path) -> Path:
    """Write the files of a tokenizer; `template` goes into them."""
    make, around = TOKENIZERS[kind]
    backend = make()
    pairs = [(one, backend.token_to_id(one)) for one in ("<BOT>", "<EOT>", "<|s|>")]
    backend.post_processor = processors.TemplateProcessing(around, special_tokens=pairs)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<BOT>", eos_token="<EOT>", extra_special_tokens=CONTROL[2:]
    )
    if backend.token_to_id("<unk>") is not None:
        tokenizer.unk_token = "<unk>"
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return folder
