"""The made-up trade-offs on which the words are tried: contents of a known gap behind format biases of 0 to 8 nats."""

from __future__ import annotations

from simulation.words import Truth, content_mean

__all__ = ["BIASES", "apart_in_content", "apart_in_use", "word_cases"]

BIASES = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)


def apart_in_content(gap: float, spread: float, bias: float, middle: float = 0.5) -> Truth:
    """Contents `gap` apart around `middle`, and formats that do the same to both sides."""
    low, high = (content_mean(middle + sign * gap / 2, spread) for sign in (-1, 1))
    return Truth(low, high, spread, bias)


def apart_in_use(gap: float, spread: float, bias: float, middle: float = 0.5) -> Truth:
    """The same of what a user meets under a random format."""
    low, high = (content_mean(middle + sign * gap / 2, spread, bias) for sign in (-1, 1))
    return Truth(low, high, spread, bias)


def word_cases() -> dict[str, Truth]:
    """Truths by what they are."""
    cases = {f"no content, bias {bias:g}": Truth(0.0, 0.0, 0.05, bias) for bias in (0.0, 3.0, 6.0)}
    cases |= {f"equal contents 3 nats, SD .5, bias {bias:g}": Truth(3.0, 3.0, 0.5, bias) for bias in (0.0, 3.0, 6.0)}
    cases |= {f"equal contents .5 nats, SD .5, bias {bias:g}": Truth(0.5, 0.5, 0.5, bias) for bias in (0.0, 3.0, 6.0)}
    cases["equal contents 1.0 nats, bias 6 on the revealed side"] = Truth(1.0, 1.0, 0.5, 6.0, 0.0)
    for gap, spread in ((0.3, 0.5), (0.4, 0.75), (0.6, 1.0)):
        for bias in (0.0, 3.0, 6.0):
            cases[f"opposite contents, C {gap:g}, SD {spread:g}, bias {bias:g}"] = apart_in_content(gap, spread, bias)
    for bias in (0.0, 3.0, 6.0):
        cases[f"C .05, SD .25, bias {bias:g}"] = apart_in_content(0.05, 0.25, bias)
        cases[f"C .05 around .8, SD .25, bias {bias:g}"] = apart_in_content(0.05, 0.25, bias, 0.8)
        cases[f"C .08, SD .25, bias {bias:g}"] = apart_in_content(0.08, 0.25, bias)
    for bias in (0.0, 1.0):
        cases[f"D .05, SD .25, bias {bias:g}"] = apart_in_use(0.05, 0.25, bias)
    return cases
