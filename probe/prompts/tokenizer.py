"""A model's tokenizer, chat template and context limit, without its weights."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from probe.errors import ModelError
from probe.prompts.tokenizer_file import as_in_its_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from probe.prompts.pack import TokenIds

__all__ = ["TextEncoder", "context_limit", "given_template", "load_encoder"]

_WORD = re.compile(r"\w")

LEGACY_TEMPLATE = "chat_template.json"
"""Where models that also take images keep their chat template, and their tokenizer alone does not look."""


@dataclass(frozen=True)
class TextEncoder:
    """A tokenizer with one way to encode: special tokens are written by us, text is encoded without them.

    Tokenizers disagree on what ``tokenizer(text)`` adds (a BOS by flag, a BOS by file, an EOS at the end), so the
    tokens that it adds in front of a raw text are found once by trying, and those behind it are never used.

    Attributes:
        tokenizer: The transformers tokenizer.
        name: How errors call the model.
        rows: Rows of the model's embedding; None where nothing says.
    """

    tokenizer: Any
    name: str
    rows: int | None = None

    def encode(self, texts: Sequence[str]) -> list[TokenIds]:
        """Token ids of each text, control tokens in it parsed, nothing added.

        Raises:
            ModelError: A token has no row in the model's embedding.
        """
        if not texts:
            return []
        batch = self.tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)
        found = [tuple(ids) for ids in batch["input_ids"]]
        largest = max((max(ids, default=0) for ids in found), default=0)
        if self.rows is not None and largest >= self.rows:
            raise ModelError(
                f"{self.name}: the tokenizer gives ids above the embedding rows: {largest}, and the model has "
                f"{self.rows} rows. It is another model's tokenizer, or tokens were added without resizing the "
                "embedding: get the tokenizer that the model was trained with."
            )
        return found

    @cached_property
    def raw_prefix(self) -> TokenIds:
        """What the tokenizer puts in front of a raw text by default, such as BOS."""
        sample = "x"
        bare = list(self.tokenizer(sample, add_special_tokens=False)["input_ids"])
        full = list(self.tokenizer(sample)["input_ids"])
        for start in range(len(full) - len(bare) + 1):
            if full[start : start + len(bare)] == bare:
                return tuple(full[:start])
        raise ModelError(
            f"{self.name}: the tokenizer encodes 'x' as {full} with special tokens and as {bare} without; "
            "the one does not contain the other, so no prompt can be built from it."
        )

    def decode(self, token_id: int) -> str:
        """Text of one token as it reads behind a letter, its leading space included."""
        return self._behind_a_letter([token_id])[0] if token_id < len(self.tokenizer) else f"<id {token_id}>"

    def _behind_a_letter(self, token_ids: Sequence[int]) -> list[str]:
        """What each token adds to a text that ends in a letter: alone, some decoders drop the space before it."""
        start = self._letter
        before = len(self.tokenizer.decode(list(start), clean_up_tokenization_spaces=False))
        both = [[*start, token_id] for token_id in token_ids]
        return [text[before:] for text in self.tokenizer.batch_decode(both, clean_up_tokenization_spaces=False)]

    @cached_property
    def _letter(self) -> TokenIds:
        """Last token of a text that ends in a letter of its own."""
        return self.encode(["\nA"])[0][-1:]

    @cached_property
    def control_tokens(self) -> tuple[str, ...]:
        """Added tokens that are not white space: text that would be parsed as a control token."""
        added = {str(token) for token in self.tokenizer.added_tokens_decoder.values()}
        return tuple(sorted(token for token in added | set(self.tokenizer.all_special_tokens) if token.strip()))

    @cached_property
    def _control(self) -> re.Pattern[str]:
        longest_first = sorted(self.control_tokens, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")

    def control_token_in(self, text: str) -> str | None:
        """The first control token that `text` would be parsed into, if any."""
        found = self._control.search(text)
        return found.group() if found else None

    def mark_control_tokens(self, text: str, before: str, after: str) -> str:
        """`text` with `before` and `after` around whatever in it would be parsed as a control token."""
        return self._control.sub(lambda found: f"{before}{found.group()}{after}", text)

    @cached_property
    def control_ids(self) -> frozenset[int]:
        """Ids of the control tokens."""
        return frozenset(self.tokenizer.convert_tokens_to_ids(list(self.control_tokens)))

    @cached_property
    def _cutting(self) -> dict[int, str]:
        """Control tokens at which a tokenizer of the tokenizers library cuts a text before all else, by id."""
        if not getattr(self.tokenizer, "is_fast", False):
            return {}
        added = self.tokenizer.added_tokens_decoder.items()
        return {at: str(one) for at, one in added if str(one).strip() and not (one.normalized or one.single_word)}

    def last_cut(self, text: str, ids: TokenIds) -> tuple[int, int] | None:
        """Where the last control token stands behind which nothing depends on what is before it.

        Such a tokenizer looks for its added tokens first, from left to right, and treats each stretch between them by
        itself. So what follows one stays, whatever stands before, unless a longer added token reaches over its place.

        Args:
            text: A prompt.
            ids: Its tokens.

        Returns:
            The place of the control token in `ids` and in `text`; None if there is none.
        """
        at = next((at for at in range(len(ids) - 1, -1, -1) if ids[at] in self._cutting), None)
        start = -1 if at is None else text.rfind(self._cutting[ids[at]])
        if at is None or start < 0:
            return None
        tail = text[start:]
        return None if any(tail in one and tail != one for one in self.control_tokens) else (at, start)

    def boundary_tokens(self) -> NDArray[np.bool_]:
        """For each token id, whether its text cannot continue a word: white space, punctuation, a control token.

        A token that is only a part of a character counts as a continuation of the word, so that the mass of these
        tokens is a lower bound of what ends a word.
        """
        texts = self._behind_a_letter(range(len(self.tokenizer)))
        boundary = [text != "" and not text.startswith("\ufffd") and not _WORD.match(text) for text in texts]
        control = [i for i in self.control_ids if i < len(boundary)]
        mask = np.array(boundary, dtype=np.bool_)
        mask[control] = True
        return mask


def load_encoder(folder: Path, name: str) -> TextEncoder:
    """Load the tokenizer of a local folder, with the folder's config (the tokenizer's class depends on it).

    Raises:
        ModelError: The folder holds no usable tokenizer.
    """
    from transformers import AutoTokenizer  # noqa: PLC0415  a second of import that `import probe` must not pay

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception as error:
        raise ModelError(
            f"{name}: no usable tokenizer in its folder ({type(error).__name__}: {_first_line(error)}). "
            "It needs tokenizer.json or the vocabulary files of its family, beside config.json."
        ) from error
    tokenizer = given_template(as_in_its_file(tokenizer, folder, name), folder, name)
    return TextEncoder(tokenizer, name, _embedding_rows(folder, name))


def given_template(tokenizer: Any, folder: Path, name: str) -> Any:  # noqa: ANN401  transformers has no common type
    """A tokenizer with the chat template that lies where it does not look itself.

    Raises:
        ModelError: The file there holds none.
    """
    if not tokenizer.chat_template and (folder / LEGACY_TEMPLATE).is_file():
        tokenizer.chat_template = _legacy_template(folder / LEGACY_TEMPLATE, name)
    return tokenizer


def _embedding_rows(folder: Path, name: str) -> int | None:
    """Rows of the embedding as the folder's config says; a config that goes with no weights may leave it open."""
    path = folder / "config.json"
    if not path.is_file():
        return None
    stated = '"vocab_size"' in path.read_text(encoding="utf-8", errors="replace")
    if not stated and not any(folder.glob("*.safetensors")):
        return None
    rows = getattr(_config(folder, name).get_text_config(), "vocab_size", None)
    return rows if isinstance(rows, int) else None


def _legacy_template(path: Path, name: str) -> str:
    """The template in a file that transformers reads for processors of images alone."""
    try:
        source = json.loads(path.read_text(encoding="utf-8"))["chat_template"]
    except (ValueError, KeyError, TypeError):
        source = None
    if not isinstance(source, str):
        raise ModelError(
            f"{name}: {path.name} holds no text under 'chat_template'. Write the template into chat_template.jinja, or "
            "remove the file."
        )
    return source


def context_limit(folder: Path, name: str) -> int | None:
    """Most positions the model takes, or None if its config does not say (as with models without positions)."""
    limit = getattr(_config(folder, name).get_text_config(), "max_position_embeddings", None)
    return int(limit) if limit else None


def _config(folder: Path, name: str) -> Any:  # noqa: ANN401  transformers has no common type
    from transformers import AutoConfig  # noqa: PLC0415

    try:
        return AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception as error:
        raise ModelError(
            f"{name}: config.json cannot be used ({type(error).__name__}: {_first_line(error)}). "
            "probe loads architectures that transformers knows and never runs code from a model's folder."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0][:200]
