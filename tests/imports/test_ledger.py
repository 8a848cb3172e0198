"""Guards: no item is booked twice, and no two items share an id in the files."""

from __future__ import annotations

import pytest

from probe.errors import InputError
from probe.imports.ledger import Imported, Ledger


def test_counts():
    ledger = Ledger()
    ledger.keep("a", "t/a", "one change", "another")
    ledger.keep("b", "t/b")
    ledger.refuse("c", "three options")
    found = Imported("table", "own", "CC0-1.0", (), ledger)
    assert found.counts == {"read": 3, "kept": 2, "changed": 1, "refused": 1}


@pytest.mark.parametrize("again", [lambda book: book.keep("a", "t/x"), lambda book: book.refuse("a", "why")])
def test_an_item_is_booked_once(again):
    for first in (lambda book: book.keep("a", "t/a"), lambda book: book.refuse("a", "why")):
        ledger = Ledger()
        first(ledger)
        with pytest.raises(InputError, match="it stands twice in the source"):
            again(ledger)


def test_two_items_do_not_become_one():
    ledger = Ledger()
    ledger.keep("A b", "t/a-b")
    with pytest.raises(InputError, match="another item becomes 't/a-b' too"):
        ledger.keep("a-b", "t/a-b")
