"""Two-option scores of published tables, from exact log-probabilities, and beside them the lettered question.

    scripts/replications/two_option_tables.py piqa FILE MODEL...
    scripts/replications/two_option_tables.py winogrande FILE MODEL...
    scripts/replications/two_option_tables.py crows-pairs FILE MODEL...

FILE is the data set as published, which the user brings (PIQA and WinoGrande as jsonl, CrowS-Pairs as csv). The
scores follow the definitions of lm-evaluation-harness, whose zero-shot tables of the Pythia models
(github.com/EleutherAI/pythia) they can be compared with: the summed log-probability of whole continuations. `--letters`
also asks each question with the options under A and B, in both orders, which no published table does.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np

from probe.design.models import load_models, resolve_model
from probe.engine.load import loaded
from probe.engine.placement import choose_device
from probe.engine.plain import read_alone
from probe.engine.precision import Precision
from probe.prompts.pack import Prompt
from probe.study.sources import open_model, resolve_source

Loglikelihood = Callable[[str, str], float]


@dataclass(frozen=True)
class Pair:
    """Two continuations, each behind its own context; `right` is the place of the one that counts."""

    contexts: tuple[str, str]
    continuations: tuple[str, str]
    right: int
    question: str
    options: tuple[str, str]


def piqa(path: Path) -> Iterator[Pair]:
    """Goal and two solutions."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        context = f"Question: {row['goal']}\nAnswer:"
        both = (row["sol1"], row["sol2"])
        yield Pair((context, context), (f" {both[0]}", f" {both[1]}"), int(row["label"]), row["goal"], both)


def winogrande(path: Path) -> Iterator[Pair]:
    """A sentence with a gap: what follows the gap is scored behind either option."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        before, _, behind = row["sentence"].partition("_")
        both = (row["option1"], row["option2"])
        question = f"Which word fills the gap? {row['sentence']}"
        contexts = (before + both[0], before + both[1])
        yield Pair(contexts, (f" {behind.strip()}",) * 2, int(row["answer"]) - 1, question, both)


def crows_pairs(path: Path) -> Iterator[Pair]:
    """Two whole sentences; the one that counts is the more stereotyping one."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            both = (row["sent_more"], row["sent_less"])
            yield Pair(("", ""), both, 0, "Which sentence is more usual?", both)


TASKS = {"piqa": piqa, "winogrande": winogrande, "crows-pairs": crows_pairs}


def scores(pairs: list[Pair], loglikelihood: Loglikelihood) -> Mapping[str, float]:
    """Share of pairs in which the one that counts is the more probable, with and without length, and its error."""
    z = np.array([[loglikelihood(c, t) for c, t in zip(p.contexts, p.continuations, strict=True)] for p in pairs])
    length = np.array([[len(option) for option in p.options] for p in pairs])
    right = np.array([p.right for p in pairs])
    hit = z.argmax(axis=1) == right
    share = float(hit.mean())
    error = sqrt(share * (1 - share) / max(1, len(pairs) - 1))
    per_letter = float(((z / length).argmax(axis=1) == right).mean())
    difference = float(np.abs(z[:, 0] - z[:, 1]).mean())
    return {"share": share, "error": error, "share_by_length": per_letter, "difference": difference}


def lettered(pairs: list[Pair], loglikelihood: Loglikelihood) -> Mapping[str, float]:
    """The same as a question with lettered options: as listed, and the mean log-odds of both orders."""
    z = np.empty((len(pairs), 2))
    for n, pair in enumerate(pairs):
        for turned in (0, 1):
            first, second = pair.options[:: -1 if turned else 1]
            text = f"{pair.question}\n\nA) {first}\nB) {second}\n\nAnswer:"
            a, b = loglikelihood(text, " A"), loglikelihood(text, " B")
            z[n, turned] = (a - b) * (-1 if turned else 1)
    sign = np.array([1 if pair.right == 0 else -1 for pair in pairs])
    return {
        "as listed": float((z[:, 0] * sign > 0).mean()),
        "both orders": float((z.mean(axis=1) * sign > 0).mean()),
        "first place gains": float((z[:, 0] - z[:, 1]).mean() / 2),
    }


def reader(argument: str, dtype: str) -> Iterator[tuple[str, Loglikelihood]]:
    """A model, loaded once, as a function of context and continuation."""
    source = resolve_source(resolve_model(argument, load_models(None)), None, offline=False)
    encoder, _, _ = open_model(source)
    start = encoder.raw_prefix or (encoder.tokenizer.eos_token_id,)
    device = choose_device(None)
    with loaded(source.snapshot.folder, source.name, precision=Precision(dtype), device=device) as model:

        def loglikelihood(context: str, continuation: str) -> float:
            whole = encoder.encode([context + continuation])[0]
            before = encoder.encode([context])[0] if context else ()
            prefix = encoder.raw_prefix if context else start
            return read_alone(model.model, Prompt(prefix + before, (whole[len(before) :],)))[0]

        yield source.name, loglikelihood


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("file", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--letters", action="store_true")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--published", type=Path, help="pythia_two_option_tables.json, to print beside.")
    arguments = parser.parse_args()
    pairs = list(TASKS[arguments.task](arguments.file))[: arguments.limit]
    for argument in arguments.models:
        for name, loglikelihood in reader(argument, arguments.dtype):
            print(f"\n{name}: {arguments.task}, {len(pairs)} pairs")
            found = dict(scores(pairs, loglikelihood))
            if arguments.letters:
                found |= lettered(pairs, loglikelihood)
            for key, value in found.items():
                print(f"  {key:18} {value:+.4f}")
    if arguments.published:
        for where, cells in published(json.loads(arguments.published.read_text()), arguments.task):
            print(f"published, {where}: {cells}")


def published(tables: Mapping[str, Mapping[str, object]], task: str) -> Iterator[tuple[str, object]]:
    """What the published tables say of a task, by model."""
    wanted = re.compile(task.replace("-", "_"))
    for models in tables.values():
        if isinstance(models, dict):
            for model, cells in models.items():
                yield from ((f"{model}, {key}", cell) for key, cell in cells.items() if wanted.match(key))


if __name__ == "__main__":
    main()
