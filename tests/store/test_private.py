"""Guards: what is unpickled lies in a folder that nobody else may write."""

from __future__ import annotations

import os
import stat

import pytest

from probe.errors import EnvironmentFault
from probe.store.private import private_folder
from probe.study.request import Request
from probe.workers.launch import worker_pool


def test_a_folder_is_made_for_its_owner_alone(tmp_path):
    for _ in range(2):
        private_folder(tmp_path / "cache" / "jobs")
        assert stat.S_IMODE((tmp_path / "cache" / "jobs").stat().st_mode) == 0o700
        (tmp_path / "cache" / "jobs").chmod(0o777)


def test_a_link_is_refused(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "jobs").symlink_to(tmp_path / "other")
    with pytest.raises(EnvironmentFault, match="is a link, or belongs to another user"):
        private_folder(tmp_path / "jobs")


def test_a_folder_that_others_may_exchange_is_refused(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(EnvironmentFault, match="exchange"):
        private_folder(tmp_path / "jobs")
    tmp_path.chmod(0o1777)
    private_folder(tmp_path / "jobs")


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(EnvironmentFault, match="another user"):
        private_folder(tmp_path / "jobs")


def test_jobs_are_kept_in_such_a_folder(tmp_path):
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'probe[slurm]'")
    (tmp_path / "jobs").symlink_to(tmp_path)
    with pytest.raises(EnvironmentFault, match="is a link"), worker_pool(Request(scheduler="slurm"), tmp_path / "jobs"):
        pass
