"""A run without a flag and the same folder extended by it: a module's `ASKED`, and its `FLAG` beside."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import probe

TEMPLATE = Path(__file__).parents[2] / "scenarios" / "template.yaml"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder in which a module's tests run, with the template as a trade-off of its own."""
    found = tmp_path_factory.mktemp("runs")
    template = TEMPLATE.read_text(encoding="utf-8")
    (found / "trip.yaml").write_text(template.replace("tradeoff: template", "tradeoff: trip"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(found)
        yield found


@pytest.fixture(scope="module")
def without(place, request):
    return probe.run("demo", out=place / "without", **request.module.ASKED)


@pytest.fixture(scope="module")
def extended(place, without, request):
    shutil.copytree(without.path, place / "extended")
    return probe.run("demo", out=place / "extended", **request.module.ASKED, **request.module.FLAG)
