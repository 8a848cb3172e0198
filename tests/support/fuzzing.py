"""Input files as strangers may write them: what is right, changed in a few places by hypothesis; and what reads them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import strategies as st
from strange import PIECES, Target, texts, trees
from strange_models import MODEL_TARGETS, own_cache

import probe
from probe.design.expand import expand
from probe.errors import ProbeError
from probe.store.atomic import write_table
from probe.store.folder import RunFolder
from probe.store.manifest import Manifest, _canonical, _sha256
from probe.study.request import Request
from probe.study.resolve import load_design, load_models, load_suites, resolve
from probe.study.study_file import read_study_file

__all__ = ["TARGETS", "Target", "seed_run"]

ROOT = Path(probe.__file__).parents[1]
TRADEOFF = (ROOT / "tests/data/short.yaml").read_text(encoding="utf-8")
STUDY = f"""\
models: [demo]
suite: [{ROOT / "tests/data/short.yaml"}]
design: quick
limit: 2
dtype: float32
quant: none
compute: native
exact: false
validate: 3
device: cpu
workers: 2
offline: true
out: runs/mine
revision: null
base: null
system: Be brief.
system_merge: true
reader: auto
pack_tokens: 512
scheduler: local
threads: 1
gpus_per_worker: null
ray_address: null
models_file: null
slurm: {{}}
"""
DESIGN = """\
design: mine
axes:
  order: [p1, p2]
  cue: [answer, bare]
  label_set: [AB, greek]
levels:
  label_set: {greek: {labels: [alpha, beta], ordered: true}}
  cue: {bare: "Reply:"}
"""
MODELS = """\
models:
  - id: one
    path: ../weights
    family: mine
    kind: instruct
    licence: MIT
    params_b: 0.5
    context: 2048
    quant: [none, nf4]
    template: {keywords: {enable_thinking: false}, append: "x", append_ids: [7]}
  - {id: two, hub: org/name, revision: 0123456789abcdef0123456789abcdef01234567, family: f, kind: base, licence: MIT}
"""


def written(tree: object) -> bytes:
    with contextlib.suppress(yaml.YAMLError):
        return yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass")
    return b"strange: true"


def yaml_files(text: str) -> st.SearchStrategy[bytes]:
    return st.one_of(trees(yaml.safe_load(text)).map(written), texts(text), st.binary(max_size=64))


def in_a_file(read: Callable[[Path], None]) -> Callable[[object], None]:
    def act(case: object) -> None:
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "strange.yaml"
            path.write_bytes(case)
            read(path)

    return act


def read_tradeoff(path: Path) -> None:
    for file in load_suites([str(path)]):
        expand(file.tradeoff)


def read_study(path: Path) -> None:
    """Read a study file and all that it names, short of weights; nothing is fetched."""
    request = Request(**read_study_file(path))
    with own_cache():
        resolve(dataclasses.replace(request, offline=True), weights=False)


def read_design(path: Path) -> None:
    load_design(str(path)).variants()


_SEEDS: list[Path] = []


def seed_run() -> Path:
    """A finished run folder, made once, read by an engine that costs nothing."""
    if not _SEEDS:
        from faults import install_fake_engine

        from probe.progress import Silent
        from probe.run import measure
        from probe.store.cache import Cache

        place = Path(tempfile.mkdtemp())
        with pytest.MonkeyPatch.context() as patch:
            install_fake_engine(patch)
            design = place / "design.yaml"
            design.write_text("design: two\naxes: {order: [p1, p2]}\n")
            study = resolve(Request(suite=(str(ROOT / "tests/data/short.yaml"),), design=str(design), limit=1))
            measure(study, RunFolder(place / "run"), Silent(), Cache(place / "cache"))
        shutil.rmtree(place / "cache", ignore_errors=True)
        _SEEDS.append(place / "run")
    return _SEEDS[0]


def signed(content: object) -> bytes:
    """A manifest with a sum that fits, whatever it holds."""
    if isinstance(content, dict):
        content.pop("manifest_sha256", None)
        with contextlib.suppress(ValueError, TypeError, UnicodeError):
            return _canonical({**content, "manifest_sha256": _sha256(_canonical(content))}).encode()
    return json.dumps(content).encode("utf-8", "surrogatepass")


def manifests() -> st.SearchStrategy[bytes]:
    text = (seed_run() / "manifest.json").read_text(encoding="utf-8")
    return st.one_of(trees(json.loads(text)).map(signed), texts(text), st.binary(max_size=64))


def read_manifest(case: object) -> None:
    manifest = Manifest.from_json(case.decode("utf-8", "replace"), "manifest.json")
    assert Manifest.from_json(manifest.to_json(), "again") == manifest


@st.composite
def folders(draw) -> tuple[str, bytes, bool]:
    """A file of a run folder, its new bytes, and whether the manifest vouches for them."""
    seed = seed_run()
    names = sorted(p.relative_to(seed).as_posix() for p in seed.rglob("*") if p.is_file() and p.name != ".lock")
    name = draw(st.sampled_from(names))
    data = (seed / name).read_bytes()
    if name == "readings.parquet" and draw(st.booleans()):
        return name, draw(tables(pq.read_table(seed / name))), True
    if name == "results.json" and draw(st.booleans()):
        return name, json.dumps(draw(trees(json.loads(data)))).encode("utf-8", "surrogatepass"), True
    start = draw(st.integers(0, max(0, len(data) - 1)))
    piece = draw(st.binary(max_size=8))
    return name, data[:start] + piece + data[start + draw(st.sampled_from([0, 1, len(piece)])) :], draw(st.booleans())


@st.composite
def tables(draw, table: pa.Table) -> bytes:
    """A table of the right columns with some cells of another value."""
    columns = table.to_pydict()
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(table.column_names))
        kind = table.schema.field(name).type
        row = draw(st.integers(0, table.num_rows - 1))
        if pa.types.is_floating(kind):
            columns[name][row] = draw(st.sampled_from([float("nan"), float("inf"), -float("inf"), 0.0, 1.0, -1e308]))
        elif pa.types.is_integer(kind):
            columns[name][row] = draw(st.sampled_from([0, -1, 2**31 - 1]))
        else:
            columns[name][row] = (draw(st.one_of(PIECES, st.sampled_from(columns[name]))) or "").replace("\ud800", "")
    with tempfile.TemporaryDirectory() as place:
        write_table(Path(place) / "t", pa.table(columns, schema=table.schema))
        return (Path(place) / "t").read_bytes()


def read_folder(case: object) -> None:
    """Open a run folder, read its tables and results, and hold them against each other."""
    from probe.commands.verify import verify_run
    from probe.progress import Silent
    from probe.results import Results

    name, data, vouched = case
    with tempfile.TemporaryDirectory() as place:
        copy_ = Path(place) / "run"
        shutil.copytree(seed_run(), copy_)
        (copy_ / name).write_bytes(data)
        folder = RunFolder(copy_)
        if vouched and name != "manifest.json":
            manifest = folder.manifest()
            folder.write_manifest(dataclasses.replace(manifest, files=folder.file_hashes()))
        refused: ProbeError | None = None
        for act in (lambda: _open(Results(copy_)), lambda: verify_run(copy_, None, Silent()).text()):
            try:
                act()
            except ProbeError as error:
                refused = error
        if refused is not None:
            raise refused


def _open(results) -> None:
    _ = results.readings, results.tradeoffs, results.budget, results.biases


IMPORTED = ROOT / "tests" / "imports" / "data"
SOURCES = {
    "moralchoice": ("moralchoice", None),
    "anthropic-evals": ("anthropic", None),
    "daily-dilemmas": ("daily/dilemmas.csv", None),
    "emergent-values": ("emergent/options_hierarchical.json", None),
    "litmus-values": ("litmus", None),
    "table": ("table/lamps.csv", "table/map.yaml"),
}
"""A few items of each importer's source, and the column map of a table."""


@st.composite
def sources(draw) -> tuple[str, str, bytes]:
    """An importer, a file of its source or its column map, and that file's new bytes."""
    kind = draw(st.sampled_from(sorted(SOURCES)))
    places_ = [IMPORTED / one for one in SOURCES[kind] if one is not None]
    files = sorted(path for one in places_ for path in ([one] if one.is_file() else one.iterdir()))
    path = draw(st.sampled_from(files))
    text = path.read_text(encoding="utf-8")
    return kind, path.relative_to(IMPORTED).as_posix(), draw(st.one_of(texts(text), st.binary(max_size=64)))


def read_source(case: object) -> None:
    """Import a source of which one file is another."""
    from probe.commands.import_files import read_kind
    from probe.imports.writing import files_of

    kind, name, data = case
    with tempfile.TemporaryDirectory() as place:
        copy_ = Path(place) / "data"
        shutil.copytree(IMPORTED, copy_)
        (copy_ / name).write_bytes(data)
        path, column_map = SOURCES[kind]
        files_of(read_kind(kind, copy_ / path, copy_ / column_map if column_map else None, (2, 0)))


@st.composite
def configs(draw) -> bytes:
    """A model's config, changed."""
    text = (ROOT / "probe" / "demo_model" / "config.json").read_text(encoding="utf-8")
    tree = trees(json.loads(text)).map(lambda one: json.dumps(one).encode("utf-8", "surrogatepass"))
    return draw(st.one_of(tree, texts(text), st.binary(max_size=64)))


def read_model_config(case: object) -> None:
    """Read a config, without building a model."""
    from probe.engine.meta_model import read_config

    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "config.json").write_bytes(case)
        read_config(Path(place), "strange")


TARGETS: dict[str, Callable[[], Target]] = {
    "scenario": lambda: Target(yaml_files(TRADEOFF), in_a_file(read_tradeoff), 0.35),
    "design": lambda: Target(yaml_files(DESIGN), in_a_file(read_design), 0.2),
    "study": lambda: Target(yaml_files(STUDY), in_a_file(read_study), 0.05),
    "models": lambda: Target(yaml_files(MODELS), in_a_file(load_models), 0.2),
    "manifest": lambda: Target(manifests(), read_manifest, 0.15),
    "run folder": lambda: Target(folders(), read_folder, 0.1),
    "import": lambda: Target(sources(), read_source, 0.1),
    "config": lambda: Target(configs(), read_model_config, 0.05),
    **MODEL_TARGETS,
}
