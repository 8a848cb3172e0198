"""Guard: what stands in the suite is what its last readers read, and read right."""

from __future__ import annotations


def test_every_scenario_was_read_right_as_it_stands_by_the_majority_of_its_last_readers():
    from rounds import scenario_hashes
    from score import last_readings, rounds, unread

    assert unread(last_readings(rounds()), scenario_hashes("all")) == []
