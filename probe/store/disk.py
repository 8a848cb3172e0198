"""Files that are either the old one or the new one, also after a power cut; each step is a call that can fail."""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from probe.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DISK", "Disk", "FileSystem", "NewFile", "replacing", "reported"]

_BUFFER = 1 << 20
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class FileSystem(Protocol):
    """The steps by which a file comes into being; each may raise `OSError`."""

    def create(self, path: Path) -> int:
        """Open a new file for writing and return its descriptor."""
        ...

    def write(self, file: int, data: bytes) -> int:
        """Write the first of `data` and return how many bytes that was."""
        ...

    def sync(self, file: int) -> None:
        """Wait until what was written is on the medium."""
        ...

    def close(self, file: int) -> None:
        """Give the descriptor back."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Put `source` in the place of `target` in one step."""
        ...

    def sync_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the medium."""
        ...

    def append(self, path: Path, data: bytes) -> None:
        """Add to the end of a file in one write, which no other writer splits."""
        ...

    def make_folder(self, folder: Path) -> None:
        """Make one folder whose parent is there; nothing if it is there itself."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file; nothing if it is not there."""
        ...


class Disk:
    """The file system of this machine."""

    def create(self, path: Path) -> int:
        """Open a new file for writing."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)

    def write(self, file: int, data: bytes) -> int:
        """Write; the system may take less than it is given."""
        return os.write(file, data)

    def sync(self, file: int) -> None:
        """Wait for the medium."""
        os.fsync(file)

    def close(self, file: int) -> None:
        """Close."""
        os.close(file)

    def rename(self, source: Path, target: Path) -> None:
        """Rename over whatever is there."""
        source.replace(target)

    def sync_folder(self, folder: Path) -> None:
        """Fsync a folder; some network file systems have no such thing."""
        file = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):
                os.fsync(file)
        finally:
            os.close(file)

    def append(self, path: Path, data: bytes) -> None:
        """Append in one write."""
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK, 0o666)
        try:
            os.write(file, data)
        finally:
            os.close(file)

    def make_folder(self, folder: Path) -> None:
        """Make it, if it is not there."""
        folder.mkdir(exist_ok=True)

    def remove(self, path: Path) -> None:
        """Remove it, if it is there."""
        path.unlink(missing_ok=True)


DISK = Disk()


class NewFile:
    """A file on its way, with the sha256 of what has been written. Has what Arrow asks of a file."""

    def __init__(self, disk: FileSystem, path: Path) -> None:
        """Create it."""
        self._disk, self._file, self._digest = disk, disk.create(path), hashlib.sha256()
        self._held = bytearray()
        self._at = 0
        self.closed = False

    def write(self, data: bytes | memoryview) -> int:
        """Take bytes; they are passed on a megabyte at a time."""
        size = len(data)
        self._held += data
        self._at += size
        if len(self._held) >= _BUFFER:
            self._pass_on()
        return size

    def flush(self) -> None:
        """Nothing is promised before the end."""

    def tell(self) -> int:
        """How many bytes were taken."""
        return self._at

    @property
    def sha256(self) -> str:
        """Of everything taken so far."""
        return self._digest.hexdigest() if not self._held else self._after_passing()

    def finish(self, *, durable: bool) -> None:
        """Pass on what is left, and wait for the medium if it is to outlast a power cut."""
        self._pass_on()
        if durable:
            self._disk.sync(self._file)
        self.close()

    def close(self) -> None:
        """Close it as it is."""
        if not self.closed:
            self.closed = True
            self._disk.close(self._file)

    def _after_passing(self) -> str:
        digest = self._digest.copy()
        digest.update(self._held)
        return digest.hexdigest()

    def _pass_on(self) -> None:
        self._digest.update(self._held)
        rest = bytes(self._held)
        self._held.clear()
        while rest:
            rest = rest[self._disk.write(self._file, rest) :]


@contextmanager
def replacing(path: Path, disk: FileSystem, *, durable: bool = True) -> Iterator[NewFile]:
    """A file that takes the place of `path` when the block ends, and leaves no trace if it fails.

    Written under a name that no other writer has, on whichever machine; synced; renamed; the folder synced.

    Raises:
        OSError: As the file system says.
    """
    _make_folders(path.parent, disk, durable=durable)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    file = None
    try:
        file = NewFile(disk, temporary)
        yield file
        file.finish(durable=durable)
        disk.rename(temporary, path)
        if durable:
            disk.sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            if file is not None:
                file.close()
            disk.remove(temporary)
        raise


@contextmanager
def reported(what: str, remedy: str) -> Iterator[None]:
    """Turn what the file system says into what the user can do.

    Raises:
        EnvironmentFault: The disk is full, or the folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FORBIDDEN:
            remedy = "Room would not help: ask for the right to write there, or name another place (PROBE_CACHE, --out)"
        found = ": ".join(str(part) for part in (error.strerror, error.filename) if part) or error
        raise EnvironmentFault(
            f"{what}: cannot be written ({found}). {remedy}; the same command goes on from what is there."
        ) from error


def _make_folders(folder: Path, disk: FileSystem, *, durable: bool) -> None:
    if folder.is_dir():
        return
    _make_folders(folder.parent, disk, durable=durable)
    disk.make_folder(folder)
    if durable:
        disk.sync_folder(folder.parent)
