"""A prompt in pieces: text whose control tokens count, text in which they are mere letters, and token ids."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from probe.errors import TokenPlanError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.prompts.pack import TokenIds
    from probe.prompts.tokenizer import TextEncoder

__all__ = [
    "Piece",
    "Script",
    "encode_scripts",
    "encode_with_forms",
    "mark",
    "plain_spans",
    "script",
    "text_of",
    "unmark",
    "with_form",
    "with_script",
]

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
"""Unicode noncharacters, which no text holds, around control tokens that a user has typed."""

_MARKED = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_ANCHORS = ("\n", ".", "x", "1")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a prompt.

    Attributes:
        text: As it is shown.
        kind: ``parsed`` text in which control tokens count, ``plain`` text in which they are letters, ``ids`` tokens.
        ids: The tokens of a piece of kind ``ids``, of which `text` is the decoded form.
    """

    text: str
    kind: Literal["parsed", "plain", "ids"] = "parsed"
    ids: TokenIds = ()


Script = tuple[Piece, ...]


def mark(encoder: TextEncoder, text: str, where: str) -> str:
    """Put marks around every control token in `text`; text without one stays as it is.

    Raises:
        TokenPlanError: The text holds a mark of its own.
    """
    if _OPEN in text or _CLOSE in text:
        raise TokenPlanError(
            f"{where}: the text holds U+FDD0 or U+FDD1, which are no characters. Remove them from the scenario file."
        )
    return encoder.mark_control_tokens(text, _OPEN, _CLOSE)


def unmark(text: str) -> str:
    """`text` without marks."""
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def script(marked: str) -> Script:
    """Pieces of a marked text.

    Example:
        >>> script("a")
        (Piece(text='a', kind='parsed', ids=()),)
    """
    pieces = [Piece(text, "plain" if i % 2 else "parsed") for i, text in enumerate(_MARKED.split(marked))]
    return tuple(piece for piece in pieces if piece.text) or (Piece(""),)


def text_of(pieces: Script) -> str:
    """The prompt as it is shown."""
    return "".join(piece.text for piece in pieces)


def with_form(pieces: Script, form: str) -> Script:
    """A prompt with a label's form behind it, in the same piece where it can be."""
    *before, last = pieces
    if last.kind == "parsed":
        return (*before, replace(last, text=last.text + form))
    return (*pieces, Piece(form))


def with_script(pieces: Script, more: Script) -> Script:
    """A prompt with a further text behind it, whose beginning is in the same piece where it can be."""
    first, *rest = more
    return (*(with_form(pieces, first.text) if first.kind == "parsed" else (*pieces, first)), *rest)


def plain_spans(pieces: Script) -> list[tuple[int, int]]:
    """Where in the text control tokens are letters, as start and end of each stretch."""
    spans, start = [], 0
    for piece in pieces:
        if piece.kind == "plain":
            spans.append((start, start + len(piece.text)))
        start += len(piece.text)
    return spans


def encode_scripts(encoder: TextEncoder, scripts: Sequence[Script], where: str) -> list[TokenIds]:
    """Token ids of prompts; those of a single parsed piece are encoded as they are, in one batch.

    Raises:
        TokenPlanError: A control token in a text cannot be written as letters with this tokenizer.
    """
    whole = iter(encoder.encode([pieces[0].text for pieces in scripts if _is_whole(pieces)]))
    return [next(whole) if _is_whole(pieces) else _encode_pieces(encoder, pieces, where) for pieces in scripts]


def encode_with_forms(
    encoder: TextEncoder, scripts: Sequence[Script], ids: Sequence[TokenIds], forms: Sequence[Sequence[str]], where: str
) -> list[list[TokenIds]]:
    """Token ids of each prompt with each of its forms behind it, encoded together.

    Encoded anew is what can change: all of it, or what stands from the prompt's last control token on, where the
    tokenizer cuts there before it does anything else. Two things are compared, and all is encoded where they differ:
    every prompt's own end by itself with the end of the prompt's tokens, and all of the first prompt with each form.

    Args:
        encoder: The model's tokenizer.
        scripts: Prompts.
        ids: The tokens of each.
        forms: What may follow each.
        where: What the error calls the item.

    Raises:
        TokenPlanError: As `encode_scripts`.
    """
    found = _behind_last_cut(encoder, scripts, ids, forms)
    tried = next(iter(found), None)
    whole = _encode_rows(
        encoder, scripts, forms, [i for i in range(len(scripts)) if i not in found or i == tried], where
    )
    if tried is not None and whole[tried] != found[tried]:
        whole |= _encode_rows(encoder, scripts, forms, [i for i in found if i != tried], where)
    return [whole[i] if i in whole else found[i] for i in range(len(scripts))]


def _behind_last_cut(
    encoder: TextEncoder, scripts: Sequence[Script], ids: Sequence[TokenIds], forms: Sequence[Sequence[str]]
) -> dict[int, list[TokenIds]]:
    """What `encode_with_forms` gives, for the prompts of which only the end has to be encoded."""
    heads: dict[int, TokenIds] = {}
    tails: dict[int, str] = {}
    for row, (pieces, one) in enumerate(zip(scripts, ids, strict=True)):
        cut = encoder.last_cut(pieces[0].text, one) if _is_whole(pieces) else None
        if cut is not None:
            heads[row], tails[row] = one[: cut[0]], pieces[0].text[cut[1] :]
    texts = list(dict.fromkeys(tail + form for row, tail in tails.items() for form in ("", *forms[row])))
    known = dict(zip(texts, encoder.encode(texts), strict=True))
    return {
        row: [heads[row] + known[tail + form] for form in forms[row]]
        for row, tail in tails.items()
        if heads[row] + known[tail] == ids[row]
    }


def _encode_rows(
    encoder: TextEncoder, scripts: Sequence[Script], forms: Sequence[Sequence[str]], rows: Sequence[int], where: str
) -> dict[int, list[TokenIds]]:
    """Some prompts with each of their forms, all of it encoded, in one batch."""
    found = iter(encode_scripts(encoder, [with_form(scripts[row], one) for row in rows for one in forms[row]], where))
    return {row: [next(found) for _ in forms[row]] for row in rows}


def _is_whole(pieces: Script) -> bool:
    return len(pieces) == 1 and pieces[0].kind == "parsed"


def _encode_pieces(encoder: TextEncoder, pieces: Script, where: str) -> TokenIds:
    ids: TokenIds = ()
    for piece in pieces:
        if piece.kind == "ids":
            ids += piece.ids
        elif piece.kind == "plain":
            ids += _encode_plain(encoder, piece.text, where)
        elif ids:
            ids += _encode_further(encoder, piece.text, where)
        else:
            ids += encoder.encode([piece.text])[0]
    return ids


def _encode_plain(encoder: TextEncoder, token: str, where: str) -> TokenIds:
    """A control token as letters: cut behind its first letter, and again as long as a rest is a control token.

    Raises:
        TokenPlanError: A control token is left.
    """
    parts, rest = [], token
    while rest and encoder.control_token_in(rest) is not None:
        parts.append(rest[0])
        rest = rest[1:]
    parts += [rest] if rest else []
    ids = tuple(i for part in parts for i in _encode_further(encoder, part, where))
    if not encoder.control_ids.isdisjoint(ids):
        raise TokenPlanError(
            f"{where} on {encoder.name}: the text contains {token!r}, which this tokenizer cannot encode but as a "
            "control token. Write it differently in the scenario file."
        )
    return ids


def _encode_further(encoder: TextEncoder, text: str, where: str) -> TokenIds:
    """Ids of a text that stands behind other text: encoded behind an anchor, so that nothing is set before it.

    Some tokenizers write a space before whatever begins a text.

    Raises:
        TokenPlanError: The tokenizer merges the text with everything that is set before it.
    """
    for anchor, together in zip(_ANCHORS, encoder.encode([a + text for a in _ANCHORS]), strict=True):
        alone = encoder.encode([anchor])[0]
        if together[: len(alone)] == alone:
            return together[len(alone) :]
    raise TokenPlanError(
        f"{where} on {encoder.name}: the tokenizer merges {text[:24]!r} with whatever stands before it, so a text with "
        "control tokens in it cannot be encoded in pieces. Write the scenario without them."
    )
