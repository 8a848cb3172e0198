"""Guards: several system texts make models into conditions, each read as if it had been asked for alone."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pytest

import probe
from probe.cli import main
from probe.commands.reread import Sample
from probe.commands.verify import verify_run
from probe.errors import InputError, StudyError
from probe.progress import Silent
from probe.report.summary import asking_line
from probe.study.request import Request
from probe.study.resolve import resolve

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"
OPTIONS = {"suite": str(SHORT), "design": "quick", "limit": 1}
TEXTS = ("Be brief, always and in every answer.", "")
NAMES = ("demo+be-brief-always-and-in", "demo+no-system")


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return probe.run("demo", system=TEXTS, out=tmp_path_factory.mktemp("systems") / "run", **OPTIONS)


def own(results, name):
    return results.readings.filter(pc.equal(results.readings["model"], name)).drop_columns(["model"])


def test_each_condition_is_what_a_run_of_its_own_reads(both, tmp_path):
    assert tuple(sorted(both.manifest.models)) == NAMES
    assert both.manifest.study.systems == dict(zip(NAMES, TEXTS, strict=True))
    for name, text in zip(NAMES, TEXTS, strict=True):
        alone = probe.run("demo", system=text, out=tmp_path / name, **OPTIONS)
        assert own(alone, "demo").equals(own(both, name)), name
        assert alone.manifest.study.system == text
        assert alone.manifest.study.systems == {}
    assert not own(both, NAMES[0]).equals(own(both, NAMES[1]))


def test_outputs_tell_the_text(both):
    told = {name: asking_line(model) for name, model in both.results.models.items()}
    assert told[NAMES[0]] == f"With the system text: {TEXTS[0]}"
    assert "With the system text" not in told[NAMES[1]]
    assert TEXTS[0] in (both.path / "README.md").read_text()
    assert {row["second"] for row in probe.compare(both).tradeoffs.to_pylist()} == {NAMES[1]}


def test_the_same_again_reads_nothing_and_other_texts_are_another_study(both):
    before = (both.path / "manifest.json").read_bytes()
    again = probe.run("demo", system=list(TEXTS), out=both.path, **OPTIONS)
    assert (again.path / "manifest.json").read_bytes() == before
    with pytest.raises(StudyError, match="systems was"):
        probe.run("demo", system=("Be brief.", ""), out=both.path, **OPTIONS)


def test_a_sample_of_each_condition_is_read_again(both):
    found = verify_run(both.path, Sample(2, 0, (), None, None, offline=False), Silent())
    assert found.exit_code == 0, found.text()
    assert all(name in found.text() for name in NAMES)


def test_the_flag_may_be_repeated_and_a_prompt_has_one(capsys):
    assert main(["plan", "demo", "--system", "One.", "--system", "", "--design", "quick", "--limit", "1"]) == 0
    told = capsys.readouterr().out
    assert "demo+one" in told
    assert "demo+no-system" in told
    show = ["show", "demo", "--item", "gift/always-tell", "--no-weights"]
    assert main([*show, "--system", "One."]) == 0
    assert "One." in capsys.readouterr().out
    assert main([*show, "--system", "One.", "--system", "Two."]) == 2


def test_names_of_texts_that_begin_alike_differ():
    study = resolve(Request(models=("demo",), system=("Be kind.", "Be kind!", "…")), weights=False)
    assert [source.name for source in study.sources] == ["demo+be-kind-1", "demo+be-kind-2", "demo+system"]
    one = resolve(Request(models=("demo",), system=("Be kind.",)), weights=False)
    assert [(source.name, source.system) for source in one.sources] == [("demo", "Be kind.")]
    with pytest.raises(InputError, match="stands there twice"):
        resolve(Request(models=("demo",), system=("a", "a")), weights=False)
