"""The manifest: everything that produced the numbers of a run folder, and nothing about whose machine it was."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from probe.design.fields import is_id
from probe.design.items import EVERY_AXIS
from probe.errors import StudyError
from probe.loaded_facts import LoadedFacts, ReaderFacts, WeightFacts
from probe.store.facts import Partial, StudyFacts
from probe.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["Manifest", "ModelRecord", "StudyRecord"]


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """What makes two runs the same study; anything else in the same folder is refused.

    Attributes:
        models: Weights identity of each model, by name.
        tradeoffs: sha256 of each trade-off's file, by id; more may be added to a folder, none changed.
        design: Name of the design.
        design_sha256: Hash of what the design and its levels say.
        dtype: As asked for.
        quant: As asked for.
        compute: As asked for.
        reader: As asked for.
        exact: Whether results are to be equal to the last bit to each prompt read alone.
        pack_tokens: Token budget of a forward pass.
        system: System text given with every question, if any; empty for none, not even a template's own.
        gpu_fast: Whether in ways that no GPU has run yet.
        systems: The same for each condition by its name, where there are several texts; `system` is None then.
        system_merge: Whether it was put into the user's turn on request.
        templates: What each model's entry says to its chat template, by name, for those of which it says anything.
    """

    models: dict[str, str]
    tradeoffs: dict[str, str]
    design: str
    design_sha256: str
    dtype: str
    quant: str
    compute: str
    reader: str
    pack_tokens: int
    system: str | None = None
    system_merge: bool = False
    templates: dict[str, str] = field(default_factory=dict)
    exact: bool = False
    gpu_fast: bool = False
    systems: dict[str, str] = field(default_factory=dict)

    def differences(self, other: StudyRecord) -> list[str]:
        """In what `other`, a new request, is another study than this one; empty if it extends or repeats it."""
        numbers = ("dtype", "quant", "compute", "reader", "exact", "gpu_fast", "pack_tokens")
        named = ("design", "design_sha256", *numbers, "system", "systems", "system_merge", "templates", "models")
        found = [
            f"{name} was {_short(getattr(self, name))}, is {_short(getattr(other, name))}"
            for name in named
            if getattr(self, name) != getattr(other, name)
        ]
        for key, digest in sorted(self.tradeoffs.items()):
            if key not in other.tradeoffs:
                found.append(f"trade-off {key} is in the folder and not in the suite")
            elif other.tradeoffs[key] != digest:
                found.append(f"the file of trade-off {key} has changed")
        return found


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One model as it was really loaded and read.

    Attributes:
        source: Hub id or the base name of a folder.
        revision: Commit on the hub, if it came from there.
        identity: sha256 over the model's files.
        files: sha256 of each file.
        style: ``chat`` or ``raw``.
        template_sha256: Hash of the chat template in use, if any.
        template_keywords: Keywords that the template got.
        template_append: Text put after the generation prompt.
        loaded: What was loaded and how it is read; in the file its keys stand among the others.
        log_odds_floor: The delta in force, the larger of `floor_reader` and `floor_compute`, in nats; None as long
            as it has not been measured.
        floor_cells: How many cells that was measured on.
        packs: Packs read.
        packs_beside: Packs behind the rows of each table beside the readings, where it has any.
        forward_seconds: Summed over packs.
        wall_seconds: From the loaded model to the last reading.
        failures: Items that were refused, with the reason.
        template_append_ids: Tokens put after that text.
        template_traits: What the template does of its own accord, as plain values; None without a template.
        system: Where it stands: ``none``, ``native``, ``folded``, ``merged``; ``empty``: it keeps the template's away.
        style_remark: What must be known of the way of asking, or empty.
        floor_reader: Largest difference of log-odds between the reader and one prompt, one pass; where a trie computes
            in float32, from the same prompts in other company, and twice what the reader's trial showed.
        floor_compute: The same against one pass in float32 compute from the same weights; None where not measured.
        written_cells: Cells that the model has written answers to.
        engine: Key of everything that the readings depend on beside the packs; see `probe.engine.identity`.
        pack_tokens: Token budget in force: what was asked for, or less where memory ran out.
        failed_packs: Items that were given up after three tries, with the last error; the same command tries again.
        scheduler: Who handed out its packs last: ``none`` (one process), ``local``, ``ray`` or ``slurm``.
        workers: To how many workers.
        place: From the run folder to the model's, where the user named that by a relative path; else empty.
    """

    source: str
    revision: str | None
    identity: str
    files: dict[str, str]
    style: str
    template_sha256: str | None
    template_keywords: dict[str, bool | str]
    template_append: str
    loaded: LoadedFacts
    log_odds_floor: float | None
    floor_cells: int
    packs: int
    forward_seconds: float
    wall_seconds: float
    failures: dict[str, str] = field(default_factory=dict)
    template_append_ids: list[int] = field(default_factory=list)
    template_traits: dict[str, bool | str | None] | None = None
    system: str = "none"
    style_remark: str = ""
    floor_reader: float | None = None
    floor_compute: float | None = None
    written_cells: int = 0
    engine: str = ""
    pack_tokens: int = 0
    failed_packs: dict[str, str] = field(default_factory=dict)
    scheduler: str = "none"
    workers: int = 1
    place: str = ""
    packs_beside: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """``manifest.json`` of a run folder.

    Attributes:
        study: What makes it this study.
        request_sha256: Hash of everything that was asked, `--limit` included: the same again has nothing to do.
        complete: Whether everything that was asked has been read or refused.
        suites: Names of the suites as given.
        limit: `--limit`, if any.
        facts: What the statistics need to know.
        models: Records by model name.
        failed_models: Models that could not be read, with the reason.
        gates: Threshold of each gate of the results.
        template_date: What chat templates were told is today.
        versions: Versions of Python and of every library that touches a number.
        files: sha256 of every other file of the folder, by name; the log and the lock are not among them.
        validate: `--validate`: cells of each side to which answers were asked for.
        code: Hashes of the reading and of the deriving code, version, and commit; see `probe.store.versions`.
        partial: How much of the suite was read, where `--limit` left some of it out; else None.
        phases: Seconds of each phase of the run that wrote this, by its name as progress says it.
    """

    study: StudyRecord
    request_sha256: str
    complete: bool
    suites: tuple[str, ...]
    limit: int | None
    facts: StudyFacts
    models: dict[str, ModelRecord]
    failed_models: dict[str, str]
    gates: dict[str, float]
    template_date: str
    versions: dict[str, str]
    files: dict[str, str]
    validate: int = 0
    code: dict[str, str] = field(default_factory=dict)
    partial: Partial | None = None
    phases: dict[str, float] = field(default_factory=dict)

    def trusts(self, name: str, engine: str, budget: int) -> bool:
        """Whether rows that are there of a model were read by this engine with this budget."""
        record = self.models.get(name)
        return record is not None and (record.engine, record.pack_tokens) == (engine, budget)

    def to_json(self) -> str:
        """Canonical text with its own sha256 in it: sorted keys, no NaN, ends in a newline."""
        content = {"schema_version": SCHEMA_VERSION, **_adapter().dump_python(self, warnings="error")}
        content["models"] = {name: _flat(one) for name, one in content["models"].items()}
        return _canonical({**content, "manifest_sha256": _sha256(_canonical(content))})

    @classmethod
    def from_json(cls, text: str, where: str) -> Manifest:
        """Read what `to_json` wrote; keys of a later writer of the same version are passed over.

        Raises:
            StudyError: The text is not such a manifest, has been changed, or is of a newer version.
        """
        try:
            content = json.loads(text)
            version = content.pop("schema_version")
            if version != SCHEMA_VERSION:
                raise StudyError(f"{where}: schema version {version}; this probe reads {SCHEMA_VERSION}. Update probe.")
            digest = content.pop("manifest_sha256", None)
            if digest != _sha256(_canonical({"schema_version": version, **content})):
                raise StudyError(
                    f"{where}: damaged or edited, its text does not fit its own sha256. Run the study into another "
                    "folder with --out; finished packs are taken from the cache."
                )
            return _manifest(content)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StudyError(
                f"{where}: not a manifest that probe wrote ({type(error).__name__}: {str(error)[:120]}). "
                "Run the study into another folder with --out."
            ) from error


def _canonical(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _manifest(content: dict[str, Any]) -> Manifest:
    """The manifest that a text holds, whoever wrote it: a sum over the text says that it is whole, not well meant."""
    content["models"] = {name: _composed(one) for name, one in content["models"].items()}
    manifest = _adapter().validate_json(json.dumps(content), strict=True)
    named = [*manifest.study.tradeoffs, *manifest.facts.tradeoffs]
    outside = [name for name in named if not is_id(name)] + [name for name in manifest.files if not _is_inside(name)]
    if outside:
        raise ValueError(f"{outside[0]!r} is no name of a trade-off or of a file in this folder")
    axes: dict[str, tuple[str, ...]] = {
        axis: manifest.facts.axes[axis] for axis in EVERY_AXIS if axis in manifest.facts.axes
    }
    return replace(manifest, facts=replace(manifest.facts, axes=axes))


def _flat(model: dict[str, Any]) -> dict[str, Any]:
    """A model's keys as the file has them: those of what was loaded among the others."""
    loaded = model.pop("loaded")
    return {**model, **loaded.pop("weights"), **loaded.pop("reading"), **loaded}


def _composed(model: dict[str, Any]) -> dict[str, Any]:
    """The keys of a file as `ModelRecord` has them."""

    def own(part: type[WeightFacts | ReaderFacts | LoadedFacts]) -> dict[str, Any]:
        return {one.name: model[one.name] for one in fields(part) if one.name in model}

    loaded = {**own(LoadedFacts), "weights": own(WeightFacts), "reading": own(ReaderFacts)}
    return {**model, "loaded": loaded}


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or any(sign in name for sign in "\\\0:"))


@cache
def _adapter() -> TypeAdapter[Manifest]:
    """Made when a manifest is first read or written, so that a command that needs none does not wait for it."""
    from pydantic import TypeAdapter  # noqa: PLC0415  see above

    return TypeAdapter(Manifest)


def _short(value: object) -> str:
    text = json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)
    return text if len(text) <= 60 else f"{text[:40]}...({hashlib.sha256(text.encode()).hexdigest()[:8]})"
