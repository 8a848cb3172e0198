"""Guards: a wheel's own copy is read before anything beside the package; nothing is guessed."""

from __future__ import annotations

import pytest

from probe.design import data
from probe.errors import EnvironmentFault


def test_the_package_s_own_copy_comes_first(tmp_path, monkeypatch):
    package = tmp_path / "probe"
    (package / "data").mkdir(parents=True)
    monkeypatch.setattr(data, "PACKAGE", package)
    with pytest.raises(
        EnvironmentFault, match=r"'models\.yaml', which ships with it, is missing\. Install probe again\."
    ):
        data.data_path("models.yaml")
    (tmp_path / "models.yaml").touch()
    assert data.data_path("models.yaml") == tmp_path / "models.yaml"
    (package / "data" / "models.yaml").touch()
    assert data.data_path("models.yaml") == package / "data" / "models.yaml"


def test_both_are_there():
    assert data.data_path("models.yaml").is_file()
    assert (data.data_path("scenarios") / "suites.yaml").is_file()
