"""An independent reading: one prompt, one pass, float64. Shares no code with the prompts and the engine room.

Items come from the trade-off file, formats from axes.yaml, both read with plain YAML; the chat text from the
tokenizer's own template; label forms from encoding prompt and form together; numbers from the unchanged model.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers
import yaml

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Question:
    """What an item asks; options by principle, `first` is p1."""

    text: str
    options: dict[str, str]
    first: str


def questions(path: Path) -> dict[str, Question]:
    """All items of a trade-off file, by id."""
    file = yaml.safe_load(path.read_text(encoding="utf-8"))
    name, p1 = file["tradeoff"], next(iter(file["principles"]))
    found = {}
    for stated in file["stated"]:
        item = f"{name}/{stated['id']}"
        found[item] = Question(stated["text"], stated["options"], p1)
        if "mate" in stated:
            found[f"{item}~mate"] = Question(stated["mate"]["text"], stated["mate"]["options"], p1)
        for n, text in enumerate(stated.get("paraphrases", []), 1):
            found[f"{item}~p{n}"] = Question(text, stated["options"], p1)
    for scenario in file["revealed"]:
        item = f"{name}/{scenario['id']}"
        factors = scenario.get("factors", {})
        for levels in itertools.product(*factors.values()):
            words = {factor: factors[factor][level] for factor, level in zip(factors, levels, strict=True)}
            cell = ",".join(f"{factor}={level}" for factor, level in zip(factors, levels, strict=True))
            for own, asked in ((item, scenario), (f"{item}~mate", scenario.get("mate"))):
                if asked is not None:
                    options = {p: insert(text, words) for p, text in asked["options"].items()}
                    found[f"{own}/{cell}" if cell else own] = Question(insert(asked["text"], words), options, p1)
        if "bridge" in scenario:
            found[f"{item}~bridge"] = Question(scenario["bridge"]["text"], scenario["bridge"]["options"], p1)
    for control in file.get("controls", []):
        options = control["options"]
        found[f"{name}/{control['id']}"] = Question(control["text"], options, next(iter(options)))
    return found


def insert(text: str, words: dict[str, str]) -> str:
    """Factor levels in the place of their names."""
    for factor, word in words.items():
        text = re.sub(r"\{\{\s*" + re.escape(factor) + r"\s*\}\}", lambda _, word=word: word, text)
    return text


def axes(design: Path | None = None) -> dict[str, dict[str, Any]]:
    """What every level of every axis means, a design's own levels included."""
    shipped = yaml.safe_load((ROOT / "probe/design/axes.yaml").read_text(encoding="utf-8"))
    levels = {axis: dict(table["levels"]) for axis, table in shipped.items()}
    own = yaml.safe_load(design.read_text(encoding="utf-8")).get("levels", {}) if design else {}
    for axis, table in own.items():
        levels[axis].update(table)
    return levels


@dataclass(frozen=True)
class Written:
    """A prompt's parts: what is asked, the cue, the label of each principle in the order shown, the opening."""

    question: str
    cue: str
    labels: dict[str, str]
    opening: str


def write(question: Question, variant: str, levels: dict[str, dict[str, Any]], neutral: str = "") -> Written:
    """A question in the format that a variant's id names, with these words for a neutral option."""
    of = dict(part.split("=", 1) for part in variant.split(","))
    p1 = question.first
    p2 = next(p for p in question.options if p != p1)
    shown = [p1, p2] if of["order"] == "p1" else [p2, p1]
    leader = {"p1": p1, "p2": p2, "position": shown[0]}[of["label_order"]]
    labels_of = levels["label_set"][of["label_set"]]
    every = [*labels_of["labels"], labels_of["third"]] if "neutral" in of else list(labels_of["labels"])
    words = dict(question.options)
    own = None
    if "neutral" in of:
        place = ["first", "middle", "last"].index(of["neutral"])
        own = every.pop(place)
        words["neutral"] = neutral
        shown.insert(place, "neutral")
    one, two = every
    labels = {p: own if p == "neutral" else one if p == leader else two for p in shown}
    left, right = (levels["enclosure"][of["enclosure"]][side] for side in ("open", "close"))
    layout = levels["layout"][of["layout"]]
    options = [layout["prefix"] + left + labels[p] + right + " " + words[p] for p in shown]
    asked = levels["instruction"][of["instruction"]]
    cue = levels["cue"][of["cue"]]
    body = question.text + "\n\n" + layout["between"].join(options) + "\n\n" + asked
    return Written(body, cue, labels, "" if left and cue.endswith(left) else left)


@dataclass(frozen=True)
class Reading:
    """What a row of the table must say."""

    text: str
    input_ids: list[int]
    forms: dict[str, list[tuple[int, ...]]]
    logprob: dict[str, float]
    boundary: dict[str, float]
    first: torch.Tensor


class Oracle:
    """Reads one prompt after the other with an unchanged model in float64."""

    def __init__(self, folder: Path, *, chat: bool, append: str = "", parts: bool = False) -> None:
        """Load tokenizer and weights of a folder.

        `append` is written behind the generation prompt; with `parts` the question is given as a list of parts.
        """
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
        model = transformers.AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32)
        self.model = model.double().eval()
        if hasattr(model.config, "num_experts_per_tok"):  # the fast path for experts knows no float64
            self.model.set_experts_implementation("eager")
        self.chat, self.append, self.parts = chat, append, parts
        self.lead: list[int] = []
        if not chat:
            special, whole = set(self.tokenizer.all_special_ids), self.tokenizer("x")["input_ids"]
            self.lead = list(itertools.takewhile(special.__contains__, whole))

    def read(self, written: Written) -> Reading:
        """Everything about one prompt."""
        text = self._text(written)
        ids = self._encode(text)
        forms = {p: self._forms(text, ids, label, written.opening) for p, label in written.labels.items()}
        logprob, boundary = {}, {}
        first = None
        for principle, sequences in forms.items():
            scores, behind = [], []
            for form in sequences:
                rows = self._logprobs(ids, form)
                first = rows[0]
                scores.append(sum(float(rows[i, token]) for i, token in enumerate(form)))
                behind.append(float(rows[-1].exp()[self._boundary].sum()))
            top = max(scores)
            shares = [math.exp(score - top) for score in scores]
            logprob[principle] = top + math.log(math.fsum(shares))
            boundary[principle] = math.fsum(s * b for s, b in zip(shares, behind, strict=True)) / math.fsum(shares)
        assert first is not None
        return Reading(text, ids, forms, logprob, boundary, first)

    def _text(self, written: Written) -> str:
        if not self.chat:
            return written.question + "\n\n" + written.cue
        content = [{"type": "text", "text": written.question}] if self.parts else written.question
        messages = [{"role": "user", "content": content}]
        head = self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        return of_new_year(head) + self.append + written.cue

    def _encode(self, text: str) -> list[int]:
        return self.lead + self.tokenizer.encode(text, add_special_tokens=False)

    def _forms(self, text: str, ids: list[int], label: str, opening: str) -> list[tuple[int, ...]]:
        """Distinct ids behind the prompt, of every way to write the label that leaves the prompt's ids alone."""
        found = set()
        for before in {"", " ", opening, " " + opening}:
            joint = self._encode(text + before + label)
            if joint[: len(ids)] == ids:
                found.add(tuple(joint[len(ids) :]))
        return sorted(form for form in found if not any(form[:n] in found for n in range(1, len(form))))

    @torch.no_grad()
    def _logprobs(self, ids: list[int], form: tuple[int, ...]) -> torch.Tensor:
        """Rows of whole-vocabulary log-probabilities: after the prompt, and after each token of the form."""
        hidden = self.model.get_decoder()(input_ids=torch.tensor([ids + list(form)]), use_cache=False)
        last = hidden.last_hidden_state[0, len(ids) - 1 :]
        return torch.log_softmax(last @ self.model.get_output_embeddings().weight.T, -1)

    def text_of(self, token: int) -> str:
        """A token's text, as it reads behind a letter."""
        return self._texts_behind_a_letter[token] if token < len(self.tokenizer) else f"<id {token}>"

    @cached_property
    def _texts_behind_a_letter(self) -> list[str]:
        return texts_behind_a_letter(self.tokenizer)

    @cached_property
    def _boundary(self) -> torch.Tensor:
        boundary = torch.zeros(self.model.config.vocab_size, dtype=torch.bool)
        boundary[: len(self.tokenizer)] = torch.tensor(boundary_of(self.tokenizer))
        return boundary


def of_new_year(text: str) -> str:
    """`text` as it would have been written on the first day of 2025, the ways in which templates write a day."""
    today = dt.datetime.now().astimezone()
    for form, then in (("%d %B %Y", "01 January 2025"), ("%Y-%m-%d", "2025-01-01")):
        text = text.replace(today.strftime(form), then)
    return text


def texts_behind_a_letter(tokenizer: Any) -> list[str]:
    """What each token adds to a text that ends in the letter A."""
    (anchor,) = tokenizer.encode("\nA", add_special_tokens=False)[-1:]
    before = len(tokenizer.decode([anchor], clean_up_tokenization_spaces=False))
    pairs = [[anchor, token] for token in range(len(tokenizer))]
    return [text[before:] for text in tokenizer.batch_decode(pairs, clean_up_tokenization_spaces=False)]


def boundary_of(tokenizer: Any) -> list[bool]:
    """Which tokens, written right behind a letter, do not go on with a letter, a digit or an underscore."""
    special = set(tokenizer.added_tokens_decoder)
    return [
        token in special or (text[:1] not in ("", "\ufffd") and not re.match(r"\w", text))
        for token, text in enumerate(texts_behind_a_letter(tokenizer))
    ]
