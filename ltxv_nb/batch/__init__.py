"""Many clips: sweeps over axes, what they cost before, and the batches that they become."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ltxv_nb.batch.batch import Batch
    from ltxv_nb.batch.cells import Cell
    from ltxv_nb.batch.plan import Plan

__all__ = ["Batch", "Cell", "Plan"]

#: Where each name is; nothing is imported before it is used.
_MODULES = {"Batch": "batch", "Cell": "cells", "Plan": "plan"}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module 'ltxv_nb.batch' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"ltxv_nb.batch.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
