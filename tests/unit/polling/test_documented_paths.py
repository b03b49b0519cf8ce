"""The documented import paths lead to where the modules are now."""

from __future__ import annotations

import pytest

import ltxv_nb.polling.schedule
import ltxv_nb.polling.simulate
import ltxv_nb.schedule
import ltxv_nb.simulate


@pytest.mark.parametrize(
    ("documented", "real"),
    [(ltxv_nb.schedule, ltxv_nb.polling.schedule), (ltxv_nb.simulate, ltxv_nb.polling.simulate)],
    ids=["schedule", "simulate"],
)
def test_a_documented_path_gives_every_public_class_and_function_of_its_module(documented, real):
    own = {name for name, value in vars(real).items() if getattr(value, "__module__", "") == real.__name__}
    assert {name for name in own if not name.startswith("_")} <= set(documented.__all__)
    for name in documented.__all__:
        assert getattr(documented, name) is getattr(real, name)
