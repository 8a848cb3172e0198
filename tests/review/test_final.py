"""Guard: what stands in the suite is what its last readers read, and read right; what is not is named, and nothing else."""

from __future__ import annotations

import pytest


def test_what_nobody_has_read_right_as_it_stands_is_what_the_list_names():
    from rounds import scenario_hashes
    from score import last_readings, pending, rounds, unread

    assert unread(last_readings(rounds()), scenario_hashes("all")) == pending(), "python scripts/review/score.py"


@pytest.fixture
def suite_of_one(tmp_path, monkeypatch):
    """The hashes of a suite of one file, by its source."""
    import rounds

    from probe.design.tradeoffs import load_tradeoff

    def hashes(source):
        path = tmp_path / "t.yaml"
        path.write_text(source, encoding="utf-8")
        monkeypatch.setattr(rounds, "load_suites", lambda _: [load_tradeoff(path)])
        return rounds.scenario_hashes("t")

    return hashes


SOURCE = """\
tradeoff: t
family: f
principles: {safe: Keep watch., free: Let go.}
revealed:
  - id: r
    text: The {{room}} has no camera.
    factors: {room: {hall: hall, yard: yard}}
    options: {safe: You put one up., free: You leave it.}
    acts: {safe: act, free: omit}
    mate:
      text: The {{room}} has a camera.
      options: {safe: You let it hang., free: You take it down.}
"""


@pytest.mark.parametrize(
    ("old", "new", "unread"),
    [
        ("has a camera", "has a new camera", {"t/r~mate"}),
        ("You take it down.", "You unscrew it.", {"t/r~mate"}),
        ("has no camera", "has got no camera", {"t/r"}),
        ("hall: hall", "hall: great hall", {"t/r", "t/r~mate"}),
        ("Keep watch.", "Keep guard.", {"t/r", "t/r~mate"}),
    ],
)
def test_a_mate_is_read_by_itself(suite_of_one, old, new, unread):
    before, after = suite_of_one(SOURCE), suite_of_one(SOURCE.replace(old, new))
    assert set(before) == {"t/r", "t/r~mate"}
    assert {name for name in before if before[name] != after[name]} == unread
