"""Guards: profiles and tokenizers of the linter's verb, and the balance of the suite in tokens."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from probe.cli import main
from probe.commands.check_scenarios import check_suites
from probe.errors import InputError

ROOT = Path(__file__).parents[2]
SHORT = ROOT / "tests" / "data" / "short.yaml"
EMBEDDED = ROOT / "probe" / "demo_model"


def test_what_an_import_breaks_of_the_suites_rules_is_counted(tmp_path, capsys):
    assert main(["scenarios", "check", str(SHORT)]) == 1
    assert capsys.readouterr().out.count("[principle-named]") == 2
    assert main(["scenarios", "check", str(SHORT), "--profile", "imported"]) == 0
    assert (
        capsys.readouterr().out
        == "counted, no finding: ending 2\ncounted, no finding: principle-named 2\n1 file, clean\n"
    )
    assert main(["scenarios", "check", str(SHORT), "--profile", "imported", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counted"] == {"ending": 2, "principle-named": 2}


def test_an_import_must_still_load_under_its_own_name(tmp_path, capsys):
    shutil.copy(SHORT, tmp_path / "other.yaml")
    (tmp_path / "bad.yaml").write_text("tradeoff: bad\n", encoding="utf-8")
    assert main(["scenarios", "check", f"{tmp_path}/", "--profile", "imported"]) == 1
    told = capsys.readouterr().out
    assert "[load]" in told
    assert "[name]" in told


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"profile": "suit"}, "--profile suit: not known. Use one of suite, imported."),
        ({"tokenizers": [Path("no/such")]}, "--tokenizer no/such: not a folder."),
        ({"tokenizers": [EMBEDDED, EMBEDDED]}, "two folders have the same name"),
    ],
)
def test_what_cannot_be_asked(flags, words):
    with pytest.raises(InputError, match=words.replace(".", r"\.")):
        check_suites([str(SHORT)], readback=False, **flags)


def test_a_tokenizer_measures_options_too(tmp_path):
    source = (ROOT / "scenarios" / "demo" / "repair.yaml").read_text(encoding="utf-8")
    (tmp_path / "repair.yaml").write_text(source, encoding="utf-8")
    found = check_suites([f"{tmp_path}/"], readback=False, tokenizers=[EMBEDDED]).findings
    assert any("counted in tokens of demo_model" in one.message for one in found)


@pytest.mark.real
def test_the_suite_is_balanced_in_tokens_of_three_real_tokenizers(real_dir):
    folders = [real_dir / "tokenizers" / name for name in ("gpt2", "mistral-v0.3-instruct", "qwen3")]
    assert check_suites(["all"], readback=False, tokenizers=folders).findings == ()
