"""The embedded model's own tokenizer: byte-level pairs learned from the study's prompts, and a chat template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CHAT_TEMPLATE", "END", "WINDOW", "in_chat", "learn_vocabulary"]

WINDOW = 2048
"""Tokens that a prompt may have."""

END = "<|end|>"
_SPECIAL = (END, "<|system|>", "<|user|>", "<|assistant|>")

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

_PIECES = r" ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+"
"""A word, a digit or a run of marks, each with the one space before it; or white space."""


def in_chat(message: str, cue: str) -> str:
    """A question as the tokenizer gets it: one user message, the assistant's header, the cue."""
    return f"<|user|>{message}{END}<|assistant|>{cue}"


def learn_vocabulary(texts: Iterable[str], size: int) -> PreTrainedTokenizerFast:
    """A tokenizer in which the study's words are tokens of their own and any other text is bytes."""
    tokenizer = Tokenizer(models.BPE())
    pieces = pre_tokenizers.Split(pattern=_regex(), behavior="isolated")
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pieces, to_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=[AddedToken(token, normalized=False, special=True) for token in _SPECIAL],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        additional_special_tokens=list(_SPECIAL[1:]),
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=WINDOW,
    )


def _regex() -> object:
    from tokenizers import Regex  # noqa: PLC0415 - the stubs do not export it

    return Regex(_PIECES)
