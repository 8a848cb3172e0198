"""Guards: what answers follow is told by the largest part, by all formats together, and by 5 % of content."""

from __future__ import annotations

import pytest

from probe.analysis.effects import FormatShares
from probe.report.followed import followed


def shares(content, order, label, rest, mean_square=4.0):
    return FormatShares(mean_square, content, order, label, None, None, rest)


@pytest.mark.parametrize(
    ("parts", "most"),
    [
        ((0.04, 0.2, 0.5, 0.26), "formats alone"),
        ((0.05, 0.2, 0.5, 0.25), "a format"),
        ((0.4, 0.2, 0.3, 0.1), "formats together"),
        ((0.6, 0.2, 0.1, 0.1), "content"),
        ((1.0 + 1e-12, 0.0, 0.0, 0.0), "content"),
    ],
)
def test_what_is_followed(parts, most):
    found = followed(shares(*parts))
    assert found.most == most
    assert found.content**2 + found.formats**2 == pytest.approx(4)
    assert list(found.by_format.values()) == sorted(found.by_format.values(), reverse=True)
    assert {name: nats**2 / 4 for name, nats in found.by_format.items()} == pytest.approx(
        {"order": parts[1], "label": parts[2], "rest": parts[3]}
    )
