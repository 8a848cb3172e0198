"""What a config says that its weights are stored in, and whether that can be read."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from probe.errors import EnvironmentFault, ModelError

if TYPE_CHECKING:
    from transformers import PretrainedConfig

__all__ = ["Stored", "stored_quantisation"]

_COMPRESSED = "compressed-tensors"

_BITS = {"gptq": (2, 3, 4, 8), "awq": (4,)}

_LAYOUTS = {"gptq": ("gptq", "gptq_v2"), "awq": ("gemm",)}
"""Ways of packing that are read; the others belong to one kernel each."""

_SAVE_PLAIN = "Choose the model's unquantised weights; of your own merge, save the model as it is before quantisation."


@dataclass(frozen=True, slots=True)
class Stored:
    """How weights lie in a checkpoint.

    Attributes:
        method: As the config calls it, such as ``gptq``.
        settings: The rest of what the config says about it.
    """

    method: str
    settings: dict[str, Any]

    @property
    def bits(self) -> int | None:
        """Bits of a weight's code, where the config says one number for all."""
        if self.method == "bitsandbytes":
            return 4 if self.settings.get("load_in_4bit") else 8
        return next((int(self.settings[key]) for key in ("bits", "w_bit") if self.settings.get(key)), None)

    @property
    def layout(self) -> str:
        """How codes are packed, where one method has several ways."""
        keys = ("checkpoint_format", "format") if self.method == "gptq" else ("version", "format")
        return str(next((self.settings[key] for key in keys if self.settings.get(key)), self.method)).lower()

    @property
    def kind(self) -> str:
        """Its name for people: ``nf4``, ``fp4`` and ``int8`` of bitsandbytes, else the method."""
        if self.method != "bitsandbytes":
            return self.method
        return str(self.settings.get("bnb_4bit_quant_type", "fp4")) if self.bits == 4 else "int8"

    @property
    def is_expanded_by_probe(self) -> bool:
        """Whether the files themselves are expanded, before transformers sees any of it."""
        return self.method in {"gptq", "awq", _COMPRESSED}

    def refuse_unreadable(self, name: str) -> None:
        """Tell why these weights cannot be read, from the config alone.

        Raises:
            ModelError: The method, its bits or its layout are not read.
            EnvironmentFault: The library of the format is not installed.
        """
        known = {"bitsandbytes", "gptq", "awq", _COMPRESSED, "fp8", "mxfp4"}
        bits = "" if self.bits is None else f" in {self.bits} bits"
        if self.method not in known:
            _refuse(name, f"by {self.method}{bits}", f"probe reads {', '.join(sorted(known))}")
        if self.bits is not None and self.bits not in _BITS.get(self.method, (self.bits,)):
            read = ", ".join(map(str, _BITS[self.method]))
            _refuse(name, f"by {self.method}{bits}", f"of {self.method} probe reads {read} bits")
        layouts = _LAYOUTS.get(self.method, ())
        if layouts and self.layout not in {*layouts, self.method}:
            read = " and ".join(layouts)
            _refuse(name, f"by {self.method} in the layout {self.layout!r}", f"of {self.method} probe reads {read}")
        if self.method == _COMPRESSED:
            self._refuse_uncompressible(name)

    def _refuse_uncompressible(self, name: str) -> None:
        turned = (self.settings.get("transform_config") or {}).get("config_groups")
        sparse = (self.settings.get("sparsity_config") or {}).get("format", "dense")
        if turned or sparse != "dense":
            what = "with rotations between its layers" if turned else f"sparsely ({sparse})"
            _refuse(name, f"by {_COMPRESSED} {what}", "probe reads its quantised weights alone")
        if importlib.util.find_spec("compressed_tensors") is None:
            raise EnvironmentFault(
                f"{name}: its weights are stored by {_COMPRESSED}, whose library is not installed. "
                f"Run: pip install 'probe[{_COMPRESSED}]'"
            )


def stored_quantisation(config: PretrainedConfig) -> Stored | None:
    """What a config says its weights are quantised by; None for weights in floating point."""
    said = getattr(config, "quantization_config", None) or getattr(
        config.get_text_config(), "quantization_config", None
    )
    if not said:
        return None
    settings: dict[str, Any] = dict(said) if isinstance(said, dict) else said.to_dict()
    method = settings.pop("quant_method", None)
    if method is None and (settings.get("load_in_4bit") or settings.get("load_in_8bit")):
        method = "bitsandbytes"
    return Stored(str(getattr(method, "value", method)).lower(), settings)


def _refuse(name: str, how: str, instead: str) -> None:
    raise ModelError(f"{name}: its weights are stored quantised {how}, and {instead}. {_SAVE_PLAIN}")
