"""A run folder: what it holds, and whether it may be extended by a request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from probe.errors import StudyError
from probe.store.atomic import read_table, write_bytes, write_table
from probe.store.manifest import Manifest
from probe.store.schema import PROMPTS, READINGS, empty_readings, sort_readings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from probe.store.manifest import StudyRecord

__all__ = ["RunFolder"]


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one study.

    Attributes:
        path: Where it is. Nothing is created before there is something to write.
    """

    path: Path

    @property
    def manifest_path(self) -> Path:
        """``manifest.json``."""
        return self.path / "manifest.json"

    def manifest(self) -> Manifest | None:
        """What the folder says of itself, or None if it is new.

        Raises:
            StudyError: The folder exists, is not empty, and holds no manifest; or the manifest is damaged.
        """
        if self.manifest_path.is_file():
            return Manifest.from_json(self.manifest_path.read_text(encoding="utf-8"), str(self.manifest_path))
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise StudyError(
                f"{self.path}: exists and is not a run folder of probe (it has no manifest.json). Choose another --out."
            )
        return None

    def accept(self, study: StudyRecord) -> Manifest | None:
        """Check that `study` repeats or extends what is here, and return what is here.

        Raises:
            StudyError: The folder holds another study.
        """
        manifest = self.manifest()
        if manifest is None:
            return None
        differences = manifest.study.differences(study)
        if differences:
            raise StudyError(
                f"{self.path}: holds another study: {'; '.join(differences[:4])}. "
                "Choose another --out, or run the command that made this folder."
            )
        return manifest

    def readings(self) -> pa.Table:
        """The table, sorted; empty if there is none yet."""
        path = self.path / "readings.parquet"
        return read_table(path, READINGS) if path.is_file() else empty_readings()

    def prompts(self) -> pa.Table:
        """Texts of the prompts; empty if there are none yet."""
        path = self.path / "prompts.parquet"
        return read_table(path, PROMPTS) if path.is_file() else PROMPTS.empty_table()

    def write_readings(self, readings: pa.Table) -> None:
        """Replace the table, sorted by model, item and variant."""
        write_table(self.path / "readings.parquet", sort_readings(readings))

    def write_prompts(self, prompts: pa.Table) -> None:
        """Replace the prompts: distinct, sorted by model and hash."""
        keys = ["model", "prompt_sha256", "text"]
        distinct = prompts.group_by(keys).aggregate([]).select(keys)
        ordered = distinct.sort_by([(key, "ascending") for key in keys]).cast(PROMPTS).combine_chunks()
        write_table(self.path / "prompts.parquet", ordered)

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest: the last file that a run writes."""
        write_bytes(self.manifest_path, manifest.to_json().encode())

    def write_study(self, files: Mapping[str, str]) -> None:
        """Keep the inputs verbatim under ``study/``."""
        for name, text in sorted(files.items()):
            write_bytes(self.path / "study" / name, text.encode())

    def file_hashes(self) -> dict[str, str]:
        """sha256 of the tables that are there."""
        names = ("readings.parquet", "prompts.parquet")
        paths = {name: self.path / name for name in names}
        return {n: hashlib.sha256(p.read_bytes()).hexdigest() for n, p in paths.items() if p.is_file()}
