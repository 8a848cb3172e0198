"""Tables of how far a reading can be trusted: biases, flips, variance, controls, gates. Computes no statistic."""

from __future__ import annotations

from probe.analysis.results import BiasResult, ControlResult, ModelResults, TradeOffResult
from probe.report.neutral import neutral_table
from probe.report.number_format import MISSING, amount, clean, probability, share, signed, signed_pair
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build, word

__all__ = ["check_tables"]

KEY = "trade-off"
Ranked = tuple[tuple[str, TradeOffResult], ...]


def check_tables(model: ModelResults) -> tuple[Table, ...]:
    """The tables of one model that have rows, the furthest trade-off first in each."""
    ranked = by_distance(model)
    found = (
        neutral_table(model, ranked),
        _biases(ranked),
        _omissions(ranked),
        _flips(ranked),
        _variance(ranked),
        _controls(model),
        _levels(model),
        _written(model),
    )
    return tuple(table for table in found if table.rows)


def _written(model: ModelResults) -> Table:
    return build(
        "Written answers",
        "What the model writes greedily to the same prompts without their cue, read back by label or by the option's "
        "own words. Agreement: share of cells in which it is the option that the reading favours; refusals and what "
        "could not be read back agree with nothing. First token: share in which the most probable token at the "
        "decision position begins that option's label.",
        sorted(model.written.items()),
        [
            word("side", lambda r: r[0]),
            Column("cells", lambda r: str(r[1].cells)),
            Column("agreement", lambda r: share(r[1].share, 1)),
            Column("where one was chosen", lambda r: share(r[1].of_chosen, 1)),
            Column("kappa", lambda r: signed(r[1].kappa)),
            Column("refused", lambda r: share(r[1].refused, 1)),
            Column("unparsed", lambda r: share(r[1].unparsed, 1)),
            Column("first token", lambda r: share(r[1].first_token, 1)),
        ],
    )


def _biases(ranked: Ranked) -> Table:
    return build(
        "Biases",
        "In nats of log-odds. Positive position: the option shown first gains; label: the first label of its set "
        "gains; slot: shown first and labelled first, where the two were only varied together. RMS is over label "
        "sets.",
        [
            (key, side, bias)
            for key, t in ranked
            for side, bias in (("stated", t.bias_stated), ("revealed", t.bias))
            if bias is not None
        ],
        [
            Column(KEY, lambda r: r[0]),
            word("side", lambda r: r[1]),
            Column("content", lambda r: signed(r[2].content)),
            Column("position", lambda r: signed(r[2].position)),
            Column("label", lambda r: signed(r[2].label)),
            Column("listing", lambda r: signed(r[2].listing)),
            Column("slot", lambda r: signed(r[2].slot)),
            Column("label RMS", lambda r: amount(r[2].label_rms)),
            word("label by set", lambda r: _by_set(r[2])),
            Column("acquiescence", lambda r: signed(r[2].acquiescence.towards_agreeing if r[2].acquiescence else None)),
            Column("agree pairs", lambda r: str(r[2].acquiescence.pairs) if r[2].acquiescence else MISSING),
        ],
    )


def _omissions(ranked: Ranked) -> Table:
    return build(
        "Omission",
        "In nats of log-odds, over scenarios that were asked both ways round, as written and with the default turned "
        "round, so that the option that left things as they were is now the act. Positive omission: whichever option "
        "leaves things as they are gains. Content: what is left, towards the first principle. Intervals are over "
        "scenarios. Information: what the default explains of the choice, a part of the budget's context term.",
        [(key, t.omission) for key, t in ranked if t.omission is not None],
        [
            Column(KEY, lambda r: r[0]),
            Column("scenarios", lambda r: str(r[1].scenarios)),
            Column("omission", lambda r: signed(r[1].towards_omission)),
            Column("95 % interval", lambda r: signed_pair(r[1].interval)),
            Column("content", lambda r: signed(r[1].content)),
            Column("its 95 % interval", lambda r: signed_pair(r[1].content_interval)),
            Column("information", lambda r: amount(r[1].information)),
        ],
    )


def _by_set(bias: BiasResult) -> str:
    known = [f"{name} {signed(value)}" for name, value in bias.label_by_set.items() if value is not None]
    unsigned = [f"{name} without order" for name, value in bias.label_by_set.items() if value is None]
    return ", ".join((*known, *unsigned)) or MISSING


def _flips(ranked: Ranked) -> Table:
    return build(
        "Flips and spread over formats",
        "A format counts where the probability is more than 0.05 from one half and the log-odds is above the "
        "numeric floor. Items that flip have a flip rate of at least 10 %. Ranges run from the 5th to the 95th "
        "percentile; largest minus least depends on the number of formats. Form consistency: 1 for an answer that no "
        "format moves.",
        [
            (key, side, flips, flips.spread, consistency)
            for key, t in ranked
            for side, flips, consistency in (
                ("stated", t.flips_stated, t.form_consistency.stated),
                ("revealed", t.flips, t.form_consistency.revealed),
            )
            if flips is not None
        ],
        [
            Column(KEY, lambda r: r[0]),
            word("side", lambda r: r[1]),
            Column("flip rate", lambda r: probability(r[2].rate)),
            Column("items that flip", lambda r: probability(r[2].pivot_prevalence)),
            Column("expected of 4 formats", lambda r: probability(r[2].prevalence_of_four)),
            Column("two formats disagree", lambda r: probability(r[2].disagreement)),
            Column("undecided items", lambda r: probability(r[2].undecided)),
            Column("form consistency", lambda r: probability(r[4])),
            Column("formats", lambda r: str(r[3].variants)),
            Column("range of p", lambda r: amount(r[3].p_range)),
            Column("SD of p", lambda r: amount(r[3].p_sd)),
            Column("largest - least p", lambda r: amount(r[3].p_max_min)),
            Column("range of z", lambda r: amount(r[3].z_range)),
            Column("SD of z", lambda r: amount(r[3].z_sd)),
            Column("largest - least z", lambda r: amount(r[3].z_max_min)),
        ],
    )


def _variance(ranked: Ranked) -> Table:
    return build(
        "Where the variance of the log-odds lies",
        "Shares of the variance of z over items and formats; they add up. Items: what is asked. Axes: what a format "
        "does to all items alike. The rest: axes with each other, and formats with single items.",
        [
            (key, side, d)
            for key, t in ranked
            for side, d in (("stated", t.decomposition_stated), ("revealed", t.decomposition))
            if d is not None
        ],
        [
            Column(KEY, lambda r: r[0]),
            word("side", lambda r: r[1]),
            Column("variance (nat²)", lambda r: amount(r[2].variance)),
            Column("items", lambda r: share(r[2].items, 1)),
            Column("axes", lambda r: share(sum(r[2].axes.values()), 1)),
            Column("axes with axes", lambda r: share(r[2].axis_interactions, 1)),
            Column("items with formats", lambda r: share(r[2].item_interactions, 1)),
        ],
    )


def _controls(model: ModelResults) -> Table:
    return build(
        "Known-answer controls",
        "Questions whose answer shows whether the reading is sound. Content is the mean log-odds towards the option "
        "listed first in the file, in nats; size of content is its mean distance from 0 per question. Equivalent and "
        "identical options show what content looks like where there is none: a floor, not a pass.",
        model.controls.items(),
        [
            Column("kind", lambda r: r[0].replace("_", " ")),
            Column("items", lambda r: str(r[1].items)),
            Column("answered right", lambda r: _right(*r)),
            Column("content", lambda r: signed(r[1].content)),
            Column("size of content", lambda r: amount(r[1].abs_content)),
            Column("position", lambda r: signed(r[1].position)),
            Column("label", lambda r: signed(r[1].label)),
            Column("slot", lambda r: signed(r[1].slot)),
            Column("option mass", lambda r: probability(r[1].option_mass)),
        ],
    )


def _right(kind: str, found: ControlResult) -> str:
    """How many of the known-answer controls with a sound option; the other kinds have none."""
    if found.passed is None or kind == "equivalent":
        return MISSING
    count = len(found.by_item) or found.items
    return f"{round(found.passed * count)} of {count}"


def _levels(model: ModelResults) -> Table:
    dropped = model.levels.dropped if model.levels else ()
    by_axis = model.levels.by_axis if model.levels else {}
    return build(
        "Levels of the format axes",
        "Over the formats that have the level. Known answers: share of the known-answer controls whose answer is "
        "right. Content: root mean square of what items lean to, in nats. Words rest on admitted levels.",
        [(axis, level, found) for axis, levels in by_axis.items() for level, found in levels.items()],
        [
            word("axis", lambda r: clean(r[0]).replace("_", " ")),
            word("level", lambda r: clean(r[1])),
            word("admitted", lambda r: "no" if (r[0], r[1]) in dropped else "yes"),
            Column("option mass", lambda r: probability(r[2].option_mass)),
            Column("of known-answer controls", lambda r: probability(r[2].control_mass)),
            Column("known answers", lambda r: share(r[2].known_answers, 1)),
            Column("content", lambda r: amount(r[2].content)),
        ],
    )
