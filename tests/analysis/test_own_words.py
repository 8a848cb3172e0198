"""Guards: planted commitment, label echo and position echo are recovered apart, and marginals add up exactly.

An engine that was made by hand reads real plans: it finds in a prompt's own text what was said, under which label and at
which place, and answers as it was planted. It knows nothing of variants, columns or codes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from reference import questions
from scipy.special import expit

from probe.analysis.intervals import t_interval
from probe.analysis.own_words import Said, contrast, turns_of_pairs
from probe.analysis.results import from_json, to_json
from probe.analysis.study import Terms, analyse
from probe.errors import StudyError
from probe.loaded_facts import ReaderFacts
from probe.prompts.pack import PromptReading
from probe.study.finished_rows import finished_rows
from probe.study.planning import survey_model
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.study.rows import cell_rows, shard_rows

GIFT = Path(__file__).parents[2] / "scenarios" / "demo" / "gift.yaml"
EVERY = list(questions(GIFT).values())
FLOOR = 1e-4


@dataclass
class Planted:
    """What a model would do, by the text of its prompts.

    Attributes:
        choice: Pull of a principle that was said on the choice, nats.
        principle: Pull of a choice on the principle that is said.
        label: What saying the same label again makes of difference.
        place: What the same place makes.
        unrelated: Pull of the first unrelated answer against the second.
        texts: By tokens of a prompt, its text.
    """

    choice: float = 0.0
    principle: float = 0.0
    label: float = 0.0
    place: float = 0.0
    unrelated: float = 0.0
    texts: dict[tuple[int, ...], str] = field(default_factory=dict)

    def read(self, pack):
        return tuple(self._answer(prompt) for prompt in pack.prompts)

    def _answer(self, prompt):
        z = self.log_odds(self.texts[prompt.input_ids])
        *_, listed = turns(self.texts[prompt.input_ids])
        (shown, *_), question = listed[1], question_of(listed)
        towards = z if question.options[question.first] == shown[1] else -z
        pair = [math.log(0.9) - math.log1p(math.exp(-one)) for one in (towards, -towards)]
        forms = len(prompt.continuations) // 2
        logprobs = tuple(one - math.log(forms) for one in pair for _ in range(forms))
        return PromptReading(logprobs, tuple(1.0 for _ in logprobs), 0, -1.0)

    def log_odds(self, text):
        """Towards the first principle: content, biases of this turn, and what was said in the turn before."""
        *before, listed = turns(text)
        question = question_of(listed)
        place, label = where(listed, question.options[question.first])
        z = (len(question.text) % 7 - 3) / 2 + 0.4 * place - 0.3 * label
        for first in before:
            said_label, said_text = re.fullmatch(r"Answer: (\w)\) (.*)", first[2]).groups()
            said_place, _ = where(first, said_text)
            z += self.place / 2 * (1 if said_place == place else -1)
            z += self.label / 2 * (1 if (said_label == "A") == (label > 0) else -1)
            if "cups" in first[0]:
                z += self.unrelated / 2 * (1 if "red" in said_text else -1)
                continue
            asked = question_of(first)
            follows = 1 if said_text == asked.options[asked.first] else -1
            z += follows / 2 * (self.choice if "do you do?" in question.text else self.principle)
        return z


def turns(text):
    """Each turn of a prompt: its question, its options as label and text, what was said."""
    found = []
    for part in text.split("<|user|>")[1:]:
        asked, _, said = part.partition("<|end|><|assistant|>")
        lines = re.findall(r"^(\w)\) (.*)$", asked, re.MULTILINE)
        found.append((asked.partition("\n\n")[0], lines, said.removesuffix("<|end|>")))
    return found


def question_of(turn):
    options = {text for _, text in turn[1]}
    return next(one for one in EVERY if one.text == turn[0] and set(one.options.values()) == options)


def where(turn, text):
    """+1 where this option stands first, and where it has the first label."""
    at = [own for _, own in turn[1]].index(text)
    return (1 if at == 0 else -1), (1 if turn[1][at][0] == "A" else -1)


@pytest.fixture(scope="module")
def plan():
    """The study of one trade-off with every table, planned with the embedded model's tokenizer."""
    study = resolve(Request(suite=(str(GIFT),), design="quick", limit=4, own_words="some"), weights=False)
    planned, problems = survey_model(study, study.sources[0])
    assert not problems
    return study, planned


@pytest.fixture(scope="module")
def results_of(plan):
    """``results_of(Planted(...))``: readings, own words and what is computed of them."""
    study, planned = plan
    texts = {one.input_ids: one.text for item in planned.items for one in item.prompts}

    def of(engine):
        engine = replace(engine, texts=texts)
        tables = {}
        for table in ("readings", "own_words"):
            own = [one for one in planned.items if one.item.table == table]
            cells, shards = zip(*((cell_rows("m", one), shard_rows(engine.read(one.pack))) for one in own), strict=True)
            tables[table] = finished_rows(table, cells, shards, str, ReaderFacts("hand"))
        terms = Terms(tables={"own_words": tables["own_words"]})
        found = analyse(tables["readings"], study.facts(), {"m": FLOOR}, terms)
        return tables, found

    return of


def own_words(found):
    return found.models["m"].tradeoffs["gift"].own_words


PLANTED = Planted(choice=1.2, principle=-0.7, label=0.8, place=-0.5, unrelated=0.3)


def test_commitment_label_echo_and_position_echo_are_recovered_apart(results_of):
    found = own_words(results_of(PLANTED)[1])
    for turns_, pull in ((found.choice, 1.2), (found.principle, -0.7)):
        assert turns_.pull.value == pytest.approx(pull, abs=1e-9)
        assert turns_.label_echo.value == pytest.approx(0.8, abs=1e-9)
        assert turns_.position_echo.value == pytest.approx(-0.5, abs=1e-9)
        assert abs(turns_.pull_of_means.value - pull) < 0.5
        assert turns_.beyond_floor
        assert turns_.option_mass == pytest.approx(0.9)
        floor = turns_.unrelated
        assert floor.size == pytest.approx(0.3, abs=1e-9)
        assert (floor.pull.value, floor.label_echo.value) == pytest.approx((0.3, 0.8), abs=1e-9)
        assert floor.position_echo.value == pytest.approx(-0.5, abs=1e-9)
    assert set(found.choice.by_form) <= {"choose", "agree", "advise"}
    assert len(found.choice.by_form) > 1
    assert list(found.choice.by_scenario.values()) == pytest.approx([1.2] * 4, abs=1e-9)


@pytest.mark.parametrize("name", ["choice", "principle", "label", "place", "unrelated"])
def test_each_is_recovered_by_itself_and_nothing_is_found_of_the_others(results_of, name):
    found = own_words(results_of(Planted(**{name: 1.0}))[1])
    measured = {
        "choice": found.choice.pull.value,
        "principle": found.principle.pull.value,
        "label": found.choice.label_echo.value,
        "place": found.principle.position_echo.value,
        "unrelated": found.choice.unrelated.pull.value,
    }
    for own, value in measured.items():
        assert abs(value - (own == name)) < (0.05 if own == name else 0.02)
    assert found.choice.beyond_floor == (name == "choice")
    assert found.principle.beyond_floor == (name == "principle")


def test_a_model_that_only_repeats_is_not_said_to_commit_where_formats_are_repeated(results_of):
    """The same prompts with both turns in one format show a pull of the echoes' sum, which is none."""
    tables, found = results_of(Planted(label=0.8, place=0.6))
    rows = [row for row in tables["own_words"].to_pylist() if row["form"] == "choice"]
    alike = [row for row in rows if row["first_variant"] == row["second_variant"]]
    naive = np.mean([row["log_odds"] * (1 if row["said"] == row["p1"] else -1) for row in alike]) * 2
    assert naive == pytest.approx(1.4, abs=1e-9)
    assert own_words(found).choice.pull.value == pytest.approx(0.0, abs=1e-9)


def test_marginals_are_the_sum_over_what_it_would_have_said(results_of):
    """From the rows alone, each with the probability that readings give to what was forced."""
    tables, found = results_of(PLANTED)
    alone = {(row["item"], row["variant"]): row["log_odds"] for row in tables["readings"].to_pylist()}
    for form in ("choice", "principle"):
        turns_ = getattr(own_words(found), form)
        joint, scenarios = {}, {}
        for row in tables["own_words"].to_pylist():
            if row["form"] != form:
                continue
            own = alone[row["first_item"], row["first_variant"]]
            said = 1 / (1 + math.exp(-own if row["said"] == row["p1"] else own))
            for chosen, z in ((row["p1"], row["log_odds"]), (row["p2"], -row["log_odds"])):
                share = said / (1 + math.exp(-z)) / 16
                pair = row["said"], chosen
                joint.setdefault(row["scenario"], {}).setdefault(pair, []).append(share)
            second = alone[row["second_item"], row["second_variant"]]
            scenarios.setdefault(row["scenario"], []).append(1 / (1 + math.exp(-second)))
        names = sorted(joint)
        for said in ("truth", "comfort"):
            for chosen in ("truth", "comfort"):
                mean = np.mean([math.fsum(joint[name][said, chosen]) for name in names])
                assert turns_.transition[said][chosen] == pytest.approx(mean, abs=1e-12)
        after = np.array([math.fsum(joint[n]["truth", "truth"] + joint[n]["comfort", "truth"]) for n in names])
        before = np.array([np.mean(scenarios[name]) for name in names])
        assert turns_.after == pytest.approx(after.mean(), abs=1e-12)
        assert turns_.alone == pytest.approx(before.mean(), abs=1e-12)
        assert turns_.shift.value == pytest.approx((after - before).mean(), abs=1e-12)
        bounds = t_interval(after - before, np.full(len(names), 1 / len(names)))
        assert turns_.shift.interval == pytest.approx(bounds, abs=1e-12)
        assert sum(share for row in turns_.transition.values() for share in row.values()) == pytest.approx(1, abs=1e-12)
        assert turns_.after == pytest.approx(sum(row["truth"] for row in turns_.transition.values()), abs=1e-12)
        assert turns_.scenarios == len(names) == 4


def test_what_is_given_is_a_mean_over_scenarios_and_formats(results_of):
    tables, found = results_of(PLANTED)
    for said in ("truth", "comfort"):
        rows = [r for r in tables["own_words"].to_pylist() if r["form"] == "choice" and r["said"] == said]
        assert own_words(found).choice.given[said] == pytest.approx(np.mean(expit([r["log_odds"] for r in rows])))


def test_every_figure_is_kept_and_a_study_without_it_has_none(results_of):
    tables, found = results_of(PLANTED)
    assert from_json(to_json(found)).models["m"].tradeoffs["gift"].own_words == own_words(found)
    without = results_of(PLANTED)[1]
    assert own_words(without) is not None
    empty = tables["own_words"].slice(0, 0)
    study = resolve(Request(suite=(str(GIFT),), design="quick", limit=4), weights=False)
    for terms in (Terms(), Terms(tables={"own_words": empty})):
        assert own_words(analyse(tables["readings"], study.facts(), {"m": FLOOR}, terms)) is None


def test_a_pair_of_which_a_question_was_not_read_alone_is_left_out(results_of):
    tables, whole = results_of(PLANTED)
    study = resolve(Request(suite=(str(GIFT),), design="quick", limit=4), weights=False)
    dropped = next(row["first_item"] for row in tables["own_words"].to_pylist() if row["form"] == "choice")
    kept = tables["readings"].filter(pa.array([one != dropped for one in tables["readings"]["item"].to_pylist()]))
    found = own_words(analyse(kept, study.facts(), {"m": FLOOR}, Terms(tables={"own_words": tables["own_words"]})))
    assert found.choice.pairs == own_words(whole).choice.pairs - 1
    assert found.choice.pull.value == pytest.approx(1.2, abs=1e-9)
    assert found.principle.unrelated.items == own_words(whole).principle.unrelated.items - 1


@pytest.mark.parametrize("fault", ["missing", "twice", "infinite"])
def test_holes_are_refused(results_of, fault):
    tables, _ = results_of(PLANTED)
    rows = tables["own_words"]
    if fault == "missing":
        rows = rows.slice(1)
    elif fault == "twice":
        rows = pa.concat_tables([rows, rows.slice(0, 1)])
    else:
        at = rows.schema.get_field_index("log_odds")
        values = rows["log_odds"].to_numpy().copy()
        values[0] = np.inf
        rows = rows.set_column(at, rows.schema.field(at), pa.array(values))
    study = resolve(Request(suite=(str(GIFT),), design="quick", limit=4), weights=False)
    with pytest.raises(StudyError, match="own_words"):
        analyse(tables["readings"], study.facts(), {"m": FLOOR}, Terms(tables={"own_words": rows}))


def made(pulls, scenarios, spread=0.0):
    """Pairs with these pulls, each with a main effect of its formats."""
    z = np.zeros((len(pulls), 4, 2, 4))
    for at, pull in enumerate(pulls):
        z[at, :, 0], z[at, :, 1] = pull / 2, -pull / 2
        z[at] += spread * np.array([1.0, -1.0, 1.0, -1.0])
    order, label = np.array([1.0, 1, -1, -1]), np.array([1.0, -1, 1, -1])
    none = np.zeros((len(pulls), 4))
    forms = tuple("choose" for _ in pulls)
    return Said(tuple(scenarios), forms, z, none, none, order, label, np.ones(len(pulls)))


def test_scenarios_count_equally_however_many_pairs_they_have():
    found = turns_of_pairs(made([1.0, 3.0, 8.0], ["a", "a", "b"]), None, ("x", "y"), 0.0)
    assert (found.pairs, found.scenarios) == (3, 2)
    assert found.pull.value == pytest.approx((2.0 + 8.0) / 2)
    assert found.pull.interval == pytest.approx(t_interval(np.array([2.0, 8.0]), np.full(2, 0.5)))
    assert found.by_scenario == pytest.approx({"a": 2.0, "b": 8.0})


@pytest.mark.parametrize(
    ("pull", "size", "delta", "beyond"), [(1.0, 0.5, 0.0, True), (1.0, 1.0, 0.0, False), (1.0, 0.5, 0.5, False)]
)
def test_beyond_the_floor_is_beyond_unrelated_answers_and_rounding_with_its_whole_interval(pull, size, delta, beyond):
    names = ["a", "b", "c"]
    for sign in (1, -1):
        said = made([sign * pull + 1e-4 * one for one in range(3)], names)
        unrelated = made([size, -size, size], names)
        found = turns_of_pairs(said, unrelated, ("x", "y"), delta)
        assert found.unrelated.size == pytest.approx(size)
        assert found.beyond_floor == beyond
        wide = turns_of_pairs(made([sign * pull, sign * 9.0, sign * 5.0], names), unrelated, ("x", "y"), delta)
        assert not wide.beyond_floor
        assert not turns_of_pairs(said, None, ("x", "y"), delta).beyond_floor


def test_the_pull_of_means_is_of_mean_probabilities():
    """Formats that pull both ways shrink it, and leave the pull of log-odds as it is."""
    found = turns_of_pairs(made([2.0, 2.0], ["a", "b"], spread=3.0), None, ("x", "y"), 0.0)
    p = np.mean(expit([1.0 + 3.0, 1.0 - 3.0]))
    assert found.pull_of_means.value == pytest.approx(2 * math.log(p / (1 - p)))
    assert found.pull_of_means.value < 1.5 < found.pull.value == pytest.approx(2.0)
    assert found.pull_of_means.interval == pytest.approx((found.pull_of_means.value,) * 2)
    one = turns_of_pairs(made([2.0], ["a"]), None, ("x", "y"), 0.0)
    assert (one.pull.interval, one.pull_of_means.interval, one.shift.interval) == (None, None, None)


def test_the_jackknife_of_the_pull_of_means_is_its_definition():
    pulls = [0.5, 1.0, 2.5, 4.0]
    found = turns_of_pairs(made(pulls, "abcd"), None, ("x", "y"), 0.0).pull_of_means

    def of(some):
        p = np.array([np.mean(expit([sign * one / 2 for one in some])) for sign in (1, -1)])
        return float(np.log(p / (1 - p)) @ [1, -1])

    without = np.array([of(pulls[:at] + pulls[at + 1 :]) for at in range(4)])
    error = math.sqrt(3 / 4 * ((without - without.mean()) ** 2).sum())
    assert found.value == pytest.approx(of(pulls))
    assert (found.interval[1] - found.interval[0]) / 2 == pytest.approx(3.182446305 * error, rel=1e-8)


def test_contrasts_are_orthogonal():
    order, label = np.array([1.0, 1, -1, -1]), np.array([1.0, -1, 1, -1])
    codes = [np.ones(4), label, order]
    for at, code in enumerate(codes):
        z = np.array([1.0, -1.0])[None, None, :, None] / 2 * np.outer(code, code)[None, :, None, :]
        assert [float(contrast(z, one)[0]) for one in codes] == pytest.approx([float(at == own) for own in range(3)])
