"""Exact mode: results equal to the last bit to each prompt read alone. Sets what a matrix library reads when it loads.

Knows no torch: it must speak before torch does.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from probe.engine.processor import processor_facts
from probe.errors import EnvironmentFault, InputError

if TYPE_CHECKING:
    from probe.engine.precision import Precision

__all__ = ["EXACT_BRANCH", "prepare_exact", "unfit_machine"]

EXACT_BRANCH = "AVX512,STRICT"
"""Value of MKL_CBWR: one code path, whose sums do not depend on a matrix' number of rows."""


def prepare_exact(precision: Precision, device: str | None, reader: str, *, loaded: bool | None = None) -> None:
    """Make this process compute exactly, before torch is loaded.

    Args:
        precision: As asked for.
        device: As asked for; None to choose.
        reader: As asked for.
        loaded: Whether torch is loaded; found out by default.

    Raises:
        InputError: Something else was asked for that excludes it.
        EnvironmentFault: This machine cannot, or torch is loaded already.
    """
    if precision.quant != "none" or precision.dtype not in ("auto", "float32") or precision.compute != "native":
        raise InputError(
            "--exact: holds for float32 weights alone. Leave out --quant and --compute, use --dtype float32."
        )
    if reader == "plain":
        raise InputError("--exact: is a way of the trie reader. Leave --reader out.")
    reason = unfit_machine() or _other_device(device)
    if reason:
        raise EnvironmentFault(
            f"--exact: {reason}. It needs float32 on an Intel CPU with AVX-512 and MKL; without --exact a reading is "
            "equal to one prompt at a time up to the rounding that the numeric floor states."
        )
    if os.environ.get("MKL_CBWR") == EXACT_BRANCH:
        return
    if "torch" in sys.modules if loaded is None else loaded:
        raise EnvironmentFault(
            f"--exact: torch is loaded already, and MKL reads its settings once. Set MKL_CBWR={EXACT_BRANCH} before "
            "Python starts, or call probe.run(exact=True) before anything imports torch."
        )
    os.environ["MKL_CBWR"] = EXACT_BRANCH


def unfit_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> str | None:
    """Why this processor cannot compute exactly, or None."""
    if platform.machine() not in ("x86_64", "AMD64") or not cpuinfo.is_file():
        return f"this machine is a {platform.machine()} under {platform.system()}, of which nothing is known"
    facts = processor_facts(cpuinfo)
    if facts.get("vendor_id") != "GenuineIntel":
        return f"this processor is a {facts.get('model name', 'processor without a name')}, not one of Intel"
    if "avx512f" not in facts.get("flags", "").split():
        return f"this processor ({facts.get('model name', 'Intel')}) has no AVX-512"
    return None


def _other_device(device: str | None) -> str | None:
    return f"--device {device} is not the CPU" if device not in (None, "cpu") else None
