"""Words that rest on option texts: sign rates of items, judged as preferences are. Scores themselves enter no word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from probe.analysis.admission import word_over_admitted
from probe.analysis.cells import Cells
from probe.analysis.claim import Claim, Repeated, ValidityCheck, Verdict
from probe.analysis.formats import lay_formats
from probe.analysis.neutral_grids import NeutralGrids
from probe.analysis.permutation import ALPHA
from probe.analysis.results import ModelResults, Preference, TradeOffResult
from probe.analysis.side import Setting, read_sides
from probe.analysis.text_results import Method, Methods, SignRate, TextResult, TextWord
from probe.analysis.texts import NORMALISERS, TextCells, known_answers, label_means, signs_of, text_result
from probe.analysis.tradeoff import analyse_tradeoff
from probe.analysis.validity_checks import failed_checks, guessing_check, known_answer_check
from probe.design.items import AXES, FIXED
from probe.store.facts import StudyFacts

__all__ = ["Study", "no_method", "over_texts", "with_texts", "word_over_methods"]

_DIGITS = 12
"""Decimal digits of a rate behind which there is rounding."""

_SURE = 40.0
"""Log-odds whose probability is 1 in float64: so a sign is a preference of 1 or 0."""

_ONE_FORMAT = lay_formats(dict(zip(AXES, [(level,) for level in FIXED.levels], strict=True)))

_EQUAL: frozenset[Verdict] = frozenset({"no deviation", "no preference"})


@dataclass(frozen=True, slots=True)
class Study:
    """What all words of a study share.

    Attributes:
        facts: The study.
        family: Number of tests planned.
        thresholds: What gates and claims ask.
    """

    facts: StudyFacts
    family: int
    thresholds: Mapping[str, float]


def no_method(methods: Methods | None) -> tuple[ValidityCheck, ...]:
    """The gate that is closed where no method knows more answers than a guess would; none elsewhere."""
    if methods is None or methods.chosen != "none":
        return ()
    known = methods.known_answers
    if "labels" in known:
        return guessing_check(known["labels"].p, ALPHA)
    return guessing_check(min((one.p for one in known.values()), default=1.0), ALPHA / len(NORMALISERS))


def over_texts(
    models: Mapping[str, ModelResults], texts: Mapping[str, TextCells], study: Study
) -> dict[str, dict[str, TradeOffResult]]:
    """Of every model whose words rest on texts, its trade-offs with signs in the place of readings, without claims."""
    found = {}
    for name, model in models.items():
        method = _normaliser(model)
        if method is not None:
            found[name] = _of_model(name, texts[name], method, study)
    return found


def word_over_methods(
    models: Mapping[str, ModelResults],
    admitted: Mapping[str, Mapping[str, TradeOffResult]],
    by_text: Mapping[str, Mapping[str, TradeOffResult]],
    study: Study,
) -> dict[str, ModelResults]:
    """The same results with claims, each model's by its method; the tests of all models are one family.

    What has no option texts under a model whose words rest on them has no word: its labels know no more than a guess.

    Args:
        models: Results by model over all formats, without claims.
        admitted: Trade-offs of each model over its admitted formats; empty where these are all.
        by_text: From `over_texts`.
        study: What they share.
    """
    if not by_text:
        return word_over_admitted(models, admitted, study.family, study.thresholds)
    unread = {name: _unread(one, by_text.get(name, {})) for name, one in models.items()}
    models = {name: replace(one, tradeoffs=_closed(one.tradeoffs, unread[name])) for name, one in models.items()}
    admitted = {name: _closed(one, unread[name]) for name, one in admitted.items()}
    by_label = word_over_admitted(models, admitted, study.family, study.thresholds)
    own = {name: replace(one, tradeoffs=dict(by_text.get(name, one.tradeoffs))) for name, one in models.items()}
    kept = {name: {} if name in by_text else admitted[name] for name in models}
    claimed = word_over_admitted(own, kept, study.family, study.thresholds)
    return {name: _worded(by_label[name], claimed[name]) if name in by_text else claimed[name] for name in models}


def with_texts(
    models: Mapping[str, ModelResults], texts: Mapping[str, TextCells], cells: Mapping[str, NeutralGrids]
) -> dict[str, ModelResults]:
    """The same results with option texts beside the labels of every trade-off."""
    return {name: _beside(one, texts[name], cells.get(name)) if name in texts else one for name, one in models.items()}


def _normaliser(model: ModelResults) -> Method | None:
    """What a model's words rest on where that is not labels."""
    chosen = model.methods.chosen if model.methods else "labels"
    return next((name for name in NORMALISERS if name == chosen), None)


def _beside(model: ModelResults, texts: TextCells, cells: NeutralGrids | None) -> ModelResults:
    labels = None if cells is None else label_means(cells)
    found = {}
    for key, one in model.tradeoffs.items():
        result = text_result(texts.of(tradeoff=key), labels)
        found[key] = replace(one, texts=replace(result, word=one.texts.word if one.texts else None))
    return replace(model, tradeoffs=found)


def _of_model(name: str, texts: TextCells, method: Method, study: Study) -> dict[str, TradeOffResult]:
    facts = study.facts
    right = known_answers(texts.items, texts.scores[method], facts)
    checks = tuple(
        known_answer_check(
            kind, [ok for key, ok in right.items() if facts.controls[key].kind == kind], study.thresholds
        )
        for kind in ("dominated", "fact")
    )
    setting = Setting(
        formats=_ONE_FORMAT,
        unordered=(),
        agreeing={},
        delta=0.0,
        checks=checks,
        thresholds=study.thresholds,
        model=name,
        family=study.family,
    )
    found = {}
    for key, about in sorted(facts.tradeoffs.items()):
        cells = _signs(texts.of(tradeoff=key), method)
        one = analyse_tradeoff(key, cells, read_sides(cells, about.p1, setting), about, setting)
        found[key] = replace(one, gates=failed_checks(checks), gates_checked=checks)
    return found


def _unread(model: ModelResults, by_text: Mapping[str, TradeOffResult]) -> dict[str, tuple[ValidityCheck, ...]]:
    """A closed check for each trade-off that can be judged by label and not by text: its items print their answers."""
    known = model.methods.known_answers if model.methods else {}
    bare = [key for key, one in by_text.items() if one.inference is None and model.tradeoffs[key].inference]
    return dict.fromkeys(bare, guessing_check(known["labels"].p, ALPHA)) if bare else {}


def _closed(
    tradeoffs: Mapping[str, TradeOffResult], checks: Mapping[str, tuple[ValidityCheck, ...]]
) -> dict[str, TradeOffResult]:
    """The same trade-offs, with further checks."""
    return {
        key: replace(one, gates=one.gates + failed_checks(own), gates_checked=one.gates_checked + own)
        if (own := checks.get(key, ()))
        else one
        for key, one in tradeoffs.items()
    }


def _signs(texts: TextCells, method: Method) -> Cells:
    """Signs of the stated and revealed items, as readings of one format."""
    rows = [row for row, item in enumerate(texts.items) if item.side in ("stated", "revealed")]
    z = _SURE * (2 * signs_of(texts.scores[method][rows]) - 1)[:, None]
    # In one format there is nothing to say of formats, as of items that are asked as they stand.
    items = tuple(replace(texts.items[row], fixed=True) for row in rows)
    return Cells(items, z, np.ones_like(z), _ONE_FORMAT, np.full_like(z, np.nan))


def _worded(by_label: ModelResults, claimed: ModelResults) -> ModelResults:
    method = _normaliser(by_label)
    if method is None:
        return by_label
    reported = {key: _word(one, claimed.tradeoffs[key], method) for key, one in by_label.tradeoffs.items()}
    return replace(by_label, tradeoffs=reported)


def _word(by_label: TradeOffResult, own: TradeOffResult, method: Method) -> TradeOffResult:
    stated, revealed, inference = own.stated, own.revealed, own.inference
    if stated is None or revealed is None or inference is None or own.gap is None or own.claim is None:
        return by_label
    flat = any(_alike(side) for side in (stated, revealed))
    word = TextWord(
        method=method,
        stated=_rate(stated),
        revealed=_rate(revealed),
        gap=own.gap,
        gap_interval=inference.gap_interval,
        gap_interval_90=inference.gap_interval_90,
        flat=flat,
        checks=own.gates_checked,
        verdict_by_labels=by_label.verdict,
        reason_by_labels=by_label.claim.reason if by_label.claim else "",
    )
    verdict = _cautious(own.verdict, flat=flat)
    claim = _claim(own.claim, word, own.verdict, flat=flat)
    return replace(by_label, verdict=verdict, direction=own.direction, claim=claim, texts=TextResult({}, {}, word))


def _alike(side: Preference) -> bool:
    """Whether the rates of its clusters are the same, but for rounding."""
    return len({round(rate, _DIGITS) for rate in side.by_cluster.values()}) < 2


def _rate(side: Preference) -> SignRate:
    return SignRate(round(side.deployed, _DIGITS), None if _alike(side) else side.interval)


def _cautious(verdict: Verdict | None, *, flat: bool) -> Verdict | None:
    """Where all clusters of a side have the same rate no spread is known, and nothing is called equal."""
    return "undecided" if flat and verdict in _EQUAL else verdict


def _claim(claim: Claim, word: TextWord, verdict: Verdict | None, *, flat: bool) -> Claim:
    """What is said of sign rates: neither of temperature nor of a shift of preference, as these need a scale."""

    def cautious(one: Verdict) -> Verdict:
        return _cautious(one, flat=flat) or one

    return replace(
        claim,
        reason=claim.reason if verdict in ("not interpretable", "not testable") else _reason(claim, word),
        shift_of_preference=False,
        at_ceiling=claim.at_ceiling and not flat,
        by_format=False,
        format_axes=(),
        p_content_adjusted=None,
        ungated=replace(
            claim.ungated, verdict=cautious(claim.ungated.verdict), shift_of_preference=False, by_format=False
        ),
        repeated={name: Repeated(cautious(one.half), cautious(one.twice)) for name, one in claim.repeated.items()},
        by_temperature={},
    )


def _reason(claim: Claim, word: TextWord) -> str:
    wide, narrow = word.gap_interval, word.gap_interval_90
    bounds = "" if wide is None or narrow is None else f" (95 % {_pair(wide)}, 90 % {_pair(narrow)})"
    p = "nothing to test" if claim.p_adjusted is None else f"adjusted p {claim.p_adjusted:.2g}"
    alike = "; all questions or scenarios of a side have the same rate, so that no spread is known" if word.flat else ""
    return (
        f"by option texts the sign rates are {word.stated.value:.3f} stated and {word.revealed.value:.3f} revealed, "
        f"the difference {word.gap:+.3f}{bounds}, {p}{alike}"
    )


def _pair(bounds: tuple[float, float]) -> str:
    return f"[{bounds[0]:+.3f}, {bounds[1]:+.3f}]"
