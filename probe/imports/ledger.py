"""What became of every item of a data set: kept, changed or refused, with the reason. Loses none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from probe.design.shape import TradeOff
from probe.errors import InputError

__all__ = ["Imported", "Ledger", "Note"]


@dataclass(frozen=True, slots=True)
class Note:
    """What was done to one item of the source.

    Attributes:
        item: The item's id in the source.
        text: What was changed, or why it was refused.
    """

    item: str
    text: str


@dataclass(slots=True)
class Ledger:
    """Books every item of a source once.

    Attributes:
        kept: Id in the trade-off file by id in the source.
        changed: What was changed in kept items.
        refused: What was left out, and why.
    """

    kept: dict[str, str] = field(default_factory=dict)
    changed: list[Note] = field(default_factory=list)
    refused: list[Note] = field(default_factory=list)
    _booked: set[str] = field(default_factory=set)
    _taken: set[str] = field(default_factory=set)

    def keep(self, item: str, as_id: str, *changes: str) -> None:
        """Book an item as imported under `as_id`, with what was changed in it.

        Raises:
            InputError: The item has been booked already, or another stands under that id.
        """
        self._once(item)
        if as_id in self._taken:
            raise InputError(f"item '{item}': another item becomes '{as_id}' too. Rename one in the source.")
        self._taken.add(as_id)
        self.kept[item] = as_id
        self.changed += [Note(item, change) for change in changes]

    def refuse(self, item: str, reason: str) -> None:
        """Book an item as left out.

        Raises:
            InputError: The item has been booked already.
        """
        self._once(item)
        self.refused.append(Note(item, reason))

    def _once(self, item: str) -> None:
        if item in self._booked:
            raise InputError(f"item '{item}': it stands twice in the source. Give every item an id of its own.")
        self._booked.add(item)


@dataclass(frozen=True, slots=True)
class Imported:
    """A data set as trade-offs.

    Attributes:
        kind: Which importer read it.
        source: What it is and where it was published.
        licence: As far as it is known.
        tradeoffs: What goes into files, one each.
        ledger: What became of every item.
        tables: Further files by name, such as which outcome an option stands for.
    """

    kind: str
    source: str
    licence: str
    tradeoffs: tuple[TradeOff, ...]
    ledger: Ledger
    tables: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Items read, kept, changed and refused; read is kept and refused together."""
        kept, refused = len(self.ledger.kept), len(self.ledger.refused)
        changed = len({note.item for note in self.ledger.changed})
        return {"read": kept + refused, "kept": kept, "changed": changed, "refused": refused}
