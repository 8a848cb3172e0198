"""Hold a model's readings against lm-evaluation-harness, llama.cpp and transformers' decision pipeline.

    scripts/results/agreement.py [results/models.yaml]

400 cells of the kept readings, spread evenly over sides and formats, are computed again by the harness: every form of
both labels; a cell of every fourth item by llama.cpp where llama-cpp-python is installed and the weights are a GGUF
file. Then 100 questions are asked by ``pipeline("decision")`` in its own words. All of it is of the same token ids. The
pairs go into results/MODEL/agreement.parquet; the differences are computed when the page is made.
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import transformers
from llama_cpp_reader import llama_cpp_reader
from places import AGREEMENT, DESIGN, KEPT, LIMIT, SUITE, place_weights
from scipy.special import logsumexp
from transformers import PreTrainedModel

from probe.design.models import own_models
from probe.engine.load import loaded
from probe.engine.plain import PlainReader
from probe.engine.precision import Precision
from probe.prompts.labels import plan_labels
from probe.prompts.pack import Pack, Prompt
from probe.prompts.plan import ItemPlan
from probe.prompts.tokenizer import TextEncoder
from probe.study.planning import find_model, plan_items
from probe.study.request import Request
from probe.study.resolve import Study, resolve

CELLS, OF_LLAMA_CPP, QUESTIONS = 400, 100, 100

SCHEMA = pa.schema(
    [
        pa.field("against", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),
        pa.field("variant", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("forms", pa.int16(), nullable=False),
        pa.field("tokens", pa.int16(), nullable=False),
        pa.field("probe", pa.float64(), nullable=False),
        pa.field("other", pa.float64(), nullable=False),
    ]
)
"""Natural log-probability of an answer as read and as the other says it; `tokens` of its longest form."""

Row = dict[str, object]


def spread(total: int, count: int) -> list[int]:
    """`count` places among `total`, evenly spread.

    Example:
        >>> spread(10, 3)
        [1, 5, 8]
    """
    return [int((n + 0.5) / count * total) for n in range(min(count, total))]


def against_harness(
    model: PreTrainedModel, folder: Path, plans: list[ItemPlan], readings: dict[tuple[str, str], Row]
) -> Iterator[Row]:
    """Every answer of one cell of each plan, as kept and as the harness sums it."""
    from lm_eval.models.huggingface import HFLM  # noqa: PLC0415  an extra

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        harness = HFLM(
            pretrained=model, tokenizer=transformers.AutoTokenizer.from_pretrained(folder), batch_size=8, device="cpu"
        )
    asked = list(answers_of(plans, readings))
    requests = [
        ((f"{one.row['item']} {one.row['variant']}", str(form)), list(one.prompt), list(form))
        for one in asked
        for form in one.forms
    ]
    # All at once: it reads a prompt once for all of its answers of one token.
    said = iter([one for one, _ in harness._loglikelihood_tokens(requests, disable_tqdm=True)])
    for one in asked:
        other = float(logsumexp([next(said) for _ in one.forms]))
        yield {"against": "lm-evaluation-harness", **one.row, "other": other}


def against_llama_cpp(source: Path | str, plans: list[ItemPlan], readings: dict[tuple[str, str], Row]) -> Iterator[Row]:
    """The same answers by llama.cpp on a GGUF file; none where it is not installed or the weights are others."""
    read = llama_cpp_reader(source) if isinstance(source, Path) and source.suffix == ".gguf" else None
    if read is None:
        return
    for one in answers_of(plans, readings):
        other = float(logsumexp(read(one.prompt, one.forms)))
        yield {"against": "llama.cpp", **one.row, "other": other}


@dataclass(frozen=True, slots=True)
class Answer:
    """One option of one cell: the token ids before it, every form of its label, and its row of the table."""

    prompt: tuple[int, ...]
    forms: tuple[tuple[int, ...], ...]
    row: Row


def answers_of(plans: list[ItemPlan], readings: dict[tuple[str, str], Row]) -> Iterator[Answer]:
    """Both options of one cell of each plan, with what was kept of them."""
    for number, plan in enumerate(plans):
        prompt = plan.prompts[(7 * number) % len(plan.prompts)]
        kept = readings[plan.item.id, prompt.variant.id]
        for option, forms in zip(prompt.rendered.shown, prompt.labels.forms, strict=True):
            side = "p1" if option.principle == kept["p1"] else "p2"
            row: Row = {
                "item": plan.item.id,
                "variant": prompt.variant.id,
                "answer": str(option.principle),
                "forms": len(forms),
                "tokens": max(map(len, forms)),
                "probe": kept[f"logprob_{side}"],
            }
            yield Answer(prompt.input_ids + prompt.labels.forced_prefix, forms, row)


def against_pipeline(model: PreTrainedModel, folder: Path, encoder: TextEncoder, study: Study) -> Iterator[Row]:
    """Questions of the suite in the pipeline's own words: its probabilities, and the same token ids read here."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    config = transformers.DecisionConfig()
    pipe = transformers.pipeline("decision", model=model, tokenizer=tokenizer, decision_config=config)
    reader = PlainReader(model, np.zeros(1, dtype=np.bool_), "pipeline")
    scenarios = [item for item in study.items if item.side == "revealed" and not item.fixed]
    for number, place in enumerate(spread(len(scenarios), QUESTIONS)):
        item = scenarios[place]
        options = {item.p1: item.option_p1, item.p2: item.option_p2}
        if number % 2:
            options = dict(reversed(options.items()))
        question = {"type": "choice", "instructions": "What should be done?", "criteria": options}
        asked = {"state": item.text, "questions": {"q": question}}
        inputs, _ = config.prepare_inputs(asked, tokenizer)[0]
        ids = tuple(inputs["input_ids"][0].tolist())
        text, labels = encoder.tokenizer.decode(ids), "AB"
        joint = [[one] for one in encoder.encode([text + label for label in labels])]
        forms = [own[0] for own in plan_labels(ids, joint, labels, item.id, text[-9:]).forms]
        (reading,) = reader.read(Pack((Prompt(ids, tuple(forms)),), 4096))
        mass = logsumexp(reading.logprobs)
        said = pipe(asked)["q"]["probabilities"]
        for logprob, form, (answer, probability) in zip(reading.logprobs, forms, said.items(), strict=True):
            yield {
                "against": "decision pipeline",
                "item": item.id,
                "variant": "",
                "answer": answer,
                "forms": 1,
                "tokens": len(form),
                "probe": float(logprob - mass),
                "other": math.log(probability),
            }


def compare(name: str, models: Path) -> pa.Table:
    """Both comparisons of one model."""
    place_weights(models)
    study = resolve(Request(models=(name,), models_file=models, suite=(SUITE,), design=DESIGN, limit=LIMIT))
    asked = find_model(study, study.sources[0])
    rows = pq.read_table(KEPT / name / "readings.parquet").to_pylist()
    readings = {(row["item"], row["variant"]): row for row in rows}
    items = [item.id for item in study.items]
    only = {items[place] for place in spread(len(items), CELLS)}
    plans = [plan for plan in plan_items(study, asked, only=only) if isinstance(plan, ItemPlan)]
    folder = study.sources[0].snapshot.folder
    with loaded(folder, name, precision=Precision(), device="cpu") as model:
        found = chain(
            against_harness(model.model, folder, plans, readings),
            against_llama_cpp(own_models(models)[name].source, plans[:: CELLS // OF_LLAMA_CPP], readings),
            against_pipeline(model.model, folder, asked.encoder, study),
        )
        return pa.Table.from_pylist(list(found), SCHEMA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="?", type=Path, default=KEPT / "models.yaml")
    models = parser.parse_args().models.absolute()
    for name in own_models(models):
        table = compare(name, models)
        pq.write_table(table, KEPT / name / AGREEMENT, compression="zstd")
        print(f"{name}: {table.num_rows} answers compared, {KEPT / name / AGREEMENT}")


if __name__ == "__main__":
    try:
        import lm_eval  # noqa: F401
    except ImportError:
        raise SystemExit("lm-evaluation-harness is not installed. Run `pip install 'probe[lm-eval]'`.") from None
    main()
