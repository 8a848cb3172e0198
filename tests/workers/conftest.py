"""A small study read by real workers, what it must come out as, and someone who kills a worker in the middle."""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path

import psutil
import pytest

import probe
from probe.store.cache import cache_folder

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.fixture
def read(tmp_path):
    """``read(name, ...)``: read the study into a folder; its table's sha256 and the model's record."""

    def run(name, **options):
        results = probe.run("demo", suite=str(SHORT), design="standard", out=tmp_path / name, **options)
        table = (tmp_path / name / "readings.parquet").read_bytes()
        return hashlib.sha256(table).hexdigest(), results.manifest.models["demo"]

    return run


@pytest.fixture(scope="session")
def expected(tmp_path_factory):
    """sha256 of the table of one process alone."""
    folder = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROBE_CACHE", str(folder / "cache"))
        probe.run("demo", suite=str(SHORT), design="standard", out=folder / "r", threads=1)
    return hashlib.sha256((folder / "r" / "readings.parquet").read_bytes()).hexdigest()


class Killer(threading.Thread):
    """Does something once, as soon as the first pack is in the cache: the others are still to be read."""

    def __init__(self, kill) -> None:
        super().__init__(daemon=True)
        self.kill, self.done = kill, None
        self.cache = cache_folder()
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set() and self.done is None:
            if next((self.cache / "packs").glob("*/*/*.pack"), None) is not None:
                self.done = self.kill()
            time.sleep(0.002)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.join()


@pytest.fixture
def killing():
    """``with killing(words)``: kill -9 a process below this one whose command has these words, in the middle."""

    def one(*words):
        def kill():
            for process in psutil.Process().children(recursive=True):
                try:
                    if all(word in " ".join(process.cmdline()) for word in words):
                        process.kill()
                        return process.pid
                except psutil.Error:
                    continue
            return None

        return Killer(kill)

    return one


@pytest.fixture
def doing():
    """``with doing(function)``: call it in the middle; it says what it did."""
    return Killer
