"""A tokenizer from what a GGUF file says of it. What a name in the file does not settle is refused, not guessed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from probe.errors import ModelError
from probe.prompts.tokenizer_file import COMPARED, as_in_its_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tokenizers import Tokenizer

__all__ = ["write_tokenizer"]

_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_DEEPSEEK = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"""
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

_SPLITS = {
    **dict.fromkeys(("gpt-2", "mpt", "olmo", "jais", "phi-2"), (_WORDS,)),
    **dict.fromkeys(("smollm", "starcoder", "refact", "command-r", "codeshell"), (r"\p{N}", _WORDS)),
    "deepseek-v3": (r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+", _DEEPSEEK),
}
"""How text is cut before merging, by ``tokenizer.ggml.pre``: what transformers itself does not know of llama.cpp's."""

_WHOLE_WORDS = ("llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "tekken")
"""Vocabularies of which a whole word that is a token stays one, whatever its merges would give."""


def write_tokenizer(file: Path, metadata: Mapping[str, Any], folder: Path, name: str) -> None:
    """Write tokenizer.json and tokenizer_config.json of a GGUF file, chat template included, into a folder.

    The conversion is transformers' own; what it leaves to defaults and llama.cpp does otherwise is set here: the cut
    of text into words, tokens that stay whole, the space in front, and BOS.

    Raises:
        ModelError: The file's tokenizer is of a kind that cannot be rebuilt exactly.

    References:
        llama.cpp, ``src/llama-vocab.cpp``, for what the names of ``tokenizer.ggml.pre`` mean.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast  # noqa: PLC0415  a second of import
    from transformers.integrations.gguf.gguf_tokenizer_mapping import (  # noqa: PLC0415
        convert_gguf_tokenizer,
        get_gguf_tokenizer,
    )

    _refuse_unknown(metadata, name)
    try:
        architecture, words, config = get_gguf_tokenizer(str(file))
        backend, _ = convert_gguf_tokenizer(architecture, words)
    except Exception as error:
        raise ModelError(
            f"{name}: its tokenizer cannot be rebuilt ({type(error).__name__}: {str(error).strip()[:200]}). Use the "
            "model's safetensors with its own tokenizer."
        ) from error
    _cut_words(backend, metadata)
    _put_space_in_front(backend, metadata, architecture)
    config = {key: value for key, value in config.items() if value is not None}
    _put_bos_in_front(backend, config, metadata)
    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=backend, **_without_flags(config))  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    _name_added_tokens(tokenizer, folder)
    found = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    if as_in_its_file(found, folder, name) is found:  # else it is compared each time, and another one taken
        digest = hashlib.sha256((folder / "tokenizer.json").read_bytes()).hexdigest()
        (folder / COMPARED).write_text(digest, encoding="utf-8")


def _name_added_tokens(tokenizer: Any, folder: Path) -> None:  # noqa: ANN401  transformers has no common type
    """Name the added tokens in tokenizer_config.json: transformers parses all of tokenizer.json for them otherwise."""
    path = folder / "tokenizer_config.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    said["added_tokens_decoder"] = {at: one.__getstate__() for at, one in tokenizer.added_tokens_decoder.items()}
    path.write_text(json.dumps(said, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def _refuse_unknown(metadata: Mapping[str, Any], name: str) -> None:
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS  # noqa: PLC0415

    model, pre = metadata.get("tokenizer.ggml.model"), metadata.get("tokenizer.ggml.pre")
    if model is None or "tokenizer.ggml.tokens" not in metadata:
        raise ModelError(f"{name}: the file holds no tokenizer, so it is no language model that can be asked in text.")
    if model == "gpt2" and pre not in GGUF_PRE_TOKENIZER_SPLITS and pre not in _SPLITS:
        found = f"tokenizer.ggml.pre is {pre!r}" if pre is not None else "tokenizer.ggml.pre is absent"
        raise ModelError(
            f"{name}: {found}, so how its tokenizer cuts text into words is not known here and would be guessed. "
            "Use the model's safetensors with its own tokenizer."
        )


def _cut_words(backend: Tokenizer, metadata: Mapping[str, Any]) -> None:
    from tokenizers import Regex, pre_tokenizers  # noqa: PLC0415

    pre = metadata.get("tokenizer.ggml.pre")
    if metadata["tokenizer.ggml.model"] != "gpt2":
        return
    if pre in _SPLITS:
        cuts = [pre_tokenizers.Split(Regex(split), behavior="isolated") for split in _SPLITS[str(pre)]]
        letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        backend.pre_tokenizer = pre_tokenizers.Sequence([*cuts, letters])
    backend.model.ignore_merges = pre in _WHOLE_WORDS


def _put_space_in_front(backend: Tokenizer, metadata: Mapping[str, Any], architecture: str) -> None:
    """SentencePiece puts a space before a text unless the file says otherwise."""
    from tokenizers import pre_tokenizers  # noqa: PLC0415

    wanted = metadata.get("tokenizer.ggml.add_space_prefix", True)
    if metadata["tokenizer.ggml.model"] == "llama" and not wanted and not architecture.startswith("gemma"):
        backend.normalizer = None
        backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=False)


def _put_bos_in_front(backend: Tokenizer, config: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    from tokenizers import processors  # noqa: PLC0415

    bos = config.get("bos_token")
    by_default = metadata.get("tokenizer.ggml.pre") in ("llama3", "llama-v3", "llama-bpe")
    if bos is None or not config.get("add_bos_token", by_default):
        return
    number = metadata["tokenizer.ggml.bos_token_id"]
    backend.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, number)]
    )


def _without_flags(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config without what the tokenizer's own processor already does."""
    return {key: value for key, value in config.items() if key not in ("add_bos_token", "add_eos_token")}
