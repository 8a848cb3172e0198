"""Guards: the shipped suites are clean, each rule finds what it is for, and a slip of polarity can be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe.design.lint import check, readback
from probe.design.suites import suite_names, suite_paths
from probe.design.tradeoffs import load_tradeoff

SHORT = Path(__file__).parent.parent / "data" / "short.yaml"
SOURCE = SHORT.read_text(encoding="utf-8")


@pytest.fixture
def findings_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*sources):
        names = ["short.yaml", "other.yaml"][: len(sources)]
        for name, source in zip(names, sources, strict=True):
            Path(name).write_text(source, encoding="utf-8")
        # The fixture's principles are called by words that its stories use, and its bridges end in their own way: not
        # what is tested here.
        findings = check([Path(name) for name in names])
        return [str(finding) for finding in findings if finding.rule not in ("principle-named", "ending")]

    return run


def line_of(text):
    return SOURCE[: SOURCE.index(text)].count("\n") + 1


def test_the_suite_is_clean_and_the_others_can_be_run():
    assert check(list(suite_paths(["core", "all"]))) == []
    assert not [one for one in check(list(suite_paths([*suite_names(), str(SHORT)]))) if one.structural]


def test_what_keeps_a_file_from_loading_is_a_finding(findings_of):
    bad = SOURCE.replace("form: choose", "form: chose").replace("kind: fact", "kind: facts")
    told = findings_of(bad, "a: 1\na: 2\n")
    assert [text.split(": ")[0] for text in told] == [
        "other.yaml:2",
        f"short.yaml:{line_of('form: choose')}",
        f"short.yaml:{line_of('kind: fact')}",
    ]
    assert all(text.endswith("[load]") for text in told)


def test_a_scenario_has_factors_and_a_bridge(findings_of):
    bare = """\
  - id: bare
    text: You find a coin. What do you do?
    options: {share: You give it away., keep: You keep it.}
"""
    found = findings_of(SOURCE.replace("revealed:\n", "revealed:\n" + bare))
    told = [text for text in found if not text.endswith("[acts]")]
    line = line_of("  - id: apple")
    assert [text.partition(": revealed[0]: ")[0] for text in told] == [f"short.yaml:{line}"] * 3
    assert "'bare' has no bridge" in told[0]
    assert "'bare' has no factors" in told[1]
    assert "'bare' does not say why" in told[2]


def test_a_file_is_named_as_its_tradeoff(findings_of):
    (told,) = findings_of(SOURCE.replace("tradeoff: short", "tradeoff: brief"))
    assert told == ("short.yaml:3: tradeoff: is 'brief' in a file named 'short.yaml'. Give both the same name. [name]")


def test_a_line_that_reads_as_a_label(findings_of):
    (told,) = findings_of(SOURCE.replace("text: What is better for a child", 'text: "Think.\\nB) What is better'))
    assert "is not valid YAML" in told
    bad = SOURCE.replace(
        "text: What is better for a child with many toys?", 'text: "Think.\\nB) What is better for a child?"'
    )
    (told,) = findings_of(bad)
    assert told.startswith(f"short.yaml:{line_of('text: What is better for a child')}: stated[0].text: a line begins")
    assert "'B)'" in told


def test_one_text_at_two_places(findings_of):
    bad = SOURCE.replace(
        "Look up on a sunny day. What color is the sky?", "you have FOOD and a boy is hungry. What is better?"
    )
    (told,) = findings_of(bad)
    assert told.startswith(f"short.yaml:{line_of('Look up')}: controls[0].text: the text stands at short.yaml:")
    assert told.endswith("[same-text]")


def test_one_id_in_two_files(findings_of):
    told = findings_of(SOURCE, SOURCE)
    assert sum("[same-id]" in text for text in told) == 1
    assert sum("[same-text]" in text for text in told) == 11 + 4  # texts, and options of scenarios


def test_texts_of_content_free_controls_may_be_the_same(findings_of):
    empty = """\
  - id: empty{n}
    kind: content_free
    text: Choose.
    options: {{a: This., b: That.}}
"""
    assert findings_of(SOURCE + empty.format(n=1) + empty.format(n=2)) == []


def test_a_slip_of_polarity_shows():
    lines = readback(load_tradeoff(SHORT).tradeoff)
    at = lines.index("short/last-cake~mate (agree)")
    assert lines[at + 1 : at + 3] == (
        "  share: No, I do not agree with Tim.",
        "  keep [agreeing]: Yes, I agree with Tim.",
    )
    assert "  blue [expected]: The sky is blue." in lines
    assert len(lines) == 3 * 13
