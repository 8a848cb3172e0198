"""Finished packs, one file each, found again by what read them and what was read. Does not know how."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from probe.errors import StudyError
from probe.store.disk import replacing, reported

if TYPE_CHECKING:
    from probe.store.disk import FileSystem

__all__ = ["CACHE_REMEDY", "SHARD", "SUFFIX", "Shard", "Shards", "read_shard"]

SHARD = pa.schema(
    [
        pa.field("logprobs", pa.list_(pa.field("item", pa.float64(), nullable=False)), nullable=False),
        pa.field("boundaries", pa.list_(pa.field("item", pa.float64(), nullable=False)), nullable=False),
        pa.field("top_token_id", pa.int64(), nullable=False),
        pa.field("top_logprob", pa.float64(), nullable=False),
    ]
)
"""Columns of a shard, a row per prompt in the pack's order; the lists go over the prompt's continuations."""

SUFFIX = ".pack"
CACHE_REMEDY = "Make room (`probe cache gc`), or point PROBE_CACHE at another folder"

_MAGIC = b"probe pack 1\n"


@dataclass(frozen=True, slots=True)
class Shard:
    """What was read of one pack.

    Attributes:
        rows: A row per prompt, of schema `SHARD`.
        seconds: How long its forward passes took.
    """

    rows: pa.RecordBatch
    seconds: float


@dataclass(frozen=True)
class Shards:
    """Packs that one engine has read: a model at one precision, on one kind of machine, by one version of the reader.

    Attributes:
        folder: Where they lie; its name is the engine's key.
        disk: How they are written.
    """

    folder: Path
    disk: FileSystem

    @property
    def engine(self) -> str:
        """The key of the engine."""
        return self.folder.name

    def path(self, pack: str) -> Path:
        """Where the shard of a pack lies."""
        return self.folder / pack[:2] / f"{pack}{SUFFIX}"

    def holds(self, pack: str) -> bool:
        """Whether there is a file; it may still be damaged."""
        return self.path(pack).is_file()

    def load(self, pack: str) -> Shard | None:
        """The shard of a pack, every byte checked, or None if there is none.

        Raises:
            StudyError: The file is damaged, or is another pack's or another engine's.
        """
        path = self.path(pack)
        try:
            return read_shard(path, self.engine, pack)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StudyError(f"{path.name}: cannot be read ({error.strerror}). Remove it from the cache.") from error

    def keep(self, pack: str, shard: Shard) -> None:
        """Write a shard; when this returns it outlasts a power cut.

        Raises:
            EnvironmentFault: The disk is full, or the cache cannot be written.
        """
        content = _encode(self.engine, pack, shard)
        with reported("the cache of finished packs", CACHE_REMEDY), replacing(self.path(pack), self.disk) as file:
            file.write(content)

    def content(self, pack: str) -> bytes:
        """The shard of a pack as its file holds it, to be sent elsewhere.

        Raises:
            OSError: There is none.
        """
        return self.path(pack).read_bytes()

    def take(self, pack: str, content: bytes) -> None:
        """Write a shard that comes from elsewhere.

        Raises:
            StudyError: It is damaged, or is another pack's or another engine's.
            EnvironmentFault: As `keep`.
        """
        _decode(content, self.path(pack).name, self.engine, pack)
        with reported("the cache of finished packs", CACHE_REMEDY), replacing(self.path(pack), self.disk) as file:
            file.write(content)

    def describe(self, about: dict[str, str]) -> None:
        """Note for people whose packs these are, where that is not noted yet.

        Raises:
            EnvironmentFault: As `keep`.
        """
        path = self.folder / "about.json"
        if not path.is_file():
            with reported("the cache of finished packs", CACHE_REMEDY), replacing(path, self.disk) as file:
                file.write((json.dumps(about, indent=1, sort_keys=True) + "\n").encode())

    def drop(self, pack: str) -> None:
        """Remove a shard, as when it is damaged."""
        with reported("the cache of finished packs", CACHE_REMEDY):
            self.disk.remove(self.path(pack))


def read_shard(path: Path, engine: str, pack: str) -> Shard:
    """Read a file of the cache, every byte checked.

    Raises:
        StudyError: It is damaged, or is another pack's or another engine's.
        OSError: It cannot be read.
    """
    return _decode(path.read_bytes(), path.name, engine, pack)


def _decode(content: bytes, name: str, engine: str, pack: str) -> Shard:
    head = len(_MAGIC) + hashlib.sha256().digest_size
    body = content[head:]
    if content[: len(_MAGIC)] != _MAGIC or hashlib.sha256(body).digest() != content[len(_MAGIC) : head]:
        raise StudyError(f"{name}: damaged, its bytes are not those that were written. It is read again.")
    rows = pa.ipc.open_stream(body).read_all()
    about = json.loads(rows.schema.metadata[b"probe"])
    batch = rows.combine_chunks().to_batches()
    sound = (
        about["engine"] == engine
        and about["pack"] == pack
        and rows.schema.remove_metadata().equals(SHARD)
        and len(batch) == 1
        and np.isfinite(np.asarray(batch[0]["logprobs"].values)).all()
    )
    if not sound:
        raise StudyError(f"{name}: holds another pack, or numbers that are none. It is read again.")
    return Shard(batch[0], float(about["seconds"]))


def _encode(engine: str, pack: str, shard: Shard) -> bytes:
    about = json.dumps({"engine": engine, "pack": pack, "seconds": shard.seconds})
    sink = pa.BufferOutputStream()
    rows = shard.rows.replace_schema_metadata({"probe": about})
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_batch(rows)
    body = bytes(sink.getvalue().to_pybytes())
    return _MAGIC + hashlib.sha256(body).digest() + body
