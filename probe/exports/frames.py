"""Arrow tables as data frames of libraries that need not be installed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from probe.errors import EnvironmentFault

if TYPE_CHECKING:
    from types import ModuleType

    import pyarrow as pa

__all__ = ["pandas_frame", "polars_frame"]


def pandas_frame(table: pa.Table) -> Any:  # noqa: ANN401  pandas need not be installed
    """The table as a ``pandas.DataFrame``.

    Raises:
        EnvironmentFault: pandas is not installed.
    """
    _library("pandas")
    return table.to_pandas()


def polars_frame(table: pa.Table) -> Any:  # noqa: ANN401  polars need not be installed
    """The table as a ``polars.DataFrame``.

    Raises:
        EnvironmentFault: polars is not installed.
    """
    return _library("polars").from_arrow(table)


def _library(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise EnvironmentFault(
            f"{name} is not installed, and probe needs it for nothing else. Run: pip install {name}"
        ) from error
