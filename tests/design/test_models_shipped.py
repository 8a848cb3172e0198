"""Guards: the shipped list is wide, says of every fact whether it was checked, and pins nothing that was not looked up."""

from __future__ import annotations

import re

from probe.design.models import load_models

FACTS = {"hub", "params_b", "active_b", "unquantised_b", "licence", "gated", "context", "dtype", "template"}

MODELS = {id_: entry for id_, entry in load_models().items() if id_ != "demo"}

VERIFIED = {
    "qwen3": {"licence", "context", "template"},
    "qwen3.5": {"licence", "context"},
    "gemma-4": {"params_b", "licence", "context"},
    "ministral-3": {"licence", "context", "dtype"},
    "olmo-3": {"licence", "context"},
    "gpt-oss": {"licence", "template"},
    "deepseek-r1-distill": {"template"},
    "granite-4.0": {"licence", "context"},
}
"""By family, the most that anybody has compared with a source."""

MORE = {"qwen3.5-0.8b-base": {"hub"}}


def given(entry) -> set[str]:
    return {name for name in FACTS & entry.model_fields_set if getattr(entry, name) is not None}


def test_the_list_is_wide():
    assert len(MODELS) >= 40
    assert len({entry.family for entry in MODELS.values()}) >= 12
    assert {entry.kind for entry in MODELS.values()} == {"base", "instruct", "reasoning"}
    sizes = [entry.params_b for entry in MODELS.values()]
    assert min(sizes) < 0.2
    assert 100 < max(sizes) <= 120


def test_makers_people_ask_for():
    """A maker's generations are families of their own; without them there are still more than a dozen."""
    makers = {re.match(r"gpt-oss|gpt2|[a-z]+", entry.family).group() for entry in MODELS.values()}
    asked = {"llama", "qwen", "gemma", "mistral", "ministral", "phi", "olmo", "smollm", "gpt-oss", "deepseek"}
    asked |= {"granite", "falcon", "pythia", "gpt2", "apertus"}
    assert makers == asked


def test_base_and_instruct_of_one_size_stand_side_by_side():
    sizes = {kind: set() for kind in ("base", "instruct", "reasoning")}
    for entry in MODELS.values():
        sizes[entry.kind].add((entry.family, entry.params_b))
    assert len(sizes["base"] & (sizes["instruct"] | sizes["reasoning"])) >= 10
    assert all(len(found) >= 8 for found in sizes.values())


def test_every_entry_says_licence_gate_and_context():
    """A gate that is not known is left out and never taken for open; at least the gated makers are marked."""
    assert [entry.id for entry in MODELS.values() if entry.context is None] == []
    assert {entry.family for entry in MODELS.values() if entry.gated is None} == {
        *("gemma-4", "mistral", "mistral-small", "ministral-3", "apertus")
    }
    gated = {entry.family.partition("-")[0] for entry in MODELS.values() if entry.gated}
    assert gated == {"llama", "gemma"}
    assert len({entry.licence for entry in MODELS.values()}) >= 6


def test_a_reasoning_model_has_a_remedy_or_one_is_found_in_its_template():
    without = {entry.family for entry in MODELS.values() if entry.kind == "reasoning" and not entry.template.append}
    assert without == {"qwen3", "qwen3.5", "smollm3"}


def test_every_fact_is_checked_or_marked():
    unmarked = {id_: given(entry) - set(entry.unverified) for id_, entry in MODELS.items()}
    excess = {
        id_: names - VERIFIED.get(MODELS[id_].family, set()) - MORE.get(id_, set()) for id_, names in unmarked.items()
    }
    assert {id_: names for id_, names in excess.items() if names} == {}


def test_every_entry_says_what_memory_needs():
    for entry in MODELS.values():
        assert entry.params_b is not None, entry.id
        assert entry.quant is not None, entry.id
        assert "none" in entry.quant, entry.id


def test_no_commit_is_made_up():
    assert [entry.id for entry in MODELS.values() if entry.revision is not None] == []


def test_a_mixture_of_experts_is_loaded_as_it_is():
    mixtures = {entry.id for entry in MODELS.values() if entry.active_b is not None}
    assert mixtures >= {"gpt-oss-20b", "gpt-oss-120b", "qwen3-30b-a3b-instruct", "qwen3.5-35b-a3b"}
    assert {id_ for id_ in mixtures if MODELS[id_].quant != ("none",)} == set()


def test_a_hub_id_stands_once():
    hubs = [entry.hub for entry in MODELS.values()]
    assert len(hubs) == len(set(hubs))


def test_remedies():
    assert MODELS["gpt-oss-20b"].template.append == "<|channel|>final<|message|>"
    assert MODELS["r1-distill-qwen-7b"].template.append == "\n</think>\n\n"
