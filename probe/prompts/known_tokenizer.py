"""A folder's tokenizer, opened without looking for its class, once that is known to make no difference."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from probe.prompts.tokenizer import TextEncoder, context_limit, given_template, load_encoder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Notes", "open_encoder"]

_READ = frozenset({".json", ".jinja", ".model", ".txt", ".tiktoken", ".vocab"})
"""Endings of files that a tokenizer, its template or a config is read from."""

_USED = (
    *("__call__", "__len__", "_encode_plus", "decode", "_decode", "batch_decode", "convert_tokens_to_ids"),
    *("get_chat_template", "added_tokens_decoder", "all_special_tokens", "special_tokens_map"),
)
"""What is asked of a tokenizer, and what that goes through."""


class Notes(Protocol):
    """Texts by key, as `probe.store.memo.Notes` keeps them."""

    def get(self, key: str) -> str | None:
        """What was noted under `key`, or None."""
        ...

    def put(self, key: str, value: str) -> None:
        """Note `value` under `key`."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What finding a tokenizer's class has told of a folder.

    Attributes:
        general: Whether the general class, which needs no config of a model, makes the same tokenizer of the files.
        rows: Rows of the embedding, as `TextEncoder.rows`.
        limit: As `context_limit` says.
    """

    general: bool
    rows: int | None
    limit: int | None


def open_encoder(folder: Path, name: str, memory: tuple[Notes, str]) -> tuple[TextEncoder, int | None]:
    """`load_encoder` and `context_limit` of a folder; fast where its files were opened before.

    transformers chooses a tokenizer's class by the model's config, whose class imports torch and more: seconds. Most
    classes add nothing to their files. Where a first opening has shown that, the files are opened without.

    Args:
        folder: A model's folder.
        name: How errors call the model.
        memory: Where findings are remembered, and a hash of the versions of everything that they depend on.

    Raises:
        ModelError: The folder holds no usable tokenizer or config.
    """
    notes, versions = memory
    key = f"tokenizer/{versions}/{_files_key(folder)}"
    known = _remembered(notes.get(key))
    if known is not None and known.general:
        tokenizer = _general(folder)
        return TextEncoder(given_template(tokenizer, folder, name), name, known.rows), known.limit
    encoder, limit = load_encoder(folder, name), context_limit(folder, name)
    if known is None:
        notes.put(key, json.dumps(asdict(_Known(_is_general(encoder.tokenizer, folder, name), encoder.rows, limit))))
    return encoder, limit


def _general(folder: Path) -> Any:  # noqa: ANN401  transformers has no common type
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415  a second of import

    return PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)


def _is_general(tokenizer: Any, folder: Path, name: str) -> bool:  # noqa: ANN401
    """Whether the general class makes this very tokenizer: the same state, asked by the same methods."""
    try:
        general = given_template(_general(folder), folder, name)
        same_methods = all(getattr(type(tokenizer), one) is getattr(type(general), one) for one in _USED)
        return same_methods and _state(tokenizer) == _state(general)
    except Exception:  # noqa: BLE001  whatever the general class cannot make, the folder's own class reads
        return False


def _state(tokenizer: Any) -> list[object]:  # noqa: ANN401
    """All that encoding, decoding and templates depend on."""
    return [
        tokenizer.backend_tokenizer.to_str(),
        tokenizer.chat_template,
        tokenizer.special_tokens_map,
        tokenizer.all_special_tokens,
        {at: str(token) for at, token in tokenizer.added_tokens_decoder.items()},
        (tokenizer.bos_token_id, tokenizer.eos_token_id, len(tokenizer)),
        (tokenizer.padding_side, tokenizer.truncation_side, tokenizer.split_special_tokens),
    ]


def _remembered(note: str | None) -> _Known | None:
    """What a note says; None if it says something else."""
    try:
        known = _Known(**json.loads(note or ""))
    except (ValueError, TypeError, RecursionError):
        return None
    numbers = isinstance(known.rows, int | None) and isinstance(known.limit, int | None)
    return known if numbers and isinstance(known.general, bool) else None


def _files_key(folder: Path) -> str:
    """Hash of the files that a tokenizer and a config are read from, and of whether weights lie beside them."""
    digest = hashlib.sha256(str(any(folder.glob("*.safetensors"))).encode())
    for path in sorted([*folder.glob("*"), *folder.glob("additional_chat_templates/*")]):
        if path.suffix in _READ and path.is_file():
            content = path.read_bytes()
            digest.update(f"\0{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
