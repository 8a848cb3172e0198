"""The tokenizer in use against the folder's own file, on fixed texts, read by the libraries of the formats."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from probe.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["COMPARED", "as_in_its_file"]

COMPARED = "tokenizer.compared"
"""Lies in a folder that was made here, once its tokenizer has been compared; holds the sha256 of its tokenizer.json."""

_TEXTS = (
    "In 2025, 1250 of 3400 people saved 12345678.9%.",
    "\n\n   A. Tea.\n\tB.  Milk!?    (x_1)\r\n\n\n    \"don't\" it's -- [ok] {y} <z> a/b",
    "caf\u00e9 na\u00efve \u00c4 \u00df e\u0301 \u8336\u3068\u725b\u4e73 \u041f\u0440\u0438\u0432\u0435\u0442",
    "Which do you take?\n\nA. Tea.\nB. Milk.\n\nAnswer:",
)
"""Digits, runs of spaces, line ends, punctuation, accents, other scripts: where rebuilt tokenizers differ."""


def as_in_its_file(tokenizer: Any, folder: Path, name: str) -> Any:  # noqa: ANN401  transformers has no common type
    """The tokenizer itself if it encodes as the folder's file does, else one that is loaded from that file.

    transformers may build a tokenizer of the model's family and take only the vocabulary of the file.

    Raises:
        ModelError: They differ, and the file alone gives no tokenizer that agrees with it.
    """
    if _is_compared(folder):
        return tokenizer
    expected = _ids_of_file(folder, name)
    if expected is None or _ids(tokenizer) == expected:
        return tokenizer
    found = _from_file(folder)
    if found is None or _ids(found) != expected:
        file = "tokenizer.json" if (folder / "tokenizer.json").is_file() else "tokenizer.model"
        raise ModelError(
            f"{name}: the tokenizer that transformers builds ({type(tokenizer).__name__}) encodes otherwise than the "
            f"folder's {file}, so the model would get other tokens than it was trained on. Set tokenizer_class in "
            "tokenizer_config.json to the class that it was saved with, or give the folder its tokenizer.json."
        )
    found.chat_template = tokenizer.chat_template
    return found


def _is_compared(folder: Path) -> bool:
    try:
        digest = hashlib.sha256((folder / "tokenizer.json").read_bytes()).hexdigest()
        return (folder / COMPARED).read_text(encoding="utf-8") == digest
    except (OSError, ValueError):
        return False


def _ids(tokenizer: Any) -> list[list[int]]:  # noqa: ANN401
    return [list(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in _TEXTS]


def _ids_of_file(folder: Path, name: str) -> list[list[int]] | None:
    """What the file says; None where the folder has neither format."""
    try:
        if (folder / "tokenizer.json").is_file():
            from tokenizers import Tokenizer  # noqa: PLC0415

            own = Tokenizer.from_file(str(folder / "tokenizer.json"))
            own.no_truncation()
            own.no_padding()
            return [own.encode(text, add_special_tokens=False).ids for text in _TEXTS]
        if (folder / "tokenizer.model").is_file():
            from sentencepiece import SentencePieceProcessor  # noqa: PLC0415

            pieces = SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
            return [list(pieces.encode(text)) for text in _TEXTS]
    except Exception as error:
        raise ModelError(
            f"{name}: its tokenizer file cannot be read ({type(error).__name__}: {str(error)[:160]}). Get it again."
        ) from error
    return None


def _from_file(folder: Path) -> Any:  # noqa: ANN401
    """A tokenizer of the file itself, with the special tokens that the folder names; None where none can be made."""
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415

    path = folder / "tokenizer.json"
    try:
        if path.is_file():
            return PreTrainedTokenizerFast(tokenizer_file=str(path), **_special_tokens(folder))  # type: ignore[no-untyped-call]
        model = folder / "tokenizer.model"
        options = _special_pieces(model) | _special_tokens(folder)
        return PreTrainedTokenizerFast(tokenizer_object=_converted(model), **options)  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001  whatever keeps it from being made, the caller refuses
        return None


def _converted(path: Path) -> Any:  # noqa: ANN401
    """A SentencePiece model as a tokenizer of the other library.

    Pieces are joined in the order of their scores, which transformers' conversion does not keep.
    """
    from sentencepiece import SentencePieceProcessor  # noqa: PLC0415
    from tokenizers import Tokenizer  # noqa: PLC0415
    from transformers import LlamaTokenizer  # noqa: PLC0415

    pieces = SentencePieceProcessor(model_file=str(path))
    built = json.loads(LlamaTokenizer.from_pretrained(str(path.parent)).backend_tokenizer.to_str())
    ids = built["model"]["vocab"]

    def rank(pair: list[str]) -> tuple[float, int, int, int]:
        whole = ids["".join(pair)]
        return -pieces.get_score(whole), whole, ids[pair[0]], ids[pair[1]]

    built["model"]["merges"].sort(key=rank)
    return Tokenizer.from_str(json.dumps(built))


def _special_pieces(path: Path) -> dict[str, str]:
    """The special tokens that a SentencePiece model names itself."""
    from sentencepiece import SentencePieceProcessor  # noqa: PLC0415

    pieces = SentencePieceProcessor(model_file=str(path))
    ids = {"bos_token": pieces.bos_id(), "eos_token": pieces.eos_id(), "unk_token": pieces.unk_id()}
    return {name: pieces.id_to_piece(at) for name, at in ids.items() if at >= 0}


def _special_tokens(folder: Path) -> dict[str, str]:
    path = folder / "tokenizer_config.json"
    said = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    names = ("bos_token", "eos_token", "unk_token", "pad_token")
    found = {name: said.get(name) for name in names}
    texts = {name: one.get("content") if isinstance(one, dict) else one for name, one in found.items()}
    return {name: text for name, text in texts.items() if isinstance(text, str)}
