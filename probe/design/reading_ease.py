"""How easily English reads: Flesch's reading ease, with an estimate of syllables that needs no dictionary."""

from __future__ import annotations

import re

__all__ = ["reading_ease", "words"]

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.?!;][\"”’)]*(?=\s|$)")
_SHORTENED = re.compile(r"\b(Mr|Mrs|Ms|Dr|St)\.")
_VOWELS = re.compile(r"[aeiouyáéíóúäöüàèâêîôûåøæãõ]+")


def words(text: str) -> list[str]:
    """The words of a text in small letters.

    Example:
        >>> words("You don't know Mr. Jean-Luc?")
        ['you', "don't", 'know', 'mr', 'jean-luc']
    """
    return _WORD.findall(text.lower())


def reading_ease(text: str) -> float:
    """Flesch's score: about 60 and more is plain English, 90 and more is easy for a child of eleven; at most 121.22.

    A syllable is a group of vowels; a final e is silent except in -le. The estimate is off by a few points against a
    dictionary, and is the same on every machine.

    Example:
        >>> round(reading_ease("The cat sat on the mat."), 2)
        116.15

    References:
        Flesch, R. (1948). A new readability yardstick. Journal of Applied Psychology 32.
    """
    plain = _SHORTENED.sub(r"\1", text)
    sentences = max(1, len(_SENTENCE_END.findall(plain)))
    found = words(plain)
    if not found:
        return 121.22
    syllables = sum(map(_syllables, found))
    return 206.835 - 1.015 * len(found) / sentences - 84.6 * syllables / len(found)


def _syllables(word: str) -> int:
    groups = len(_VOWELS.findall(word))
    silent = len(word) > 2 and word.endswith("e") and not word.endswith("le")
    return max(1, groups - silent)
