"""Guards: the library is the installed one, but for one pair of brackets, and goes on if its shape changes."""

from __future__ import annotations

from plotly.offline import get_plotlyjs

from probe.report.plotly_js import bracketed, drawing_library


def test_only_one_pair_of_brackets_is_added() -> None:
    whole, ours = get_plotlyjs(), drawing_library()
    at = next(place for place, (a, b) in enumerate(zip(whole, ours, strict=False)) if a != b)
    end = next(place for place in range(1, 99) if whole[-place] != ours[-place])
    assert ours[at - 1 :].startswith("(() => {")
    assert ours[:at] + ours[at + 1 : len(ours) - end] + ours[len(ours) - end + 1 :] == whole


def test_a_library_of_another_shape_stays_as_it_is() -> None:
    for text in ("const Plotly = {};", "(function (f) { f(); })(this, function () { run(); });", ""):
        assert bracketed(text) == text


def test_it_ends_no_script() -> None:
    assert "</script" not in drawing_library().lower()
