"""Guards: the classifier learns what words tell, never from the scenario it is asked about; the card has its figure."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("option_words", ROOT / "scripts" / "option_words.py")
option_words = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(option_words)


def pair(one, two):
    return Counter(one.split()), Counter(two.split())


def test_words_that_every_scenario_shares_tell_and_words_of_its_own_do_not():
    assert option_words.classified([pair(f"sell it{n}", f"keep it{n}") for n in range(5)]) == 5
    assert option_words.classified([pair(f"sell{n}", f"keep{n}") for n in range(5)]) == 0


def test_words_that_mean_the_opposite_elsewhere_mislead():
    assert option_words.classified([pair("sell", "keep"), pair("keep", "sell")]) == 0
    assert option_words.classified([pair("sell", "keep")] * 4 + [pair("keep", "sell")]) == 4


def test_the_card_has_the_figure():
    right, scenarios = option_words.suite_figure()
    assert scenarios == 360
    card = (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"\*\*{right} of {scenarios}\*\*", card), "python scripts/write_card.py"
