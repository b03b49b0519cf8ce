"""What all tables of this package share: columns of plain text, and the way to pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def data_frame(records: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> Any:
    """Return records as a `pandas.DataFrame`.

    Parameters
    ----------
    records : sequence of mapping
        Its rows.
    columns : sequence of str, optional
        Its columns, in their order; needed where there may be no row.

    Raises
    ------
    ConfigurationError
        pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise ConfigurationError(
            "A table for pandas needs pandas, which is not installed here: `pip install pandas`."
        ) from None
    return pd.DataFrame(records) if columns is None else pd.DataFrame(records, columns=columns)
