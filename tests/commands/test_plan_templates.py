"""Every published chat template either plans, or is refused in one sentence that says what is wrong with it."""

from __future__ import annotations

import json

import pytest
from tiny import write_model_folder

from probe.cli import main

pytestmark = [pytest.mark.real, pytest.mark.slow]

TOKENIZERS = {"deepseek-ai": "deepseek-v3", "Qwen--Qwen3": "qwen3", "Qwen--Qwen2.5": "qwen2.5-instruct"}
TOKENIZERS |= {"zai-org": "qwen3", "gpt_neox": "pythia", "openbmb": "qwen3", "meta-llama": "smollm3"}
OTHER = "mistral-v0.3-instruct"
"""By how a template's name begins, the published tokenizer that goes with it best."""

ALONE = "the chat template fails on a single user message"
HEADER = "before an answer and its generation prompt does not, so the next token is part of that. In models.yaml give"
REFUSED = {
    "CohereForAI--c4ai-command-r-v01": ALONE,
    "CohereLabs--command-a-reasoning-08-2025": f"writes '<|START_RESPONSE|>' {HEADER}",
    "NousResearch--Hermes-2-Pro-Llama-3-8B (JSON Schema)": ALONE,
    "fireworks-ai--firefunction-v1": ALONE,
    "meetkai--functionary-medium-v2.2": rf"writes 'all\n<|content|>' {HEADER}",
}
"""Templates for tools alone, and those whose answers begin with a header that an entry must append."""


@pytest.fixture(scope="module")
def models(tmp_path_factory, real_dir):
    made = {}

    def of(name):
        tokenizer = next((one for start, one in TOKENIZERS.items() if name.startswith(start)), OTHER)
        if tokenizer not in made:
            folder = tmp_path_factory.mktemp("models") / "tiny"
            changes = {"max_position_embeddings": 8192}
            made[tokenizer] = write_model_folder(
                folder, "llama", real_dir / "tokenizers" / tokenizer, "bfloat16", changes
            )
        return made[tokenizer]

    return of


def test_every_template_plans_or_is_refused_in_one_sentence(models, real_dir, capsys):
    found = {}
    for path in sorted((real_dir / "templates").glob("*.json")):
        folder = models(path.stem)
        template = json.loads(path.read_text(encoding="utf-8"))["chat_template"]
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
        code = main(["plan", str(folder), "--suite", "gift", "--design", "quick", "--limit", "1", "--offline"])
        captured = capsys.readouterr()
        assert code in (0, 2), captured.err
        assert "Traceback" not in captured.err
        if code:
            found[path.stem] = " ".join([*captured.err.splitlines()[-1:], *captured.out.split()])
    assert set(found) == set(REFUSED)
    for name, said in found.items():
        assert " ".join(REFUSED[name].split()) in said
