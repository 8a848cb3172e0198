"""A small study made by hand, consistent with itself."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace

import pytest

from probe.analysis.claim import (
    Between,
    Claim,
    FormGap,
    GapToNoise,
    Inference,
    Reliability,
    Repeated,
    SideTest,
    ValidityCheck,
    Verdict,
    Words,
)
from probe.analysis.effects import AxisEffect, FormatEffects
from probe.analysis.results import (
    AcquiescenceResult,
    BiasResult,
    BridgeResult,
    BudgetResult,
    ContextEffect,
    ControlResult,
    DecompositionResult,
    FailedCheck,
    FlipsResult,
    FormatDistances,
    FormPreference,
    Gu2025Result,
    ModelResults,
    NumericFloor,
    Preference,
    PublishedEstimate,
    SideValues,
    SpecificationCurve,
    SpreadResult,
    StudyResults,
    SymmetricBudgetResult,
    TradeOffResult,
)
from probe.report.page import Page
from probe.store.facts import ControlFacts, StudyFacts, TradeOffFacts

HOSTILE = "</script><script>alert(1)</script>"


def kl(p: float, q: float) -> float:
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))


def preference(deployed: float, clusters: int, forms: tuple[str, ...]) -> Preference:
    return Preference(
        deployed=deployed,
        latent=deployed + 0.02,
        items=2 * clusters,
        clusters=clusters,
        greedy=1.0 if deployed > 0.5 else 0.0,
        interval=(deployed - 0.06, deployed + 0.06),
        latent_range=(deployed + 0.01, deployed + 0.03),
        by_form={form: FormPreference(deployed, deployed + 0.02, 6, 3) for form in forms},
        by_cluster={f"c{i}": deployed for i in range(clusters)},
    )


def inference(gap: float, half: float, p: float | None) -> Inference:
    """95 % interval of so much to either side, 90 % of four fifths of it."""
    return Inference(
        gap_interval=(gap - half, gap + half),
        gap_interval_90=(gap - 0.8 * half, gap + 0.8 * half),
        gap_flat=False,
        latent_gap_interval=(5 * gap - 0.5, 5 * gap + 0.5),
        kl_revealed_stated_interval=(0.01, 0.5),
        kl_stated_revealed_interval=(0.02, 0.6),
        kl_bias=0.002,
        test=None if p is None else SideTest(abs(gap) / half, p, p, 24310, exact=True),
        gap_by_form={"agree": FormGap(gap + 0.2, None), "choose": FormGap(gap - 0.1, (gap - 0.2, gap))},
        numeric_error=3e-6,
    )


def claim(verdict: Verdict, direction: str | None, reason: str, *, closed: bool = False) -> Claim:
    is_shift = verdict == "deviation"
    said: Verdict = "not interpretable" if closed else verdict
    return Claim(
        p_adjusted=0.0004,
        family=5,
        shift_of_preference=is_shift and not closed,
        depends_on_form=False,
        reason=reason,
        ungated=Words(verdict, direction, is_shift),
        repeated={"margin": Repeated(said, said), "option_mass_mean": Repeated(said, "not interpretable")},
    )


BETWEEN = Between(
    tradeoffs=4,
    same_sign=0.75,
    same_sign_interval=(0.19, 0.99),
    cosine=0.62,
    cosine_interval=(-0.1, 0.9),
    cosine_latent=0.65,
    reliability=Reliability(0.9, 0.8, 0.95, 0.45, 200),
    ceiling_corrected=0.73,
    ranks=None,
    ranks_refused="ranks refused: nothing compares the principles of these parts: a, b | c, d",
)
"""Agreement over the trade-offs of the model."""


def bias(content: float, acquiescence: AcquiescenceResult | None) -> BiasResult:
    return BiasResult(
        content=content,
        position=0.81,
        label=0.29,
        listing=0.002,
        slot=None,
        label_by_set={"12": 0.27, "AB": 0.31, "KR": None},
        label_rms=0.291,
        acquiescence=acquiescence,
    )


def flips() -> FlipsResult:
    spread = SpreadResult(32, 0.31, 0.11, 0.36, 2.2, 0.86, 2.4)
    return FlipsResult(0.12, 0.4, 0.35, 0.17, 0.05, spread)


def tradeoff(p1: str, p2: str, stated: float, revealed: float, direction: str | None) -> TradeOffResult:
    """A trade-off with both sides; format, context and scenarios are given, the gap is KL(R || S)."""
    gap = kl(revealed, stated)
    pooled = (revealed + stated) / 2
    jsd = (kl(revealed, pooled) + kl(stated, pooled)) / 2
    by_axis = {"order": 0.061, "label_order": 0.012, "label_set": 0.0004, "instruction": 0.0002, "cue": 0.003}
    fmt = sum(by_axis.values())
    logit = math.log(revealed / (1 - revealed)) - math.log(stated / (1 - stated))
    effects = FormatEffects(0.4, {"order": AxisEffect({"p1": 0.8, "p2": -0.8}, 0.8, 0.1)}, (), 0.01, 0.02)
    return TradeOffResult(
        family="everyday",
        p1=p1,
        p2=p2,
        stated=preference(stated, 9, ("choose", "agree", "advise")),
        revealed=preference(revealed, 8, ("choice",)),
        kl_revealed_stated=gap,
        kl_stated_revealed=kl(stated, revealed),
        kl_error=0.0001,
        kl_below_floor=gap < 2e-9,
        jsd=jsd,
        tv=abs(revealed - stated),
        gap=revealed - stated,
        log_odds_gap=logit,
        latent_gap=logit,
        hard_switch=(revealed > 0.5) != (stated > 0.5),
        soft_switch=stated * (1 - revealed) + revealed * (1 - stated),
        soft_switch_excess=(revealed - stated) ** 2,
        verdict=None,
        direction=direction,
        depends_on_form=False,
        budget=BudgetResult(fmt + 0.02 + 0.05 + gap, fmt, 0.02, 0.05, gap, by_axis),
        symmetric_budget=SymmetricBudgetResult(jsd + 0.11, jsd, 0.05, 0.06),
        pivot_axes=("order",),
        varied_axes=VARIED,
        held_axes={"enclosure": "paren", "layout": "lines"},
        bias=bias(0.4, None),
        bias_stated=bias(1.1, AcquiescenceResult(0.2, 1.1, 3)),
        flips=flips(),
        flips_stated=flips(),
        decomposition=DecompositionResult(2.0, 0.5, {"order": 0.3, "label_order": 0.1}, 0.02, 0.08),
        decomposition_stated=DecompositionResult(2.0, 0.5, {"order": 0.3, "label_order": 0.1}, 0.02, 0.08),
        form_consistency=SideValues(0.9, 0.88),
        option_mass=SideValues(0.992, 0.987),
        gates=(),
        bridge=BridgeResult(8, (stated + revealed) / 2, logit / 3, 2 * logit / 3, {"c0": 0.1}),
        context_effects={
            "stakes": {
                "low": ContextEffect(8, 0.05, 0.24, (0.03, 0.07), (0.2, 0.3), (0.04, 0.06), (0.2, 0.28)),
                "high": ContextEffect(4, -0.05, -0.24, (-0.07, -0.03), (-0.3, -0.2), None, None),
            }
        },
        gu2025=Gu2025Result(
            variant="order=p1,label_order=p1",
            gap=revealed - stated,
            kl_log10=gap / math.log(10),
            every_prompt=PublishedEstimate(18, 16, 0.11, -0.0004, 0.31, 0.0, 0.021, 0.05, 0.72),
            published_size=PublishedEstimate(11, 6, 0.24, -0.0004, 0.62, 0.0, 0.083, 0.12, 0.6),
            mean_by_format=(0.09, 0.14),
            draws_per_prompt=4,
            draws_per_prompt_one_format=31,
            answers=4 * 34 * 32,
        ),
        format_effects=effects,
        format_effects_stated=effects,
        specification=specification(stated, revealed),
    )


VARIED = {
    "order": ("p1", "p2"),
    "label_order": ("p1", "p2"),
    "label_set": ("AB", "12"),
    "instruction": ("label", "which"),
    "cue": ("answer", "choice"),
}


def specification(stated: float, revealed: float) -> SpecificationCurve:
    """32 formats whose differences rise and fall with the order and the label set."""
    points = [dict(zip(VARIED, levels, strict=True)) for levels in itertools.product(*VARIED.values())]
    moved = [0.05 * (1 if p["order"] == "p1" else -1) + 0.02 * (1 if p["label_set"] == "AB" else -1) for p in points]
    return SpecificationCurve(
        formats=tuple(",".join(f"{axis}={level}" for axis, level in point.items()) for point in points),
        stated=(stated,) * len(points),
        revealed=tuple(revealed + one for one in moved),
        low=tuple(revealed - stated + one - 0.1 for one in moved),
        high=tuple(revealed - stated + one + 0.1 for one in moved),
    )


@pytest.fixture(scope="session")
def gift() -> TradeOffResult:
    return replace(
        tradeoff("honesty", "kindness", 0.82, 0.41, "reversal"),
        verdict="deviation",
        inference=inference(-0.41, 0.05, 4e-5),
        claim=claim("deviation", "reversal", "the adjusted test rejects R = S"),
        gap_to_noise=GapToNoise(5.4, 0.0766, noise_below_floor=False, same_sign=0.97),
        gates_checked=(
            ValidityCheck("fact", "control", 1.0, 0.9, "open", {"fact": (False, False)}),
            ValidityCheck("written_agreement", "stated", None, 0.9, "not measured", {}),
        ),
    )


@pytest.fixture(scope="session")
def model(gift: TradeOffResult) -> ModelResults:
    """Five trade-offs: a reversal, an attenuation with a failed validity check, none apart, one without a stated side."""
    queue = tradeoff("fairness", "speed", 0.6, 0.71, "amplified")
    loan = tradeoff("trust", "caution", 0.75, 0.62, "attenuated")
    same = tradeoff("truth", "comfort", 0.55, 0.55, None)
    half = tradeoff("freedom", "safety", 0.5, 0.66, None)
    gate = FailedCheck("option_mass_mean", "stated", 0.312, 0.5)
    assert half.budget is not None
    return ModelResults(
        numeric_floor=NumericFloor(2e-5, 2e-10),
        tradeoffs={
            "gift": gift,
            "queue": replace(
                queue,
                pivot_axes=("order", "label_order"),
                depends_on_form=True,
                verdict="undecided",
                inference=inference(0.11, 0.09, 0.03),
                claim=claim("undecided", "amplified", "the 95 % interval of R - S reaches into ±0.05"),
            ),
            "loan": replace(
                loan,
                gates=(gate,),
                option_mass=SideValues(0.312, 0.9),
                verdict="not interpretable",
                direction=None,
                inference=inference(-0.13, 0.04, 0.001),
                claim=claim(
                    "deviation", "attenuated", "a validity check failed: option_mass_mean (stated)", closed=True
                ),
                gates_checked=(
                    ValidityCheck("option_mass_mean", "stated", 0.312, 0.5, "closed", {}),
                    *gift.gates_checked,
                ),
            ),
            "mirror": replace(
                same,
                verdict="no deviation",
                inference=inference(0.0, 0.03, 0.9),
                claim=claim("no deviation", None, "the 90 % interval of R - S lies within ±0.05"),
            ),
            "walk": replace(
                half,
                stated=None,
                kl_revealed_stated=None,
                kl_stated_revealed=None,
                kl_error=None,
                kl_below_floor=None,
                jsd=None,
                tv=None,
                gap=None,
                log_odds_gap=None,
                latent_gap=None,
                hard_switch=None,
                soft_switch=None,
                soft_switch_excess=None,
                depends_on_form=None,
                budget=replace(half.budget, total=None, gap=None),
                symmetric_budget=None,
                bias_stated=None,
                flips_stated=None,
                decomposition_stated=None,
                form_consistency=SideValues(None, 0.88),
                gu2025=None,
                option_mass=SideValues(None, 0.987),
            ),
        },
        controls={
            "dominated": ControlResult(5, 0.8, 2.1, 2.1, 0.8, 0.3, None, 0.99),
            "identical": ControlResult(5, None, 0.0, 0.0, 0.8, 0.3, None, 0.99),
        },
        between=BETWEEN,
        between_ungated=replace(BETWEEN, tradeoffs=5),
        format_distances=FormatDistances(("order=p1,cue=answer", "order=p2,cue=answer"), ((0.0, 0.3), (0.25, 0.0)), 4),
    )


@pytest.fixture(scope="session")
def results(model: ModelResults) -> StudyResults:
    return StudyResults(1, {"demo": model})


@pytest.fixture(scope="session")
def facts(model: ModelResults) -> StudyFacts:
    return StudyFacts(
        tradeoffs={key: TradeOffFacts(t.family, t.p1, t.p2) for key, t in model.tradeoffs.items()},
        axes={"order": ("p1", "p2"), "label_order": ("p1", "p2"), "cue": ("answer", "choice")},
        unordered_label_sets=("KR",),
        agreeing={},
        controls={"gift/c1": ControlFacts("dominated", "help")},
    )


@pytest.fixture(scope="session")
def truth_json() -> str:
    planted = {"gift": (0.821, 0.412), "queue": (0.601, 0.708), "mirror": (0.55, 0.551), "walk": (0.5, 0.66)}
    tradeoffs = {key: {"stated": s, "revealed": r, "context": {}} for key, (s, r) in planted.items()}
    return json.dumps(
        {"tradeoffs": tradeoffs, "position_bias": 0.8, "label_bias": 0.3, "acquiescence": 0.25, "design": "standard"}
    )


@pytest.fixture(scope="session")
def page(results: StudyResults, facts: StudyFacts, truth_json: str) -> Page:
    return Page(results, facts, json.dumps({"schema_version": 1, "seed": 0}, indent=1), truth_json, "demo study")


@pytest.fixture(scope="session")
def hostile(page: Page, gift: TradeOffResult) -> Page:
    """A page all of whose names try to be markup."""
    named = f"x{HOSTILE}"
    linked = '<a href="https://evil.test">x</a>'
    bad = replace(
        gift, p1=named, p2=linked, direction=HOSTILE, pivot_axes=(HOSTILE,), gates=(FailedCheck(HOSTILE, linked, 0, 1),)
    )
    model = ModelResults(
        NumericFloor(0.01, 5e-5), {named: bad, linked: gift}, {HOSTILE: ControlResult(1, 1, 0, 0, 0, 0, 0, 1)}
    )
    return Page(
        StudyResults(1, {HOSTILE: model}),
        replace(page.facts, axes={HOSTILE: (HOSTILE, "<img src=https://evil.test/x.png onerror=alert(1)>")}),
        json.dumps({"note": HOSTILE}),
        json.dumps({"tradeoffs": {named: {"stated": 0.5, "revealed": 0.5}}, "note": HOSTILE}),
        HOSTILE,
        HOSTILE,
    )
