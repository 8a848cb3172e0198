"""Guards: published chat templates render as published, and their traits are those that a reader of them finds."""

from __future__ import annotations

import json

import pytest

from probe.errors import ModelError
from probe.prompts.template import ChatTemplate
from probe.prompts.traits import derive_traits

pytestmark = pytest.mark.real

READ = {
    "CISCai--Mistral-7B-Instruct-v0.3-SOTA-GGUF": ("dropped", "", "none", "none", True, False, ""),
    "CohereLabs--command-a-reasoning-08-2025": (
        "native",
        "# Default Preamble",
        "none",
        "keyword reasoning=False",
        True,
        False,
        "<|START_RESPONSE|>",
    ),
    "HuggingFaceH4--zephyr-7b-beta (add_generation_prompt=false)": ("native", "", "none", "none", False, False, ""),
    "HuggingFaceH4--zephyr-7b-gemma-v0.1": ("native", "", "none", "none", True, False, ""),
    "LiquidAI--LFM2.5-VL-450M": ("native", "", "none", "always", True, False, ""),
    "Qwen--Qwen2.5-7B-Instruct": ("native", "created by Alibaba Cloud", "none", "none", False, False, ""),
    "Qwen--Qwen3-0.6B": ("native", "", "none", "keyword enable_thinking=False", False, False, ""),
    "TheBloke--Mistral-7B-Instruct-v0.1-GPTQ": ("rejected", "", "none", "none", True, True, ""),
    "ai21labs--AI21-Jamba-Large-1.6": ("native", "", "none", "none", True, False, ""),
    "blenderbot_small": ("native", "", "none", "none", False, False, ""),
    "codellama--CodeLlama-70b-Instruct-hf": ("native", "", "none", "none", True, True, ""),
    "deepseek-ai--DeepSeek-R1": ("native", "", "none", "always", True, False, ""),
    "deepseek-ai--deepseek-llm-7b-chat": ("native", "", "none", "none", True, False, ""),
    "gpt_neox": ("native", "", "none", "none", False, False, ""),
    "internlm--internlm2-chat-7b": ("native", "", "none", "none", True, False, ""),
    "maywell--PiVoT-MoE": ("native", "", "none", "none", False, False, ""),
    "meetkai--functionary-medium-v2.2": ("native", "", "none", "none", False, False, "all\n<|content|>"),
    "meta-llama--Llama-3.2-11B-Vision-Instruct": (
        "native",
        "Today Date: 01 Jan 2025",
        "dynamic",
        "none",
        True,
        False,
        "",
    ),
    "mistralai--Mistral-7B-Instruct-v0.3 (JSON Schema)": ("dropped", "", "none", "none", True, False, ""),
    "mistralai--Mixtral-8x7B-Instruct-v0.1": ("rejected", "", "none", "none", True, True, ""),
    "openbmb--MiniCPM3-4B": ("native", "", "none", "none", False, False, ""),
    "upstage--SOLAR-10.7B-Instruct-v1.0": ("native", "", "none", "none", False, False, ""),
    "zai-org--GLM-5.1": ("native", "", "none", "keyword enable_thinking=False", False, False, ""),
}
"""System role, words of the default system text, date, thinking, BOS, alternation, header; written by reading them."""

NO_LONE_QUESTION = {
    "CohereForAI--c4ai-command-r-v01": "'NoneType' object is not iterable",
    "NousResearch--Hermes-2-Pro-Llama-3-8B (JSON Schema)": "'NoneType' object is not iterable",
    "fireworks-ai--firefunction-v1": "as the first messages",
}
"""Templates for tools only: without tools they fail, and say so."""

PROMPTS_UNASKED = {"ai21labs--AI21-Jamba-Large-1.6"}
"""Writes a generation prompt unless told not to; probe always says whether it wants one."""


def published(real_dir, name):
    return json.loads((real_dir / "templates" / f"{name}.json").read_text(encoding="utf-8"))


def template(entry, name):
    tokens = {"bos_token": "<s>", "eos_token": "</s>"}
    tokens |= {key: value for key, value in entry["data"].items() if key in tokens}
    return ChatTemplate(entry["chat_template"], name, tokens)


def test_every_published_template_is_read(real_dir):
    assert {path.stem for path in (real_dir / "templates").glob("*.json")} == {*READ, *NO_LONE_QUESTION}


@pytest.mark.parametrize("name", [*READ, *NO_LONE_QUESTION])
def test_it_renders_as_published(real_dir, name):
    entry = published(real_dir, name)
    data = dict(entry["data"])
    messages, prompt = data.pop("messages"), data.pop("add_generation_prompt", name in PROMPTS_UNASKED)
    assert ChatTemplate(entry["chat_template"], name).render([messages], data, prompt=prompt) == [entry["target"]]


@pytest.mark.parametrize("name", READ)
def test_its_traits_are_those_that_a_reader_finds(real_dir, name):
    traits = derive_traits(template(published(real_dir, name), name))
    off = ", ".join(f"{key}={value}" for key, value in traits.thinking_off)
    system, words, *others = READ[name]
    assert traits.system == system
    assert words in (traits.default_system or "")
    assert (traits.default_system is None) == (words == "")
    thinking = f"{traits.thinking} {off}".strip()
    assert [traits.date, thinking, traits.writes_bos, traits.alternates, traits.header] == others


@pytest.mark.parametrize(("name", "why"), NO_LONE_QUESTION.items())
def test_a_template_for_tools_only_is_refused(real_dir, name, why):
    with pytest.raises(ModelError, match=f"fails on a single user message .*{why}.*Mend the template"):
        derive_traits(template(published(real_dir, name), name))
