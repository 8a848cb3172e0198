"""Whether a run folder is what its manifest says: every byte, every relation between files, a sample read again."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from probe.commands.reread import Reread, reread_sample
from probe.commands.verify_depth import layer_sums
from probe.errors import ProbeError, StudyError
from probe.figures import KINDS, figure_files
from probe.report.publish import DERIVED, derived
from probe.store.folder import RunFolder
from probe.store.schema import OWN_TABLES
from probe.store.versions import library_versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from probe.commands.reread import Sample
    from probe.progress import Progress
    from probe.store.manifest import Manifest

__all__ = ["Verified", "verify_run"]


NOT_CHECKED = 4
"""Exit code: nothing wrong was found, and not everything was looked at."""


@dataclass
class Verified:
    """What was found in a run folder.

    Attributes:
        findings: What is wrong, a line each.
        checked: What was compared with what.
        reread: What reading a sample again has given, by model.
        not_reread: Why a model's sample could not be read again, and what to give for it.
    """

    findings: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    reread: list[Reread] = field(default_factory=list)
    not_reread: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """For a reader."""
        lines = [f"NOT CHECKED: {name} was not read again: {why}" for name, why in self.not_reread.items()]
        lines += [*self.checked, *(str(one) for one in self.reread)]
        lines += [f"FINDING: {one}" for one in self.findings]
        holds = "not everything was checked" if self.not_reread else "nothing found"
        return "\n".join([*lines, f"{len(self.findings)} findings" if self.findings else holds])

    @property
    def exit_code(self) -> int:
        """0 it holds, 1 something is wrong, 4 something could not be looked at."""
        return 1 if self.findings else NOT_CHECKED if self.not_reread else 0

    def json(self) -> str:
        """For other tools."""
        return json.dumps(asdict(self), indent=1)


def verify_run(path: Path, sample: Sample | None, progress: Progress) -> Verified:
    """Check a run folder.

    Args:
        path: The folder.
        sample: What to read again; None to load no weights.
        progress: Where to say how far it is.

    Raises:
        StudyError: It is no run folder, or its manifest is damaged.
    """
    folder = RunFolder(path)
    manifest = folder.manifest()
    if manifest is None:
        raise StudyError(f"{path}: there is no run in this folder. Make one with `probe run --out`.")
    found = Verified()
    found.checked.append(f"manifest.json: its own sha256, and {len(manifest.files)} files by theirs")
    if not manifest.complete:
        found.findings.append("the run was interrupted; the same `probe run` command goes on from here")
        return found
    damaged = folder.damaged(manifest)
    found.findings += [f"{name}: {_what(path / name)}" for name in damaged]
    found.findings += _study_files(folder, manifest)
    _check_figures(path, found)
    if {"readings.parquet", "prompts.parquet"}.isdisjoint(damaged):
        table = folder.readings()
        found.findings += [*_table(table, manifest), *_prompts(table, folder.prompts())]
        found.checked.append(f"readings.parquet: {table.num_rows} rows against the manifest and their own sums")
        _check_own_tables(folder, manifest, damaged, found)
        _check_derived(folder, manifest, found)
        if sample is not None:
            _read_again(folder, manifest, sample, found, progress)
    return found


def _what(path: Path) -> str:
    return "its bytes are not those that the run wrote" if path.is_file() else "missing"


def _study_files(folder: RunFolder, manifest: Manifest) -> Iterator[str]:
    for name, digest in sorted(manifest.study.tradeoffs.items()):
        path = folder.path / "study" / "tradeoffs" / f"{name}.yaml"
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield f"study/tradeoffs/{name}.yaml: not the file that the study was made from"


def _check_figures(path: Path, found: Verified) -> None:
    """Figures are outside of the manifest: of a kind that was drawn, each is there."""
    there = {file.name for file in (path / "figures").glob("*")}
    drawn = [kind for kind in KINDS if any(name.endswith(f".{kind}") for name in there)]
    found.findings += [
        f"figures/{name}: missing; `probe report {path}` draws it again"
        for name in figure_files(drawn)
        if name not in there
    ]
    looked = f"whether each {', '.join(drawn)} is there, not its bytes" if drawn else "none were drawn"
    found.checked.append(f"figures/: {looked}")


def _check_own_tables(folder: RunFolder, manifest: Manifest, damaged: Sequence[str], found: Verified) -> None:
    """The tables beside the readings in the same way; those of the manifest that are not there are damaged files."""
    for name in OWN_TABLES:
        file, counts = (
            f"{name}.parquet",
            {model: one.packs_beside.get(name, 0) for model, one in manifest.models.items()},
        )
        if file in damaged or not (any(counts.values()) or file in manifest.files):
            continue
        table = folder.table(name)
        found.findings += [*_rows(file, table, manifest, counts), *_prompts(table, folder.prompts())]
        if name == "texts":
            baselines = table.select(["model", "baseline_sha256"]).rename_columns(["model", "prompt_sha256"])
            found.findings += _prompts(baselines, folder.prompts())
        found.checked.append(f"{file}: {table.num_rows} rows against the manifest and their own sums")


def _table(table: pa.Table, manifest: Manifest) -> Iterator[str]:
    """The table against the manifest, and against what a table is."""
    models = set(table["model"].unique().to_pylist())
    counted = {name for name, one in manifest.models.items() if one.packs}  # none where option texts alone were read
    if models != counted:
        yield f"readings.parquet: holds the models {sorted(models)}, the manifest {sorted(counted)}"
    yield from _rows("readings.parquet", table, manifest, {name: one.packs for name, one in manifest.models.items()})


def _rows(file: str, table: pa.Table, manifest: Manifest, packs: Mapping[str, int]) -> Iterator[str]:
    """Rows of a table against what the manifest counts of each model, and against each other."""
    strange = set(table["tradeoff"].unique().to_pylist()) - set(manifest.study.tradeoffs)
    if strange:
        yield f"{file}: trade-offs {sorted(strange)} are not of this study"
    for name, count in sorted(packs.items()):
        own = table.filter(pc.equal(table["model"], name))
        items = own.group_by(["item", "pack_sha256"]).aggregate([])
        if not len(items) == len(own["item"].unique()) == count:
            yield f"{file}: {len(items)} packs of {name}, the manifest counts {count}"
    key = ("model", "item", "variant", *["layer"] * ("layer" in table.column_names))
    keys = list(zip(*(table[name].to_pylist() for name in key), strict=True))
    if any(one >= other for one, other in itertools.pairwise(keys)):
        yield f"{file}: rows are not sorted by {', '.join(key[:-1])} and {key[-1]}, or one is there twice"
    sums = {"texts.parquet": _text_sums, "depth.parquet": layer_sums}.get(file, _sums)
    yield from sums(file, table)


def _text_sums(file: str, table: pa.Table) -> Iterator[str]:
    """Option texts: every sum is one of log-probabilities, over at least one token."""
    sums = [table[f"{name}_{at}"].to_numpy() for name in ("logprob", "baseline") for at in ("p1", "p2")]
    counts = [table[f"tokens_{at}"].to_numpy() for at in ("p1", "p2")]
    if not (all((np.isfinite(one) & (one <= 0)).all() for one in sums) and all((one > 0).all() for one in counts)):
        yield f"{file}: log-probabilities of a text are above 0 or no numbers, or a text has no token"


def _sums(file: str, table: pa.Table) -> Iterator[str]:
    p1, p2, z, mass = (table[name].to_numpy() for name in ("logprob_p1", "logprob_p2", "log_odds", "option_mass"))
    # Without a neutral option there is nothing to add, and the column is null.
    neutral = np.exp(pc.fill_null(table["logprob_neutral"], float("-inf")).to_numpy())
    together = np.exp(p1) + np.exp(p2) + neutral
    if not (np.isfinite(z).all() and np.array_equal(z, p1 - p2) and np.allclose(mass, together, 1e-12)):
        yield f"{file}: log_odds or option_mass are not what the log-probabilities beside them give"


def _prompts(table: pa.Table, prompts: pa.Table) -> Iterator[str]:
    texts = zip(prompts["prompt_sha256"].to_pylist(), prompts["text"].to_pylist(), strict=True)
    if any(hashlib.sha256(text.encode()).hexdigest() != digest for digest, text in texts):
        yield "prompts.parquet: a text is not that of its hash"
    asked, kept = (
        set(zip(one["model"].to_pylist(), one["prompt_sha256"].to_pylist(), strict=True)) for one in (table, prompts)
    )
    if asked - kept:
        yield f"prompts.parquet: the texts of {len(asked - kept)} prompts are missing"


def _check_derived(folder: RunFolder, manifest: Manifest, found: Verified) -> None:
    """Results and report against what the table gives now: they are a pure function of the folder."""
    if manifest.versions != library_versions():
        found.checked.append(f"{', '.join(DERIVED)}: by their sha256 only; made with other versions than these")
        return
    try:
        contents = derived(folder, manifest)
    except StudyError as error:
        found.findings.append(str(error))
        return
    for name, content in contents.items():
        if (folder.path / name).is_file() and (folder.path / name).read_bytes() != content.encode():
            found.findings.append(f"{name}: not what the tables of this folder give")
    found.checked.append(f"{', '.join(DERIVED)}: made again from the tables, byte by byte")


def _read_again(folder: RunFolder, manifest: Manifest, sample: Sample, found: Verified, progress: Progress) -> None:
    for name, record in sorted(manifest.models.items()):
        if name in manifest.failed_models:
            continue
        try:
            one = reread_sample(folder, manifest, name, record, sample, progress)
        except ProbeError as error:
            found.not_reread[name] = f"{error} Tell where it is with `--model {name}=FOLDER`."
            continue
        found.reread.append(one)
        if one.finding is not None:
            found.findings.append(one.finding)
