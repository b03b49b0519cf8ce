"""Rows of the journal and of a ledger, for the tests of spending."""

from __future__ import annotations

import uuid

from fakes import START

from ltxv_nb.journal.cost import Cost

DAY = 86400.0
USUAL = 756_000  # credits of 6 s of 1080p


def cost(number=0, **changes):
    """One generation of the journal: made, and billed as estimated."""
    usual = {
        "job_id": f"job{number:05}",
        "created_at": START - 60.0 * number,
        "origin": "https://api.example.test",
        "model": "ltxv/ltxv-2",
        "prompt": "A lighthouse",
        "state": "saved",
        "generation_id": f"{uuid.UUID(int=number)}:ltxv/ltxv-2",
        "inference_id": None,
        "estimated": USUAL,
        "billed": USUAL,
    }
    return Cost(**{**usual, **changes})
