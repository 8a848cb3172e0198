"""Guards: the sentence over all trade-offs says what was found and nothing where nothing was."""

from __future__ import annotations

from dataclasses import replace

from probe.analysis.results import Admitted, FailedCheck, LevelFigures, Levels, StudyLevel
from probe.report.check_tables import check_tables
from probe.report.claim_text import claim_lines, failed_checks, formats_line
from probe.report.study_text import levels_line, study_line

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


def test_dropped_levels_are_named(model):
    found = Levels({}, (("label_set", "12"), ("cue", "choice")), 8, 32, 11)
    told = levels_line(replace(model, levels=found))
    for part in ("8 of 32 formats", "11 controls", "label set 12 and cue choice"):
        assert part in told
    assert levels_line(replace(model, levels=replace(found, dropped=()))) == ""
    assert levels_line(replace(model, levels=None)) == ""


def test_a_word_over_admitted_formats_is_told_with_its_own_figures(model):
    found = model.tradeoffs["gift"]
    own = Admitted(8, 32, 0.81, 0.22, -0.59, -2.5, found.inference, None, "undecided", "it was wide")
    lines = claim_lines(replace(found, admitted=own))
    told = formats_line(replace(found, admitted=own))
    assert told in lines
    assert told.startswith("The word is over 8 of 32 formats (stated 0.810, revealed 0.220)")
    assert told.endswith("over all formats it is “undecided”: it was wide.")
    assert "the latent gap is -2.5" in " ".join(lines)
    assert formats_line(found) == ""


def test_the_mass_gate_names_the_levels_that_fail_it(model):
    figures = {"answer": LevelFigures(0.64, 0.6, 0.75, 1.25), "choice": LevelFigures(0.21, 0.2, None, 0.5)}
    levels = Levels({"cue": figures}, (("cue", "choice"),), 16, 32, 11)
    gate = FailedCheck("option_mass_mean", "stated", 0.43, 0.5)
    closed = {"gift": replace(model.tradeoffs["gift"], gates=(gate,))}
    (line,) = failed_checks(replace(model, tradeoffs=closed, levels=levels))
    assert "below it: cue choice 0.210. Not interpretable: gift." in line
    (table,) = [t for t in check_tables(replace(model, levels=levels)) if t.title == "Levels of the format axes"]
    assert [list(map(str, row))[:3] for row in table.rows] == [["cue", "answer", "yes"], ["cue", "choice", "no"]]
