"""compressed-tensors: weights expanded by the library of the format, each by the scheme that its config names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from probe.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from probe.engine.stored import Stored

__all__ = ["CompressedSchemes"]

_EXACT = {torch.bfloat16, torch.float16}
"""Dtypes of scales that are raised to float32, so that a weight is rounded once, to its own dtype."""


class CompressedSchemes:
    """The schemes of a checkpoint, by the names of its modules."""

    def __init__(self, stored: Stored) -> None:
        from compressed_tensors.quantization import QuantizationConfig  # noqa: PLC0415  an extra

        fields = QuantizationConfig.model_fields
        settings = {key: value for key, value in stored.settings.items() if key in fields}
        self._config = QuantizationConfig.model_validate(settings)

    def expand(self, module: str, tensors: Mapping[str, Tensor]) -> Tensor:
        """The weight of one module.

        Args:
            module: Its name in the file.
            tensors: What the file holds of it, by name after the module's.

        Raises:
            ModelError: The config names no scheme for it.
        """
        from compressed_tensors.compressors import BaseCompressor  # noqa: PLC0415

        scheme = self._scheme(module)
        compressor = BaseCompressor.get_value_from_registry(scheme.format or self._config.format)
        raised = {
            key: tensor.float() if key.endswith("scale") and tensor.dtype in _EXACT else tensor
            for key, tensor in tensors.items()
        }
        weight: Tensor = compressor.decompress(raised, scheme)["weight"]
        return weight

    def _scheme(self, module: str) -> Any:  # noqa: ANN401  a type of an extra
        """The group that names the module or a pattern of it, else the group of its class."""
        from compressed_tensors.utils.match import match_name  # noqa: PLC0415

        groups = list(self._config.config_groups.values())
        named = [group for group in groups if any(match_name(module, target) for target in group.targets)]
        of_class = [group for group in groups if any(target.isidentifier() for target in group.targets)]
        found = named or of_class
        if not found:
            raise ModelError(f"the quantization_config names no scheme for {module}")
        return found[0]
