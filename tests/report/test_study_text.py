"""Guards: the sentence over all trade-offs says what was found and nothing where nothing was."""

from __future__ import annotations

from dataclasses import replace

from probe.analysis.results import StudyLevel
from probe.report.study_text import study_line

FOUND = StudyLevel(4, 0.31, (0.19, 1.4), 3, 0.0021, 4, 9999, 0.95, 0.9)


def test_every_figure_is_told(model):
    told = study_line(replace(model, study_level=FOUND, content_reliability=0.75))
    for figure in (
        "over 3 trade-offs",
        "0.310",
        "[0.190, 1.000]",
        "p = 0.002",
        "4 trade-offs together",
        "0.950",
        "0.900",
    ):
        assert figure in told
    assert told.endswith("Reliability of an item's content over formats: 0.750.")


def test_what_was_not_found_is_not_told(model):
    bare = replace(
        FOUND,
        typical_size=None,
        typical_size_interval=None,
        omnibus_p=None,
        generalisability_items=None,
        generalisability_items_and_formats=None,
    )
    assert study_line(replace(model, study_level=bare, content_reliability=None)) == ""
    assert study_line(replace(model, study_level=None, content_reliability=None)) == ""
    told = study_line(replace(model, study_level=replace(FOUND, generalisability_items_and_formats=None)))
    assert "0.900" not in told
