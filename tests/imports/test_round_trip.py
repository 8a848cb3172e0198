"""Guards: real data sets come in without loss, pass the linter, and every prompt can be planned on every tokenizer."""

from __future__ import annotations

import pytest

from probe.commands.check_scenarios import check_suites
from probe.commands.import_files import import_files, read_kind
from probe.design.axes import load_design
from probe.design.expand import expand
from probe.design.suites import load_suites
from probe.prompts.plan import plan_item
from probe.prompts.style import Asking, prompt_style
from probe.prompts.tokenizer import load_encoder

SOURCES = {
    "moralchoice": ("moralchoice", (1367, 1072, 295)),
    "anthropic-evals": ("anthropic-evals", (3291, 2646, 645)),
    "daily-dilemmas": ("daily-dilemmas/dilemmas_with_detail_by_action_test.csv", (4, 4, 0)),
    "emergent-values": ("emergent-values/options_hierarchical.json", (510, 510, 0)),
}
APPEND = {"gpt-oss": "<|channel|>final<|message|>"}
pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.mark.parametrize("kind", SOURCES)
def test_counts(kind, real_dir):
    path, (read, kept, refused) = SOURCES[kind]
    counts = read_kind(kind, real_dir / "data" / path, None, (8, 0)).counts
    assert (counts["read"], counts["kept"], counts["refused"]) == (read, kept, refused)


@pytest.mark.parametrize("kind", SOURCES)
def test_round_trip(kind, real_dir, tmp_path):
    import_files(kind, real_dir / "data" / SOURCES[kind][0], tmp_path / "in", None, (8, 0))
    folder = f"{tmp_path / 'in'}/"
    assert check_suites([folder], readback=False, profile="imported").findings == ()
    items = [item for file in load_suites([folder]) for item in expand(file.tradeoff)]
    design = load_design("quick")
    for tokenizer in sorted((real_dir / "tokenizers").iterdir()):
        encoder = load_encoder(tokenizer, tokenizer.name)
        style = prompt_style(encoder, Asking(append=APPEND.get(tokenizer.name, "")))
        for item in items[:: max(1, len(items) // 60)]:
            plan_item(encoder, style, item, design.variants(), design.levels, limit=None, budget=4096)
