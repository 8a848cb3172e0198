"""One reading of /proc/cpuinfo for everyone: the first processor counts."""

from __future__ import annotations

from probe.engine import identity
from probe.engine.processor import processor_facts

CPUINFO = (
    "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon: big\nflags\t\t: fpu avx512f\n\nprocessor\t: 1\n"
)


def test_facts_of_the_first_processor(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text(CPUINFO, encoding="utf-8")
    told = processor_facts(path)
    assert (told["processor"], told["vendor_id"], told["model name"]) == ("0", "GenuineIntel", "Xeon: big")
    assert told["flags"].split() == ["fpu", "avx512f"]
    assert processor_facts(tmp_path / "none") == {}


def test_a_processor_without_a_name_is_called_by_its_kind(monkeypatch):
    monkeypatch.setattr(identity, "processor_facts", dict)
    monkeypatch.setattr(identity.platform, "processor", lambda: "")
    monkeypatch.setattr(identity.platform, "machine", lambda: "riscv64")
    assert identity._processor() == "riscv64"
