"""What the system says of this machine's processor."""

from __future__ import annotations

from pathlib import Path

__all__ = ["processor_facts"]


def processor_facts(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """What is said of the first processor, by name; empty where the system has no such file."""
    facts: dict[str, str] = {}
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            facts.setdefault(name.strip(), value.strip())
    return facts
