"""The misbehaving service, quick clients of it, and small disks."""

from __future__ import annotations

import contextlib
import subprocess

import pytest
from faults.fixtures import client, new_client, service

__all__ = ["client", "new_client", "service"]


class SmallDisk:
    """A file system of its own, of a few megabytes, that can be filled, enlarged and set read-only."""

    def __init__(self, path):
        self.path = path

    def remount(self, *options):
        subprocess.run(["mount", "-o", ",".join(["remount", *options]), self.path], check=True)

    def fill(self):
        with contextlib.suppress(OSError), (self.path / "ballast").open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def make_room(self):
        (self.path / "ballast").unlink()


@pytest.fixture
def small_disk(tmp_path):
    """Mount a small file system, where that is allowed."""
    path = tmp_path / "disk"
    path.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    yield SmallDisk(path)
    subprocess.run(["umount", "-l", path], check=True)
