"""Guards: a file that was put in place outlasts a power cut, name included; what killed writers left is swept."""

from __future__ import annotations

import pytest

from probe.store.disk import Disk, replacing
from probe.store.folder import RunFolder


class Noted(Disk):
    """Notes the order of the steps that must have an order."""

    def __init__(self):
        self.steps = []

    def sync(self, file):
        self.steps.append("sync file")
        super().sync(file)

    def rename(self, source, target):
        self.steps.append(f"rename to {target.name}")
        super().rename(source, target)

    def sync_folder(self, folder):
        self.steps.append(f"sync folder {folder.name}")
        super().sync_folder(folder)


def test_the_folder_is_synced_after_the_rename(tmp_path):
    disk = Noted()
    with replacing(tmp_path / "new" / "a", disk) as file:
        file.write(b"x")
    assert disk.steps == [f"sync folder {tmp_path.name}", "sync file", "rename to a", "sync folder new"]


def test_what_need_not_last_is_not_waited_for(tmp_path):
    disk = Noted()
    with replacing(tmp_path / "a", disk, durable=False) as file:
        file.write(b"x")
    assert disk.steps == ["rename to a"]


@pytest.mark.parametrize("name", [".readings.parquet.0123456789ab.tmp", "study/tradeoffs/.a.yaml.0123456789ab.tmp"])
def test_what_a_killed_writer_left_is_swept_under_the_lock(name, tmp_path):
    left = tmp_path / name
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half")
    (tmp_path / "mine.tmp").write_bytes(b"a name that no writer gives")
    with RunFolder(tmp_path).lock():
        assert not left.exists()
    assert (tmp_path / "mine.tmp").exists()
