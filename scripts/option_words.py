"""Print in how many scenarios the options' words alone tell which principle they stand for.

    python scripts/option_words.py

Within each trade-off a naive Bayes classifier over single words (multinomial, add-one smoothing) learns from the
options of all scenarios but one and is asked about that one. A scenario counts where the first principle's option has
the higher odds; with two options, half would count by chance. Words of factors are left out, and so are scenarios
over doses. A high figure means that options could be distinguished by vocabulary without reading the situation; it is
no fault by itself, since acts that stand for one principle resemble one another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log

from probe.design.placeholders import without_placeholders
from probe.design.reading_ease import words
from probe.design.shape import TradeOff
from probe.design.suites import load_suites

__all__ = ["classified", "suite_figure"]

Bag = Counter[str]


def classified(pairs: Sequence[tuple[Bag, Bag]], smoothing: float = 1.0) -> int:
    """Of how many pairs the first bag has the higher odds, judged by the other pairs.

    Args:
        pairs: Words of the first and of the second principle's option, one pair a scenario.
        smoothing: What is added to the count of every word of the trade-off.
    """
    known = {word for pair in pairs for bag in pair for word in bag}
    right = 0
    for left_out, own in enumerate(pairs):
        others = [pair for place, pair in enumerate(pairs) if place != left_out]
        first, second = (sum((pair[side] for pair in others), Counter()) for side in (0, 1))
        totals = [sum(counts.values()) + smoothing * len(known) for counts in (first, second)]
        odds = {
            word: log((first[word] + smoothing) / totals[0]) - log((second[word] + smoothing) / totals[1])
            for word in {*own[0], *own[1]}
        }
        one, two = (sum(count * odds[word] for word, count in bag.items()) for bag in own)
        right += one > two
    return right


def suite_figure() -> tuple[int, int]:
    """In how many scenarios of the suite, and of how many."""
    pairs = [_pairs(file.tradeoff) for file in load_suites(["all"])]
    return sum(map(classified, pairs)), sum(map(len, pairs))


def _pairs(tradeoff: TradeOff) -> list[tuple[Bag, Bag]]:
    first, second = tradeoff.principles
    return [(_bag(one.options[first]), _bag(one.options[second])) for one in tradeoff.revealed if not one.doses]


def _bag(text: str) -> Bag:
    return Counter(words(without_placeholders(text)))


def main() -> None:
    """Print the figure."""
    right, all_of_them = suite_figure()
    print(f"{right} of {all_of_them} scenarios")


if __name__ == "__main__":
    main()
