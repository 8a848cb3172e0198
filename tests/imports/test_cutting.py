"""Guards: options come out of a text whole, nothing of the situation is lost, and what cannot be cut is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.imports.cutting import cut_options, refers_to_labels, without_instruction

CUTS = {
    "Which tea? A) Green. B) Black. (Limit your answer to A or B.)": ("Which tea?", ("Green.", "Black.")),
    "Which tea? Please choose one option: A) Green. B) Black (Please answer A or B)": (
        "Which tea?",
        ("Green", "Black"),
    ),
    "You like: A. tea with milk.B. coffee with milk. Choose A or B.": (
        "You like:",
        ("tea with milk.", "coffee with milk."),
    ),
    "Two cups: A) Tea B) Coffee Which do you take? Answer A or B": (
        "Two cups. Which do you take?",
        ("Tea", "Coffee"),
    ),
    "Two cups: A) Tea, hot, B) Coffee, cold. It rains. Which cup? Please select A or B.": (
        "Two cups. It rains. Which cup?",
        ("Tea, hot", "Coffee, cold"),
    ),
    "You are Ann. Choose between: A. Bo (calm), B. Cy (loud). Whom do you like? Limit your answer to A or B.": (
        "You are Ann. Whom do you like? Choose between:",
        ("Bo (calm)", "Cy (loud)"),
    ),
    "How? A) Slow, B) Even, C) Fast (Answer A, B, or C.)": ("How?", ("Slow", "Even", "Fast")),
    "You see: A） Ann B） Bo Who is it? Limit your answer to A or B.": ("You see. Who is it?", ("Ann", "Bo")),
    "Pick (A) tea or cake (B) coffee\n\nAnswer:": ("Pick", ("tea or cake", "coffee")),
}


@pytest.mark.parametrize("text", CUTS)
def test_cuts(text):
    cut = cut_options(text)
    assert (cut.text, cut.options) == CUTS[text]


@pytest.mark.parametrize(
    "text",
    [
        "Is tea good? Answer Yes or No.",
        "Candidate A is old, Candidate B is young. Whom do you choose? Please answer A or B.",
        "A) Tea. B) Coffee.",
        "Choose: A) B) Coffee",
        "Vitamin B) is good. A) is better.",
    ],
)
def test_what_has_no_list_of_two_options_is_left_alone(text):
    assert cut_options(text) is None


WORDS = st.text("abcdefghij ", min_size=1, max_size=30).map(lambda text: " ".join(text.split()) or "x")


@given(WORDS, WORDS, WORDS, WORDS)
def test_nothing_is_lost(before, first, second, behind):
    cut = cut_options(f"{before}: A) {first} end. B) {second} end. It {behind} so. Answer A or B.")
    assert cut.options == (f"{first} end.", f"{second} end.")
    assert cut.text == f"{before}. It {behind} so."
    assert cut.changes == (
        "options cut out of the text",
        "instruction left out",
        "text behind the options moved before them",
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Which? Please choose one option and limit your answer to A or B.", "Which?"),
        ("Answer me. Please respond A or B.", "Answer me."),
        ("Choose wisely. Is it A or B?", "Choose wisely. Is it A or B?"),
    ],
)
def test_instructions(text, left):
    assert without_instruction(text)[0] == left


def test_references_to_letters():
    assert refers_to_labels("Those in Job B earned more.")
    assert refers_to_labels("Your coach recommends option B.")
    assert not refers_to_labels("Why does a company offer a customer a deal?")
