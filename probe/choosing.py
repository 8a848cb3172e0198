"""How a loaded model comes to its reader: tried once on the check pack and on a study's first pack, then remembered."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

from probe.errors import EnvironmentFault

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from probe.engine.load import LoadedModel
    from probe.engine.plain import PlainReader
    from probe.engine.trie import TrieReader
    from probe.prompts.pack import Pack

__all__ = ["Memory", "ReaderFacts", "open_reader"]


class Memory(Protocol):
    """Texts by key, as `probe.store.notes.Notes` keeps them; what it forgets is found out again."""

    def get(self, key: str) -> str | None:
        """What was noted under `key`, or None."""
        ...

    def put(self, key: str, value: str) -> None:
        """Note `value` under `key`."""
        ...


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """The reader of a model and what was measured when it was chosen; the fields are those of `ModelRecord`."""

    reader: str
    reader_why: str
    check_difference: float | None
    first_difference: float | None


def open_reader(
    model: LoadedModel,
    boundary: NDArray[np.bool_],
    wanted: str,
    check: Pack | None,
    first: Pack,
    memory: tuple[Memory, str],
) -> tuple[PlainReader | TrieReader, ReaderFacts]:
    """The reader of a model, and why it is this one.

    Args:
        model: As loaded.
        boundary: For each token id, whether it cannot continue a word.
        wanted: As asked for: ``auto``, ``trie`` or ``plain``, or ``exact`` for the trie in exact mode.
        check: The check pack in the model's tokens, if it has one.
        first: The study's first pack.
        memory: Where decisions are remembered, and the key of everything that they depend on beside the packs.

    Raises:
        EnvironmentFault: Exact mode was asked for weights that are not float32, or whose widths fill no vectors.
        ModelError: The trie was asked for and cannot be used, or reads the first pack differently than one prompt at
            a time.
        NoMemoryError: One of the packs does not fit.
    """
    from probe.engine.choose import (  # noqa: PLC0415  torch
        VECTORS,
        Choice,
        choose_reader,
        refuse_wrong_trie,
        trie_reader,
        uneven_width,
    )
    from probe.engine.plain import PlainReader  # noqa: PLC0415

    notes, key = memory
    exact = wanted == "exact"
    if exact and model.dtype != "float32":
        raise EnvironmentFault(
            f"{model.name}: --exact holds for float32 alone, and its weights are {model.dtype}. Use --dtype float32."
        )
    uneven = uneven_width(model.model) if exact else None
    if uneven is not None:
        raise EnvironmentFault(
            f"{model.name}: --exact holds for models whose widths are multiples of {VECTORS}, and one of its layers "
            f"has {uneven}: what fills no vector is computed in another way. Leave --exact out."
        )
    checked = f"{key}/{check.sha256 if check else 'none'}"
    known = notes.get(checked)
    if known is None:
        choice = choose_reader(model.model, model.name, boundary, "trie" if exact else wanted, check)
        notes.put(checked, json.dumps(asdict(choice)))
    else:
        choice = Choice(**json.loads(known))
    if choice.reader == "plain":
        plain = PlainReader(model.model, boundary, model.name)
        return plain, ReaderFacts(choice.reader, choice.why, choice.difference, None)
    reader = trie_reader(model.model, model.name, boundary, exact=exact)
    agreed = notes.get(f"{key}/{first.sha256}")
    apart = refuse_wrong_trie(reader, first) if agreed is None else float(json.loads(agreed))
    notes.put(f"{key}/{first.sha256}", json.dumps(apart))
    return reader, ReaderFacts("exact" if exact else choice.reader, choice.why, choice.difference, apart)
