"""Guards: the generated task runs in other people's harness and scores exactly what we read of that form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import probe
from probe.commands.export import export
from probe.design.axes import load_design
from probe.design.expand import expand
from probe.design.tradeoffs import load_tradeoff
from probe.exports.lm_eval import sample_lines, task_files
from probe.exports.prompts import asked

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


def questions():
    return asked(expand(load_tradeoff(SHORT).tradeoff), load_design("quick"))


def test_files_hold_every_question_in_every_format():
    files = task_files(questions(), "short")
    tasks = [name for name in files if name.endswith(".jsonl")]
    assert sorted(tasks) == [f"probe_short_{side}.jsonl" for side in ("bridge", "control", "revealed", "stated")]
    documents = [json.loads(line) for name in tasks for line in files[name].splitlines()]
    assert len(documents) == 4 * 13
    assert len({(one["item"], one["variant"]) for one in documents}) == 52
    assert yaml.safe_load(files["probe_short.yaml"])["task"] == [
        "probe_short_revealed",
        "probe_short_bridge",
        "probe_short_stated",
        "probe_short_control",
    ]


def test_the_target_is_p1_wherever_it_stands():
    files = task_files(questions(), "short")
    for one in map(json.loads, files["probe_short_revealed.jsonl"].splitlines()):
        assert one["p1_place"] == (0 if one["variant"].startswith("order=p1") else 1)
        label = one["choices"][one["p1_place"]]
        item = next(i for i in expand(load_tradeoff(SHORT).tradeoff) if i.id == one["item"])
        assert f"{label}) {item.option_p1}" in one["prompt"]
        assert one["prompt"].endswith("\n\nAnswer:")


def test_samples_carry_the_readings():
    row = {
        "item": "t/x",
        "variant": "order=p2",
        "side": "stated",
        "p1": "a",
        "p2": "b",
        "shown_first": "b",
        "label_p1": "B",
        "label_p2": "A",
        "logprob_p1": -0.5,
        "logprob_p2": -1.0,
        "top_token": " B",
        "prompt_sha256": "f",
    }
    (line,) = sample_lines([row], {"f": "Which?"})
    sample = json.loads(line)
    assert sample["filtered_resps"] == [[-1.0, False], [-0.5, True]]
    assert (sample["target"], sample["acc"], sample["doc"]["choices"]) == (1, 1.0, ["A", "B"])
    assert sample["arguments"]["gen_args_1"] == {"arg_0": "Which?", "arg_1": "B"}


@pytest.mark.lm_eval
@pytest.mark.filterwarnings("default")
@pytest.mark.real
def test_the_harness_reads_what_we_read(tmp_path, real_dir):
    lm_eval = pytest.importorskip("lm_eval")
    from lm_eval.tasks import TaskManager

    export(f"{SHORT}", "lm-eval", tmp_path, "quick")
    model = str(real_dir / "models" / "stories260K")
    task = "probe_short_stated"
    found = lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": model, "dtype": "float32", "device": "cpu"},
        tasks=[task],
        task_manager=TaskManager(include_path=str(tmp_path), include_defaults=False),
        batch_size=4,
        bootstrap_iters=0,
    )
    samples = found["samples"][task]
    assert len(samples) == 20
    for sample in samples:
        document = sample["doc"]
        ours = probe.read(model, document["prompt"], [f" {label}" for label in document["choices"]], dtype="float32")
        theirs = [float(answer[0]) for answer in sample["filtered_resps"]]
        assert theirs == pytest.approx(ours, abs=1e-4)
    chosen = [sample["acc"] for sample in samples]
    assert found["results"][task]["acc,none"] == pytest.approx(sum(chosen) / len(chosen))
