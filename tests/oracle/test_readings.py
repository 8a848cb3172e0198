"""Guards: every reading is what an independent float64 pass over one prompt says, column by column."""

from __future__ import annotations

import math
import random

import pyarrow as pa
import pytest
from planned import reading_rows
from reference import ROOT, Oracle

import probe
from probe.engine.load import loaded
from probe.engine.plain import PlainReader
from probe.engine.precision import Precision
from probe.prompts.plan import ItemPlan, plan_item
from probe.study.loglikelihood import read
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.study.sources import open_model

SHORT = ROOT / "tests/data/short.yaml"
DEMO = sorted((ROOT / "scenarios/demo").glob("*.yaml"))
OWN = ROOT / "tests/oracle/own.yaml"
OWN_FULL = ROOT / "tests/oracle/own-full.yaml"


@pytest.fixture(scope="module")
def demo_oracle(demo_folder):
    return Oracle(demo_folder, chat=True)


@pytest.fixture(scope="module")
def random_llama(tiny_model_folder, real_dir):
    return tiny_model_folder("llama", real_dir / "tokenizers" / "qwen3")


@pytest.fixture(scope="module")
def random_oracle(random_llama):
    return Oracle(random_llama, chat=True)


def read_sample(study, variants, items):
    """Rows of some items in some variants, without a run folder."""
    (source,) = study.sources
    encoder, style, limit = open_model(source)
    tables = []
    with loaded(source.snapshot.folder, source.name, precision=Precision("auto"), device="cpu") as model:
        reader = PlainReader(model.model, encoder.boundary_tokens(), source.name)
        for item in items:
            plan = plan_item(encoder, style, item, variants, study.design.levels, limit=limit, budget=4096)
            assert isinstance(plan, ItemPlan)
            rows = reader.read(plan.pack)
            tables.append(
                reading_rows("demo", plan, rows, encoder.decode, reader="plain", logits_dtype=model.weights.dtype)
            )
    return pa.concat_tables(tables)


def test_a_spread_sample_of_the_demo_study(compare, demo_oracle):
    study = resolve(Request())
    chance = random.Random(5)
    items = [item for side in ("stated", "revealed", "bridge", "control") for item in one_each(study, side, chance)]
    variants = chance.sample(study.design.variants(), 8)
    assert {item.tradeoff for item in items} == set(study.facts().tradeoffs)
    table = read_sample(study, variants, items)
    assert compare(table, demo_oracle, DEMO, 5e-5) == 8 * len(items)


def one_each(study, side, chance):
    """One item of each trade-off."""
    for tradeoff in study.facts().tradeoffs:
        yield chance.choice([item for item in study.items if (item.tradeoff, item.side) == (tradeoff, side)])


@pytest.mark.slow
def test_the_whole_demo_study(compare, demo_oracle, tmp_path):
    results = probe.run("demo", out=tmp_path / "run")
    assert compare(results.readings, demo_oracle, DEMO, 5e-5) == results.readings.num_rows == 347 * 32


@pytest.mark.real
@pytest.mark.parametrize("design", ["quick", str(OWN)])
def test_random_weights_with_a_real_tokenizer(compare, random_llama, random_oracle, tmp_path, design):
    own = OWN if design == str(OWN) else None
    limit = 1 if own else None
    results = probe.run(str(random_llama), suite=str(SHORT), design=design, limit=limit, out=tmp_path / "run")
    assert compare(results.readings, random_oracle, [SHORT], 1e-5, own) == (6 if own else 13) * 4


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("design", ["standard", str(OWN_FULL)])
def test_random_weights_with_a_real_tokenizer_at_length(compare, random_llama, random_oracle, tmp_path, design):
    results = probe.run(str(random_llama), suite=str(SHORT), design=design, out=tmp_path / "run")
    own = OWN_FULL if design == str(OWN_FULL) else None
    assert compare(results.readings, random_oracle, [SHORT], 1e-5, own) == 13 * (72 if own else 32)


@pytest.mark.real
@pytest.mark.parametrize("design", ["quick", str(OWN)])
def test_a_real_model_without_a_chat_template(compare, real_dir, tmp_path, design):
    """Labels of unequal token length: ' A' is two tokens, ' B' one; digits share their first token."""
    if design == str(OWN):  # raw text needs a cue
        design = str(tmp_path / "raw.yaml")
        (tmp_path / "raw.yaml").write_text(OWN.read_text().replace("[opened, none]", "[opened, answer]"))
    own = OWN if "raw" in design else None
    folder = real_dir / "models" / "stories260K"
    results = probe.run(str(folder), suite=str(SHORT), design=design, limit=1 if own else None, out=tmp_path / "run")
    assert compare(results.readings, Oracle(folder, chat=False), [SHORT], 5e-5, own) == results.readings.num_rows > 0


@pytest.mark.real
@pytest.mark.parametrize(
    ("text", "continuations", "expected"),
    [
        ("Once upon a time, there was a little girl named Lily.", [" She", " He"], [-0.1034, -7.0835]),
        (
            "Lily was sad because she lost her toy. Her mom saw that Lily was",
            [" sad", " happy"],
            [-2.0867, -3.8412],
        ),
        ("Question: Is a cat an animal? Answer Yes or No.\nAnswer:", [" Yes", " No"], [-6.2069, -5.8134]),
    ],
)
def test_published_log_probabilities(real_dir, text, continuations, expected):
    found = read(str(real_dir / "models" / "stories260K"), text, continuations)
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.real
def test_first_tokens_alone_would_say_nothing(real_dir):
    """The trap: ' Yes' and ' No' begin with the same token there, and half a nats lies behind it."""
    folder = str(real_dir / "models" / "stories260K")
    oracle = Oracle(real_dir / "models" / "stories260K", chat=False)
    text = "Question: Is a cat an animal? Answer Yes or No.\nAnswer:"
    ids = oracle.tokenizer(text)["input_ids"]
    first = [oracle.tokenizer(text + label)["input_ids"][len(ids)] for label in (" Yes", " No")]
    assert first[0] == first[1]
    yes, no = read(folder, text, [" Yes", " No"])
    assert math.fabs(yes - no) > 0.3
