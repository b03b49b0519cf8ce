import subprocess
import sys
import time

import pytest


@pytest.fixture(scope="session")
def quick_sandbox(tmp_path_factory):
    """The home of a sandbox that answers every submission at once with the same small clip."""
    home = tmp_path_factory.mktemp("quick-home")
    process = subprocess.Popen(
        [sys.executable, "-m", "ltxv_nb.sandbox", "--home", str(home), "--fast"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while not (home / "sandbox" / "service.json").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    yield home
    process.terminate()
    process.wait(10)
