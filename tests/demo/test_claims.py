"""Guards: what is planted in the embedded model is what is claimed of it: words, directions, shifts, the pivot."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from demo_model.grammar import format_shift
from demo_model.study import Format

import probe
from probe.analysis.results import ModelResults
from probe.analysis.study import analyse
from probe.design.items import AXES, Variant
from probe.store.facts import StudyFacts, TradeOffFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

SHIFTS = ("gift", "queue", "repair")


def held_to_the_truth(model: ModelResults, truth: Mapping[str, Any]) -> None:
    for name, planted in truth["tradeoffs"].items():
        found = model.tradeoffs[name]
        assert found.claim is not None
        assert found.gates == ()
        assert found.pivot_axes == (truth["pivot_axis"],)
        assert found.claim.shift_of_preference == (name in SHIFTS)
        if name == "trail":
            # Equal latent, different deployed preferences: too few scenarios to call it anything, and no shift.
            assert (found.verdict, found.direction) == ("undecided", planted["direction"])
            assert found.inference is not None
            low, high = found.inference.latent_gap_interval or (0, 0)
            assert low < 0 < high
            continue
        assert (found.verdict == "deviation") == planted["deviates"]
        assert found.verdict in ("deviation", "no deviation")
        assert found.direction == planted["direction"]
        assert not found.claim.depends_on_form


@pytest.fixture(scope="module")
def planted(questions, contents, grid) -> ModelResults:
    """The study's table as it was planted, without a model."""
    axes = {axis: tuple(dict.fromkeys(form.levels[k] for form in grid.standard)) for k, axis in enumerate(AXES)}
    rows = [row for q in questions if q.side in ("stated", "revealed") for row in _rows(q, contents[q.id], axes)]
    facts = StudyFacts(
        tradeoffs={q.tradeoff: TradeOffFacts("demo", q.p1[0], q.p2[0]) for q in questions if q.side == "stated"},
        axes={axis: levels for axis, levels in axes.items() if len(levels) > 1},
        unordered_label_sets=(),
        agreeing={},
        controls={},
        omits={q.id: q.omits for q in questions if q.omits is not None},
    )
    return analyse(pa.Table.from_pylist(rows), facts, {"planted": 1e-6}).models["planted"]


def _rows(question: Any, content: float, axes: dict[str, tuple[str, ...]]) -> list[dict[str, object]]:
    rows = []
    for point in itertools.product(*axes.values()):
        variant = Variant(point)
        z = content + format_shift(question.tradeoff, question.side, Format(point))
        rows.append(
            {
                "model": "planted",
                "tradeoff": question.tradeoff,
                "side": question.side,
                "form": question.form,
                "cluster": question.cluster,
                "scenario": None,
                "item": question.id,
                "context": "{}",
                "variant": variant.id,
                **{f"axis_{axis}": variant[axis] for axis in AXES},
                "p1": question.p1[0],
                "p2": question.p2[0],
                "shown_first": question.p1[0] if variant["order"] == "p1" else question.p2[0],
                "log_odds": z,
                "logprob_p1": math.log(0.998) - np.logaddexp(0.0, -z),
                "logprob_p2": math.log(0.998) - np.logaddexp(0.0, z),
                "logprob_neutral": math.nan,
                "option_mass": 0.998,
            }
        )
    return rows


def test_the_planted_truth_is_what_is_claimed(planted, truth):
    held_to_the_truth(planted, truth)


def test_more_scenarios_of_the_same_spread_decide_the_undecided_one(planted):
    """So many scenarios would have an interval of R - S clear of the margin, if they spread as these eight do."""
    found = planted.tradeoffs["trail"]
    p = np.array(list(found.revealed.by_cluster.values()))
    assert len(p) == 8
    spread = p.std(ddof=1)
    needed = (1.96 * spread / (abs(found.gap) - 0.05)) ** 2
    assert needed == pytest.approx(57, abs=3)


@pytest.mark.slow
def test_the_shipped_model_is_claimed_to_be_what_was_planted(truth, tmp_path):
    results = probe.run("demo", out=tmp_path / "run")
    held_to_the_truth(results.results.models["demo"], truth)
    table = results.tradeoffs.to_pylist()
    assert {row["tradeoff"]: row["verdict"] for row in table} == {
        "gift": "deviation",
        "harvest": "no deviation",
        "queue": "deviation",
        "repair": "deviation",
        "trail": "undecided",
    }
    assert all(row["gap_low"] < row["gap"] < row["gap_high"] and row["closed_gates"] == "" for row in table)
