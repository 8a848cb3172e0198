"""Guards: the demo's own readings get the right word as measured, behind a position bias, without content, and cut."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from probe.analysis.study import Terms, analyse
from probe.store.facts import ControlFacts, StudyFacts, TradeOffFacts

from .conftest import ROOT

if TYPE_CHECKING:
    from probe.analysis.results import TradeOffResult

DATA = ROOT / "tests" / "data"
ABOUT = json.loads((DATA / "demo.json").read_text(encoding="utf-8"))
FACTS = StudyFacts(
    tradeoffs={key: TradeOffFacts(**value) for key, value in ABOUT["facts"]["tradeoffs"].items()},
    axes={axis: tuple(levels) for axis, levels in ABOUT["facts"]["axes"].items()},
    unordered_label_sets=tuple(ABOUT["facts"]["unordered_label_sets"]),
    agreeing=ABOUT["facts"]["agreeing"],
    controls={key: ControlFacts(**value) for key, value in ABOUT["facts"]["controls"].items()},
    omits=ABOUT["facts"]["omits"],
)


@pytest.fixture(scope="module")
def readings() -> pa.Table:
    """Frozen readings of the shipped model in the standard design."""
    return pq.read_table(DATA / "demo.parquet")


def words_of(readings: pa.Table) -> dict[str, TradeOffResult]:
    found = analyse(readings, FACTS, {"demo": ABOUT["log_odds_floor"]}, Terms(models=1)).models["demo"].tradeoffs
    assert all(result.gates == () for result in found.values())
    return found


def verdicts(readings: pa.Table) -> dict[str, str | None]:
    return {name: result.verdict for name, result in words_of(readings).items()}


def with_log_odds(readings: pa.Table, z: np.ndarray) -> pa.Table:
    place = readings.column_names.index("log_odds")
    return readings.set_column(place, "log_odds", pa.array(z))


def position_bias(readings: pa.Table, size: float) -> pa.Table:
    """The option shown first gains `size` nats; known answers stand at 8 nats, other controls are left alone."""
    first = np.array(pc.equal(readings["shown_first"], readings["p1"]))
    z = readings["log_odds"].to_numpy() + size * np.where(first, 1.0, -1.0)
    was = readings["log_odds"].to_numpy()
    rows = zip(readings["item"].to_pylist(), readings["p1"].to_pylist(), readings["side"].to_pylist(), strict=True)
    for row, (item, p1, side) in enumerate(rows):
        if side == "control":
            expect = FACTS.controls[item].expect
            z[row] = was[row] if expect is None else (8.0 if expect == p1 else -8.0)
    return with_log_odds(readings, z)


def without_content(readings: pa.Table) -> pa.Table:
    """Each item's mean log-odds taken out, controls kept."""
    z = readings["log_odds"].to_numpy().copy()
    _, item = np.unique(np.array(readings["item"].to_pylist()), return_inverse=True)
    mean = np.bincount(item, z) / np.bincount(item)
    asked = np.array(pc.not_equal(readings["side"], "control"))
    z[asked] -= mean[item][asked]
    return with_log_odds(readings, z)


def test_as_measured(readings):
    found = words_of(readings)
    assert {name: result.verdict for name, result in found.items()} == {
        "gift": "deviation",
        "harvest": "no deviation",
        "queue": "deviation",
        "repair": "deviation",
        "trail": "undecided",
    }
    assert not any(result.claim.by_format for result in found.values())
    assert [name for name, result in found.items() if result.claim.shift_of_preference] == ["gift", "queue", "repair"]


def test_ten_planted_probabilities(readings):
    """Are measured within 0.0020, as the README says."""
    planted = json.loads((ROOT / "probe/demo_model/truth.json").read_text(encoding="utf-8"))["tradeoffs"]
    apart = sorted(
        abs(getattr(result, side).deployed - planted[name][side])
        for name, result in words_of(readings).items()
        for side in ("stated", "revealed")
    )
    assert len(apart) == 10
    assert apart[-1] <= 0.0020


def test_a_position_bias_masks_and_is_never_no_deviation(readings):
    found = words_of(position_bias(readings, 6.0))
    assert [name for name, result in found.items() if result.verdict == "masked"] == ["gift", "queue", "repair"]
    assert all(found[name].claim.format_axes == ("order",) for name in ("gift", "queue", "repair"))
    assert not any(result.claim.shift_of_preference for result in found.values())


def test_without_content_there_is_no_preference(readings):
    assert set(verdicts(without_content(readings)).values()) == {"no preference"}


def test_three_clusters_a_side_cannot_be_tested(readings):
    kept = set()
    for name in FACTS.tradeoffs:
        for side in ("stated", "bridge", "revealed"):
            own = pc.and_(pc.equal(readings["tradeoff"], name), pc.equal(readings["side"], side))
            kept |= set(sorted(pc.unique(readings.filter(own)["cluster"]).to_pylist())[:3])
    few = pc.or_(pc.equal(readings["side"], "control"), pc.is_in(readings["cluster"], pa.array(sorted(kept))))
    assert list(verdicts(readings.filter(few)).values()) == ["not testable"] * 5
