"""Guards: what is unpickled lies in a folder that nobody else may write."""

from __future__ import annotations

import os
import stat

import pytest

from probe.errors import EnvironmentFault
from probe.store.cache import open_cache
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


def test_a_folder_in_one_of_another_user_is_refused(tmp_path, monkeypatch):
    """Its owner could put another in its place."""
    (tmp_path / "jobs").mkdir()
    stat_of = type(tmp_path).stat

    def other(path, **how):
        found = stat_of(path, **how)
        fields = [*found[:4], found.st_uid + 1, *found[5:]]
        return os.stat_result(fields) if path == tmp_path and how.get("follow_symlinks", True) else found

    monkeypatch.setattr(type(tmp_path), "stat", other)
    with pytest.raises(EnvironmentFault, match="exchange"):
        private_folder(tmp_path / "jobs")


def test_the_root_of_the_cache_is_made_for_its_owner_alone(tmp_path, monkeypatch):
    root = tmp_path / "not" / "yet"
    monkeypatch.setenv("PROBE_CACHE", str(root))
    assert open_cache().root == root
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


@pytest.mark.parametrize(("before", "after"), [(0o777, 0o700), (0o775, 0o700), (0o755, 0o755), (0o500, 0o500)])
def test_a_cache_that_others_may_write_is_closed_to_them(before, after, tmp_path, monkeypatch):
    monkeypatch.setenv("PROBE_CACHE", str(tmp_path))
    tmp_path.chmod(before)
    open_cache()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == after
    tmp_path.chmod(0o700)


def test_a_cache_of_another_user_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("PROBE_CACHE", str(tmp_path))
    tmp_path.chmod(0o777)
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    open_cache()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o777


def test_a_cache_that_cannot_be_made_is_told_where_it_is_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PROBE_CACHE", str(tmp_path / "file" / "cache"))
    cache = open_cache()
    with pytest.raises(EnvironmentFault, match=rf"cannot be written \(.*: {tmp_path}/file/"), cache.scratch():
        pass


def test_jobs_are_kept_in_such_a_folder(tmp_path):
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'probe[slurm]'")
    (tmp_path / "jobs").symlink_to(tmp_path)
    with pytest.raises(EnvironmentFault, match="is a link"), worker_pool(Request(scheduler="slurm"), tmp_path / "jobs"):
        pass
