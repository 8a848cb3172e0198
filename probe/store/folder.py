"""A run folder: what it holds, and whether it may be extended by a request."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from probe.errors import EnvironmentFault, StudyError
from probe.store.atomic import RUN_REMEDY, read_table, write_bytes, write_rows
from probe.store.disk import DISK, reported
from probe.store.manifest import Manifest
from probe.store.previous_rows import EarlierRows
from probe.store.runlog import RunLog
from probe.store.schema import OWN_TABLES, PROMPTS, SCHEMAS, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from probe.design.items import TableName
    from probe.store.disk import FileSystem
    from probe.store.manifest import StudyRecord

__all__ = ["RunFolder"]

LOCK_SECONDS = 600.0
"""How long to wait for another run that is writing the same folder."""

_BESIDE = {".lock", "run.log", "manifest.json"}
"""Files that the manifest does not vouch for."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one study.

    Attributes:
        path: Where it is. Nothing is created before there is something to write.
        disk: How its files are written.
    """

    path: Path
    disk: FileSystem = DISK

    @property
    def manifest_path(self) -> Path:
        """``manifest.json``."""
        return self.path / "manifest.json"

    def manifest(self) -> Manifest | None:
        """What the folder says of itself, or None if it is new.

        Raises:
            StudyError: The folder exists, is not empty, and holds no manifest; or the manifest is damaged; or a link
                lies in the folder.
        """
        self._refuse_links()
        if self.manifest_path.is_file():
            text = self.manifest_path.read_bytes().decode("utf-8", "replace")
            return Manifest.from_json(text, str(self.manifest_path))
        if self.path.exists() and not (self.path.is_dir() and all(map(_is_ours, self.path.iterdir()))):
            raise StudyError(
                f"{self.path}: exists and is not a run folder of probe (it has no manifest.json). Name a run "
                "folder, or choose another --out."
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
        return self.table("readings")

    def table(self, name: TableName) -> pa.Table:
        """A table of readings, sorted; empty if there is none."""
        path = self.path / f"{name}.parquet"
        return read_table(path, SCHEMAS[name]) if path.is_file() else SCHEMAS[name].empty_table()

    def own_tables(self) -> dict[TableName, pa.Table]:
        """The tables beside the readings that are there."""
        return {name: self.table(name) for name in OWN_TABLES if (self.path / f"{name}.parquet").is_file()}

    def earlier(self, name: TableName, manifest: Manifest | None) -> EarlierRows:
        """Rows of a table, if they are those that the manifest vouches for."""
        vouched = manifest.files.get(f"{name}.parquet") if manifest else None
        whole = self.holds(f"{name}.parquet", vouched)
        return EarlierRows(self.path / f"{name}.parquet" if whole else None, SCHEMAS[name])

    def prompts(self) -> pa.Table:
        """Texts of the prompts; empty if there are none yet."""
        path = self.path / "prompts.parquet"
        return read_table(path, PROMPTS) if path.is_file() else PROMPTS.empty_table()

    def written(self) -> pa.Table:
        """Written answers; empty if there are none."""
        path = self.path / "validation.parquet"
        return read_table(path, WRITTEN) if path.is_file() else WRITTEN.empty_table()

    def refuse_unwritable(self) -> None:
        """Say so before a model is loaded.

        Raises:
            StudyError: It is a file, or would lie in one.
            EnvironmentFault: The folder, or the one it would be made in, is read-only.
        """
        there = next(folder for folder in (self.path.absolute(), *self.path.absolute().parents) if folder.exists())
        if not there.is_dir():
            found = "is a file" if there == self.path.absolute() else f"{there.name} is a file"
            raise StudyError(f"{self.path}: {found}, and a run needs a folder. Name another with --out.")
        if not os.access(there, os.W_OK | os.X_OK):
            raise EnvironmentFault(
                f"{self.path}: {there.name or there} cannot be written. Choose another folder with --out, or ask for "
                "the right to write there."
            )

    def begin(self, manifest: Manifest) -> None:
        """Mark a new folder as this study's; one that has a manifest stays as it is."""
        if not self.manifest_path.is_file():
            self.write("manifest.json", manifest.to_json())

    @contextmanager
    def claimed(self, manifest: Manifest) -> Iterator[None]:
        """Mark a new folder as this study's before anything is read; if nothing is kept in it after all, it is gone.

        Raises:
            StudyError: Another study has come first.
        """
        with self.lock():
            is_new = self.accept(manifest.study) is None
            self.begin(manifest)
        try:
            yield
        except BaseException:
            if is_new:
                self._leave()
            raise

    def log(self, begin: Manifest) -> RunLog:
        """The log; its first line makes the folder, with `begin` as its manifest."""
        return RunLog(self.path / "run.log", self.disk, lambda: self.begin(begin))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other runs from writing the folder's tables meanwhile; a kill gives the lock back.

        Raises:
            EnvironmentFault: Another run has been writing for ten minutes.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415  costs 20 ms that a finished run need not pay

        lock = FileLock(self.path / ".lock", timeout=LOCK_SECONDS)
        try:
            lock.acquire()
        except Timeout as error:
            raise EnvironmentFault(
                f"{self.path}: another run has been writing this folder for {LOCK_SECONDS:.0f} seconds. Wait for it, "
                "or end it; the same command goes on from what is there."
            ) from error
        except (NotImplementedError, OSError):
            yield  # a file system without locks: every file is still replaced in one step
            return
        try:
            self._sweep()
            yield
        finally:
            lock.release()

    def write(self, name: str, content: str) -> None:
        """Replace a file by a text."""
        write_bytes(self.path / name, content.encode(), self.disk)

    def write_readings(self, pieces: Iterable[pa.Table]) -> str:
        """Replace the table by sorted pieces of it, and tell its sha256."""
        return self.write_table("readings", pieces)

    def write_table(self, name: TableName, pieces: Iterable[pa.Table]) -> str:
        """Replace a table of readings by sorted pieces of it, and tell its sha256."""
        return write_rows(self.path / f"{name}.parquet", SCHEMAS[name], pieces, self.disk)

    def drop_table(self, name: TableName) -> None:
        """Remove a table of readings, where it is."""
        if (self.path / f"{name}.parquet").exists():
            with reported(name, RUN_REMEDY):
                self.disk.remove(self.path / f"{name}.parquet")

    def write_prompts(self, pieces: Iterable[pa.Table]) -> str:
        """Replace the prompts by sorted, distinct pieces of them, and tell the file's sha256."""
        return write_rows(self.path / "prompts.parquet", PROMPTS, pieces, self.disk)

    def write_written(self, rows: pa.Table) -> str:
        """Replace the written answers, sorted, and tell the file's sha256."""
        return write_rows(self.path / "validation.parquet", WRITTEN, [rows], self.disk)

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest: the last file that a run writes."""
        self.write("manifest.json", manifest.to_json())

    def write_study(self, files: Mapping[str, str]) -> None:
        """Keep the inputs verbatim under ``study/``."""
        for name, text in sorted(files.items()):
            self.write(f"study/{name}", text)

    def file_hashes(self) -> dict[str, str]:
        """sha256 of every file that the manifest vouches for, by its name in the folder."""
        paths = {path.relative_to(self.path).as_posix(): path for path in self.path.rglob("*") if path.is_file()}
        return {name: _file_hash(paths[name]) for name in sorted(paths) if not _is_beside(name)}

    def damaged(self, manifest: Manifest) -> list[str]:
        """Names of files that are missing or not those that the manifest vouches for."""
        return [name for name, digest in manifest.files.items() if not self.holds(name, digest)]

    def holds(self, name: str, digest: str | None) -> bool:
        """Whether a file is there with this sha256."""
        path = self.path / name
        return digest is not None and path.is_file() and _file_hash(path) == digest

    def _refuse_links(self) -> None:
        """Nothing here points elsewhere: writing would go there, and what is read would not be of this run.

        Raises:
            StudyError: A link lies in the folder.
        """
        for path in self.path.rglob("*"):
            if path.is_symlink():
                raise StudyError(
                    f"{path}: is a link, and a run folder holds files of its own. Put the file in its place, or choose "
                    "another folder with --out."
                )

    def _leave(self) -> None:
        """Remove a manifest that nothing was written beside."""
        with self.lock():
            if {path.name for path in self.path.iterdir()} <= {".lock", "manifest.json"}:
                self.disk.remove(self.manifest_path)
                self.disk.remove(self.path / ".lock")
        with suppress(OSError):
            self.path.rmdir()  # not empty, where something was

    def _sweep(self) -> None:
        """Remove what a killed writer has left."""
        for path in self.path.rglob(".*.tmp"):
            self.disk.remove(path)


def _is_ours(path: Path) -> bool:
    return path.name in _BESIDE or path.name.endswith(".tmp")


def _is_beside(name: str) -> bool:
    return name in _BESIDE or name.startswith("figures/") or name.rpartition("/")[2].startswith(".")


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
