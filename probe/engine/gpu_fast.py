"""Ways of reading a trie that are meant to be faster on a GPU. No GPU has run them yet, so they are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from probe.engine.out_of_memory import NoMemoryError
from probe.engine.placement import input_device
from probe.engine.reader_choice import TOLERANCE, difference
from probe.engine.trie import TrieReader

if TYPE_CHECKING:
    from probe.engine.reader_choice import Reader
    from probe.loaded_facts import ReaderFacts
    from probe.prompts.pack import Pack

__all__ = ["faster"]


def faster(reader: Reader, choice: ReaderFacts, pack: Pack) -> tuple[Reader, ReaderFacts]:
    """A trie reader whose packs follow each other without a wait, by FlexAttention where that agrees; others unchanged.

    FlexAttention is tried anew whenever a model is loaded, in float32 on the study's first pack: what a compiler does
    is no part of what is remembered.

    Args:
        reader: As `probe.engine.reader_choice.open_reader` gave it.
        choice: Why it is this one.
        pack: The study's first pack.

    Raises:
        NoMemoryError: The pack does not fit.
    """
    if not isinstance(reader, TrieReader) or reader.exact:
        return reader, replace(choice, trie_attention_why="it is no trie of 16 bits")
    quick = replace(reader, pipelined=True)
    if input_device(reader.model).type == "cpu" or reader.model.dtype == torch.float32:
        return quick, replace(choice, trie_attention_why="FlexAttention is for 16 bits on a GPU")
    flexible = replace(quick, flexible=True, windows=[], cuts={})
    try:
        found = difference(flexible, pack)
    except NoMemoryError:
        raise
    except Exception as error:  # noqa: BLE001  a compiler may fail in any way, and the tiles are there
        why = f"FlexAttention failed ({type(error).__name__}: {str(error)[:120]})"
        return quick, replace(choice, trie_attention_why=why)
    why = f"FlexAttention differs by {found:.2g} from one prompt at a time"
    if not found <= TOLERANCE:
        return quick, replace(choice, trie_attention_why=why)
    return flexible, replace(choice, trie_attention="flex", trie_attention_why=why)
