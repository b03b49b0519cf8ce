"""Random faults from all sides at once; `python -m tests.hostile.soak` does the same for longer."""

from __future__ import annotations

import os
import random
import sys

import pytest

from hostile.soak import MOST_MEMORY, soak

SEED = int(os.environ.get("LTXV_SOAK_SEED") or random.randrange(2**32))


@pytest.mark.skipif(sys.platform == "win32", reason="the kernel is interrupted and killed by signals")
@pytest.mark.timeout(600)
def test_whatever_goes_wrong_at_once_nothing_is_lost_paid_twice_or_saved_as_anothers():
    result = soak(seconds=1, seed=SEED, without=set())
    assert result.lost == []
    assert result.twice == []
    assert result.swapped == []
    assert result.crashes == []
    assert 0 < result.memory < MOST_MEMORY
    assert result.billed > 100
    assert len(result.met) > 30, "the faults happened"
