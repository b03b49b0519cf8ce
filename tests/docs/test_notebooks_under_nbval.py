"""Every notebook passes nbval, and the quickstart gives the outputs that are stored in it."""

import os
import subprocess
import sys

import pytest
from documents import ROOT


@pytest.mark.kernel
@pytest.mark.timeout(600)
def test_every_notebook_passes_nbval_and_the_quickstart_gives_its_golden_outputs(tmp_path):
    command = [sys.executable, str(ROOT / "tools" / "nbval.py"), str(tmp_path / "nbval")]
    ours = ("LTXV_", "AIML", "PYTEST_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environ["LTXV_BACKEND"] = "sandbox"
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
