"""An option is a field of the request and a parameter of `probe.run`: names, defaults and words of the two agree."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pytest

from probe.design.axes import design_names, load_design
from probe.errors import InputError
from probe.run import run
from probe.study.request import PANELS, Request, known_options, refuse_unfit

PARAMETERS = {n: one for n, one in inspect.signature(run).parameters.items() if n != "progress"}
OTHERWISE = {"models": ("demo",), "suite": (), "slurm": ()}
"""Defaults that Python says otherwise: a name for a list of one, None for an empty list or mapping."""


def told() -> dict[str, str]:
    """What the docstring of `probe.run` says of each parameter."""
    text = inspect.getdoc(run).partition("Args:\n")[2].partition("\n\nRaises")[0]
    found = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", text, re.MULTILINE)
    return {name: " ".join(words.split()) for name, words in found}


def test_names_and_defaults_are_those_of_the_function():
    assert PARAMETERS.keys() == known_options().keys()
    for name, known in known_options().items():
        assert known.default == OTHERWISE.get(name, PARAMETERS[name].default), name


def test_the_docstring_of_the_function_says_what_the_help_says():
    assert {name: words for name, words in told().items() if name != "progress"} == {
        name: known.option.help for name, known in known_options().items()
    }


def test_every_argument_of_the_function_arrives_in_the_request(monkeypatch):
    given = {
        **{name: f"<{name}>" for name, known in known_options().items() if known.type in (str, str | None)},
        **{name: 7 for name, known in known_options().items() if known.type in (int, int | None)},
        **{name: True for name, known in known_options().items() if known.type is bool},
        **{name: Path(name) for name, known in known_options().items() if known.type == Path | None},
        **{"models": ("a", "b"), "suite": ("c",), "system": ("d", "")},
    }
    seen = []
    monkeypatch.setattr(sys.modules["probe.run"], "run_request", lambda request, _: seen.append(request))
    run(**given, slurm={"time": "90"})
    assert given.keys() | {"slurm"} == known_options().keys()
    assert seen == [Request(**given, slurm=(("time", "90"),))]


def test_at_most_sixteen_flags_stand_outside_the_last_panel():
    panels = [known.option.panel for name, known in known_options().items() if name != "models"]
    assert set(panels) == set(PANELS)
    assert len([one for one in panels if one != PANELS[-1]]) + len(("--dry-run", "--quiet")) <= 16


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dtype": "float8"}, "--dtype float8: not known. Use one of auto, float32, bfloat16, float16."),
        ({"reader": "quick"}, "--reader quick: not known. Use one of auto, trie, plain."),
        ({"pack_tokens": 0}, "--pack-tokens 0: is less than 1. Give 1 or more."),
        ({"validate": -1}, "--validate -1: is less than 0. Give 0 or more."),
        ({"gpus_per_worker": 0}, "--gpus-per-worker 0: is less than 1. Give 1 or more, or leave it out."),
        ({"models": ()}, "no model was named. Give"),
        ({"system": (" ",)}, "--system: the text is white space alone. Give"),
        ({"system": ("Be brief.", "Be brief.")}, "--system 'Be brief.': stands there twice"),
        ({"system_merge": True, "system": ("",)}, "--system-merge: there is no system text to merge. Give"),
        ({"system_merge": True}, "--system-merge: there is no system text to merge. Give"),
        ({"ray_address": "auto"}, "--ray-address: is an option of --scheduler ray. Give"),
        ({"slurm": (("mem", "1G"),)}, "--slurm mem=1G: is an option of --scheduler slurm. Give"),
    ],
)
def test_what_no_study_can_be_read_with_is_refused(options, said):
    with pytest.raises(InputError, match="^" + re.escape(said)):
        refuse_unfit(Request(**options))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"limit": "2"}, "--limit '2': is not a whole number. Give a whole number, or leave it out."),
        ({"limit": 2.0}, "--limit 2.0: is not a whole number. Give"),
        ({"limit": True}, "--limit True: is not a whole number. Give"),
        ({"validate": None}, "--validate None: is not a whole number. Give a whole number."),
        ({"workers": [1]}, "--workers [1]: is not a whole number. Give"),
        ({"exact": "no"}, "--exact 'no': is not True or False. Give True or False."),
        ({"gpu_fast": 1}, "--gpu-fast 1: is not True or False. Give"),
        ({"design": 4}, "--design 4: is not text. Give text."),
        ({"device": 0}, "--device 0: is not text. Give text, or leave it out."),
        ({"dtype": 32}, "--dtype 32: not known. Use one of"),
        ({"models": 7}, "models 7: is not text. Give text."),
        ({"models": ["demo", None]}, "models None: is not text. Give text."),
        ({"suite": 7}, "--suite 7: is not text. Give text."),
        ({"suite": []}, "--suite: the list is empty. Name"),
        ({"system": 7}, "--system 7: is not text. Give text."),
        ({"out": 7}, "--out 7: is not a path. Give a path, or leave it out."),
        ({"models_file": 7}, "--models 7: is not a path. Give"),
        ({"slurm": ["time"]}, "--slurm ['time']: is not a mapping. Give a mapping."),
        ({"slurm": {"time": 90}, "scheduler": "slurm"}, "--slurm 90: is not text. Give text."),
    ],
)
def test_values_of_another_type_are_refused_as_others_are(given, said):
    with pytest.raises(InputError, match="^" + re.escape(said)):
        run(**given)


def test_what_can_be_read_passes():
    refuse_unfit(Request())
    refuse_unfit(Request(system=("Be brief.",), system_merge=True, scheduler="ray", ray_address="auto", validate=0))


def test_the_help_counts_the_formats_of_each_design():
    for name in design_names():
        design = load_design(name)
        assert re.search(rf"{name} \({len(design.variants())}( of them)?\)", known_options()["design"].option.help)
