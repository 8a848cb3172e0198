"""A request, resolved: every file read and checked, every model found, every prompt planned; no weights loaded."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from probe.design.axes import Design, load_design, meaning_sha256
from probe.design.expand import expand
from probe.design.items import EVERY_AXIS
from probe.design.kinds import telling_kinds
from probe.design.limit import limit_items
from probe.design.models import ModelSpec, load_models, resolve_model
from probe.design.suites import load_suites, split_names
from probe.engine.exact_mode import prepare_exact
from probe.errors import StudyError
from probe.store.facts import ControlFacts, StudyFacts, TradeOffFacts
from probe.store.manifest import StudyRecord
from probe.store.versions import library_versions
from probe.study.adapted import base_spec
from probe.study.conditions import conditions
from probe.study.own_tables import (
    clause_facts,
    clause_items,
    depth_facts,
    depth_items,
    ladder_facts,
    ladder_items,
    own_word_facts,
    own_word_items,
    reads_texts,
    refuse_neutral,
    refuse_uncrossed,
    text_items,
)
from probe.study.request import Request, refuse_missing_extra, refuse_unfit
from probe.study.sources import Source, refuse_quantising_again, resolve_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from probe.design.items import Item
    from probe.design.tradeoffs import TradeOff, TradeOffFile

__all__ = ["Study", "resolve"]

_NAMED = 3
"""So many suites stand in the name of a folder."""


@dataclass(frozen=True)
class Study:
    """A resolved request.

    Attributes:
        request: What is asked for.
        suites: Names of its suites.
        files: Their trade-offs.
        design: In which formats.
        sources: The models.
        layered: Items to read after every layer, instead of those that the request chooses.
    """

    request: Request
    suites: tuple[str, ...]
    files: tuple[TradeOffFile, ...]
    design: Design
    sources: tuple[Source, ...]
    layered: tuple[Item, ...] = ()

    @cached_property
    def all_items(self) -> tuple[Item, ...]:
        """Every item of the suite, sorted by id."""
        return tuple(sorted((item for file in self.files for item in expand(file.tradeoff)), key=lambda item: item.id))

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The items to read: all, or those of the first clusters of each side and every control."""
        return self.all_items if self.request.limit is None else limit_items(self.all_items, self.request.limit)

    def items_of(self, style: str) -> tuple[Item, ...]:
        """What a model is asked: the items of the readings, then those of each table of its own, sorted by id.

        Where texts alone are asked for, nothing else is read.

        Args:
            style: ``chat`` or ``raw``, as of `probe.prompts.style.PromptStyle`.
        """
        texts = self._texts if reads_texts(self.request.answers, style) else ()
        if self.request.answers == "texts":
            return texts
        return (*self.items, *self._ladder, *self._clauses, *self._own_words, *texts, *self._depth)

    @cached_property
    def _ladder(self) -> tuple[Item, ...]:
        if self.request.ladder == "none":
            return ()
        return ladder_items(self._tradeoffs, self.items, self.design, self.request.ladder)

    @cached_property
    def _clauses(self) -> tuple[Item, ...]:
        return clause_items(self._tradeoffs, self.items, self.design, self.request.clauses)

    @cached_property
    def _depth(self) -> tuple[Item, ...]:
        return self.layered or depth_items(self.items, self.design, self.request.depth)

    @cached_property
    def _own_words(self) -> tuple[Item, ...]:
        pairs = self.request.own_words
        return () if pairs == "none" else own_word_items(self._tradeoffs, self.items, pairs)

    @cached_property
    def _texts(self) -> tuple[Item, ...]:
        return text_items(self.items)

    @cached_property
    def record(self) -> StudyRecord:
        """What makes it this study and no other."""
        return StudyRecord(
            models={source.name: source.snapshot.identity for source in self.sources},
            tradeoffs={f.tradeoff.tradeoff: hashlib.sha256(f.source.encode()).hexdigest() for f in self.files},
            design=self.design.name,
            design_sha256=meaning_sha256(self.design),
            dtype=self.request.dtype,
            quant=self.request.quant,
            compute=self.request.compute,
            reader=self.request.reader,
            exact=self.request.exact,
            pack_tokens=self.request.pack_tokens,
            gpu_fast=self.request.gpu_fast,
            system=self.sources[0].system if len(self.request.system) == 1 else None,
            systems={one.name: one.system for one in self.sources if one.condition and one.system is not None},
            system_merge=self.request.system_merge,
            templates={source.name: _template_options(source) for source in self.sources if _template_options(source)},
        )

    @cached_property
    def request_sha256(self) -> str:
        """Hash of everything that a run of it depends on; equal means there is nothing new to do."""
        asked = [self.request.limit, self.request.validate, self.suites, self.request.device]
        beside = [self.request.ladder] if self.request.ladder != "none" else []
        beside += [f"own words {self.request.own_words}"] if self.request.own_words != "none" else []
        beside += [f"answers {self.request.answers}"] if self.request.answers != "auto" else []
        beside += [f"clauses {self.request.clauses}"] if self.request.clauses else []
        beside += [f"depth {self.request.depth}"] if self.request.depth else []
        content = [self._identity, *asked, library_versions(), *beside]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def default_folder(self) -> Path:
        """``runs/<model or multi>-<suite>-<design>-<8 hex of the study>``."""
        model = self.sources[0].name.replace("/", "--") if len(self.sources) == 1 else "multi"
        suite = _joined([Path(name).stem for name in self.suites])
        content = {**self._identity, "tradeoffs": list(self.suites)}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
        return Path("runs") / f"{model}-{suite}-{self.design.name}-{digest}"

    @property
    def _identity(self) -> dict[str, object]:
        """The record as it is hashed; what a study does not use leaves the hashes of others as they were."""
        reported = asdict(self.record)
        unused = {name for name in ("systems", "gpu_fast") if not reported[name]}
        return {key: value for key, value in reported.items() if key not in unused}

    def facts(self) -> StudyFacts:
        """What the statistics need to know beside the table."""
        levels, ladder, clauses = self.design.levels, self.request.ladder, self.request.clauses
        pairs = self.request.own_words
        used = {variant["label_set"] for variant in self.design.variants()}
        return StudyFacts(
            tradeoffs={f.tradeoff.tradeoff: _tradeoff_facts(f) for f in self.files},
            axes={axis: tuple(self.design.axes[axis]) for axis in EVERY_AXIS if axis in self.design.axes},
            unordered_label_sets=tuple(sorted(level for level in used if not levels.label_set(level).ordered)),
            agreeing={item.id: item.agreeing for item in self.all_items if item.agreeing is not None},
            controls={i.id: ControlFacts(i.form, i.expect) for i in self.all_items if i.side == "control"},
            contradicted=tuple(sorted(item.id for item in self.all_items if item.contradicted)),
            omits={item.id: item.omits for item in self.all_items if item.omits is not None},
            ladder=None if ladder == "none" else ladder_facts(self._tradeoffs, self.items, ladder),
            clauses=clause_facts(self._tradeoffs, self.items, clauses) if clauses else None,
            depth=depth_facts(self.items, self.request.depth),
            own_words=None if pairs == "none" else own_word_facts(self._tradeoffs, self.items, pairs),
        )

    @property
    def _tradeoffs(self) -> list[TradeOff]:
        return [file.tradeoff for file in self.files]

    def verbatim(self) -> Iterator[tuple[str, str]]:
        """The study's input files, by their names under ``study/``."""
        for file in self.files:
            yield f"tradeoffs/{file.tradeoff.tradeoff}.yaml", file.source
        yield "design.yaml", self.design.source
        if self.request.source:
            yield "study.yaml", self.request.source


def resolve(request: Request, *, weights: bool = True) -> Study:
    """Read and check everything that a request names; without `weights` none are fetched, enough for a plan.

    Raises:
        ProbeError: Something that was given is wrong, or is not there.
    """
    refuse_unfit(request)
    refuse_missing_extra(request)
    if request.exact:
        prepare_exact(request.precision, request.device, request.reader)
    entries = load_models(request.models_file)
    with telling_kinds("model", request.models, request.models_file):
        specs = [resolve_model(argument, entries) for argument in request.models]
    _refuse_equal_names([spec.name for spec in specs])
    suites = split_names(request.suite) or _default_suites(specs)
    with telling_kinds("design", (request.design,), request.models_file):
        design = load_design(request.design)
    if request.clauses:
        refuse_uncrossed(design, "--clauses")
    if request.depth:
        refuse_uncrossed(design, "--depth")
    if request.own_words != "none":
        refuse_uncrossed(design, "--own-words")
        refuse_neutral(design)
    with telling_kinds("suite", suites, request.models_file):
        files = load_suites(suites)
    if request.limit is not None:
        limit_items((), request.limit)
    base = base_spec(request.base, entries, specs)
    sources = tuple(
        resolve_source(spec, request.revision, offline=request.offline, weights=weights, base=base) for spec in specs
    )
    for source in sources:
        refuse_quantising_again(source, request.quant)
    called = conditions(request.system)
    asked = tuple(replace(one, system=text, condition=name) for one in sources for text, name in called)
    _refuse_equal_names([source.name for source in asked])
    return Study(request, tuple(suites), files, design, asked)


def _template_options(source: Source) -> str:
    """What the model's entry says to its template, as text; empty if nothing."""
    said = source.spec.entry.template.model_dump(exclude_defaults=True) if source.spec.entry else {}
    return json.dumps(said, sort_keys=True) if said else ""


def _default_suites(specs: Sequence[ModelSpec]) -> tuple[str, ...]:
    return ("demo",) if all(spec.name == "demo" for spec in specs) else ("core",)


def _joined(suites: Sequence[str]) -> str:
    """Their names, or the first ones where a folder's name would get too long."""
    return "+".join(suites) if len(suites) <= _NAMED else f"{'+'.join(suites[:_NAMED])}+{len(suites) - _NAMED}-more"


def _refuse_equal_names(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise StudyError(
            f"two models are called {twice[0]!r}, and their rows could not be distinguished. Rename one of the "
            "folders, or give the models ids of their own in a models file."
        )


def _tradeoff_facts(file: TradeOffFile) -> TradeOffFacts:
    p1, p2 = file.tradeoff.principles
    predicts = {
        factor: {principle: list(levels) for principle, levels in towards.items()}
        for factor, towards in file.tradeoff.predicts.items()
    }
    doses = {
        f"{file.tradeoff.tradeoff}/{one.id}": {
            factor: dict(zip(one.factors[factor], numbers, strict=True)) for factor, numbers in one.doses.items()
        }
        for one in file.tradeoff.revealed
        if one.doses
    }
    return TradeOffFacts(family=file.tradeoff.family, p1=p1, p2=p2, predicts=predicts, doses=doses)
