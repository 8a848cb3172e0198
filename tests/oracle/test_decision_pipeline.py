"""Guards: after renormalising, a reading is what transformers' own decision pipeline says of the same prompt."""

from __future__ import annotations

import math

import numpy as np
import pytest
import transformers
from transformers.pipelines import SUPPORTED_TASKS

from probe.design.models import ModelSpec
from probe.engine.load import load_model
from probe.engine.plain import PlainReader
from probe.engine.precision import Precision
from probe.engine.snapshot import identify
from probe.prompts.labels import plan_labels
from probe.prompts.pack import Pack, Prompt
from probe.study.sources import Source, open_model

pytestmark = pytest.mark.skipif(
    "decision" not in SUPPORTED_TASKS, reason=f"transformers {transformers.__version__} has no pipeline('decision')"
)

CASES = [
    (
        "What is the tone?",
        {"calm": "A polite message", "pushy": "Pressures the reader"},
        "WIN a FREE phone, click here!",
    ),
    ("Which is kinder?", {"tell": None, "keep": None}, "A friend shows you her first poem."),
    ("How many were there?", {"one": "a single one", "two": "a pair", "three": "some more"}, {"count": [1, 2, 3]}),
]


REAL = ["qwen3", "smollm3", "phi-4"]
"""Real tokenizers with a chat template that encode a letter alone as they do behind it."""


@pytest.fixture(scope="module", params=["demo", *(pytest.param(name, marks=pytest.mark.real) for name in REAL)])
def folder(request, tiny_model_folder, demo_folder):
    """The embedded model, and tiny random ones with real tokenizers."""
    if request.param == "demo":
        return demo_folder
    family = "phi3" if request.param == "phi-4" else "llama"  # by which transformers chooses the tokenizer's class
    return tiny_model_folder(family, request.getfixturevalue("real_dir") / "tokenizers" / request.param)


@pytest.fixture(scope="module")
def decide(folder):
    """``decide(state, question, criteria)``: what the pipeline says, and the prompt that it read."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    config = transformers.DecisionConfig()
    pipe = transformers.pipeline("decision", model=model, tokenizer=tokenizer, decision_config=config)

    def ask(state, question, criteria):
        asked = {"q": {"type": "choice", "instructions": question, "criteria": criteria}}
        inputs, _ = config.prepare_inputs({"state": state, "questions": asked}, tokenizer)[0]
        found = pipe({"state": state, "questions": asked})["q"]["probabilities"]
        return found, tuple(inputs["input_ids"][0].tolist())

    return ask


@pytest.fixture(scope="module")
def read(folder):
    """``read(ids, labels)``: log-probabilities of single-token labels after a prompt, as a study reads them."""
    encoder, _, _ = open_model(Source(ModelSpec("m", folder, None, None), identify(folder, "m")))
    loaded = load_model(folder, "m", precision=Precision(), device="cpu")
    reader = PlainReader(loaded.model, np.zeros(1, dtype=np.bool_), "m")

    def at(ids, labels):
        text = encoder.tokenizer.decode(ids)
        assert encoder.encode([text]) == [ids]
        joint = [[one] for one in encoder.encode([text + label for label in labels])]
        forms = plan_labels(ids, joint, labels, "here", text[-9:]).forms
        assert [len(form) for (form,) in forms] == [1] * len(labels)
        (reading,) = reader.read(Pack((Prompt(ids, tuple(form for (form,) in forms)),), 4096))
        return reading.logprobs

    return at


@pytest.mark.parametrize(("question", "criteria", "state"), CASES)
def test_equal_to_the_decision_pipeline(decide, read, question, criteria, state):
    expected, ids = decide(state, question, criteria)
    logprobs = read(ids, "ABC"[: len(criteria)])
    mass = math.fsum(map(math.exp, logprobs))
    assert mass < 1.0
    for option, logprob in zip(criteria, logprobs, strict=True):
        assert math.exp(logprob) / mass == pytest.approx(expected[option], abs=1e-5)
