"""What all tables of this package share: columns of plain text, CSV, and the way to pandas."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import ConfigurationError
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What begins a formula in a spreadsheet, or lets one begin in the next cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def csv_text(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Return records as CSV; what a spreadsheet would take for a formula begins with an apostrophe.

    Parameters
    ----------
    records : sequence of mapping
        Its rows.
    columns : sequence of str
        Its columns, in their order.
    """
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(map(_harmless, columns))
    writer.writerows([_harmless(row.get(name)) for name in columns] for row in records)
    return sheet.getvalue()


def _harmless(value: Any) -> Any:
    if isinstance(value, float):  # without an exponent, and without digits that are not there
        return f"{value:.7f}".rstrip("0").rstrip(".")
    if value is None or isinstance(value, int):
        return value
    text = one_line(str(value), 10_000)
    return f"'{text}" if text.lstrip("'\" ").startswith(_FORMULA) or str(value).startswith(_FORMULA) else text


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
