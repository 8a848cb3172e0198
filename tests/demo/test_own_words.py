"""Guards: the pull of what was said, and the echo of its label, come out of a run of the shipped model as planted."""

from __future__ import annotations

import pytest

import probe

PULL, NONE, ECHO = 0.05, 0.02, 0.05
"""How far a planted pull, a pull of nothing and the planted echo may be from what is measured, in nats."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("planted") / "run"
    return probe.run("demo", suite="gift,harvest", design="quick", own_words="some", out=out, threads=1)


@pytest.fixture(scope="module")
def found(run):
    return {key: result.own_words for key, result in run.results.models["demo"].tradeoffs.items()}


def test_the_planted_pull_is_found_and_none_where_none_is(found, truth):
    gift, harvest = (found[key].choice for key in ("gift", "harvest"))
    planted = truth["tradeoffs"]["gift"]["own_words"]["choice"]
    assert planted == 0.8
    assert gift.pull.value == pytest.approx(planted, abs=PULL)
    assert gift.beyond_floor
    assert gift.scenarios == 8
    assert truth["tradeoffs"]["harvest"]["own_words"]["choice"] == 0
    assert harvest.pull.value == pytest.approx(0, abs=NONE)


def test_no_choice_moves_the_principle_that_is_said_after_it(found, truth):
    for key in ("gift", "harvest"):
        assert truth["tradeoffs"][key]["own_words"]["principle"] == 0
        assert found[key].principle.pull.value == pytest.approx(0, abs=PULL)


@pytest.mark.parametrize("read", ["choice", "principle"])
def test_the_label_that_was_said_is_repeated_and_no_position(found, truth, read):
    for key in ("gift", "harvest"):
        turns = getattr(found[key], read)
        assert turns.label_echo.value == pytest.approx(truth["label_echo"], abs=ECHO)
        assert turns.position_echo.value == pytest.approx(0, abs=ECHO)
        assert turns.unrelated.label_echo.value == pytest.approx(truth["label_echo"], abs=ECHO)
        assert turns.unrelated.pull.value == pytest.approx(0, abs=ECHO)


def test_the_report_holds_them_against_the_truth(run):
    page = (run.path / "report.html").read_text(encoding="utf-8")
    for quantity in ("pull on the choice", "pull on the principle", "label echo, choice"):
        assert f">{quantity}<" in page


def test_the_training_found_them_in_every_tradeoff(truth):
    """As the training script measured it, over every pair."""
    assert set(truth["agreement"]["own_words"]) == set(truth["tradeoffs"])
    for name, found in truth["agreement"]["own_words"].items():
        for read, terms in found.items():
            planted = truth["tradeoffs"][name]["own_words"].get(read, 0.0)
            assert terms["pull"] == pytest.approx(planted, abs=NONE if read == "choice" and not planted else PULL)
            assert terms["label_echo"] == pytest.approx(truth["label_echo"], abs=ECHO)
            assert terms["position_echo"] == pytest.approx(0, abs=ECHO)
