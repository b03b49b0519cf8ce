"""Binder's link works: the environment builds from the files in `binder/`, and a session fits into 1 GB."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / "binder"

#: The files that repo2docker reads; anything else in `binder/` is ours.
_READ = {"requirements.txt", "runtime.txt", "postBuild", "start", "apt.txt", "environment.yml"}


def _pins():
    lines = (BINDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_everything_is_pinned_and_nothing_that_the_package_needs_is_left_out():
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[<>=!\[]", wish)[0] for wish in project["dependencies"]}
    needed |= {re.split(r"[<>=!\[]", wish)[0] for wish in project["optional-dependencies"]["lab"]}
    assert needed <= set(_pins())
    assert all(re.fullmatch(r"[\d.]+", version) for version in _pins().values())


def test_the_broken_kernel_is_not_the_one_that_is_pinned():
    assert not _pins()["ipykernel"].startswith("7.0.")


def test_the_python_is_one_that_the_package_is_for_and_binder_has():
    assert (BINDER / "runtime.txt").read_text(encoding="utf-8").strip() == "python-3.11"


def test_only_files_that_binder_reads_or_the_links_open():
    assert {path.name for path in BINDER.iterdir()} <= _READ | {"panel.ipynb"}


@pytest.mark.skipif(os.name == "nt", reason="a file has no such bit there")
@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_scripts_can_be_run(name):
    script = BINDER / name
    assert os.access(script, os.X_OK)
    assert b"\r" not in script.read_bytes()
    assert subprocess.run([shutil.which("bash"), "-n", str(script)], check=False).returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Binder's scripts are for bash")
def test_everyone_on_binder_gets_the_sandbox(tmp_path):
    command = ["bash", str(BINDER / "start"), "printenv", "LTXV_BACKEND"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "sandbox"


@pytest.mark.kernel
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.name == "nt", reason="Binder's scripts are for bash")
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="Binder's Python is 3.11")
def test_the_environment_builds_and_a_session_stays_under_one_gigabyte(tmp_path):
    work = tmp_path / "binder"
    command = [sys.executable, str(ROOT / "tools" / "binder_check.py"), str(work)]
    quick = {**os.environ, "PIP_NO_COMPILE": "1"}  # what is not imported need not be compiled
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=quick)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    figures = json.loads((work / "figures.json").read_text(encoding="utf-8"))
    assert 50 < figures["peak_mb"] < 1000
    print(done.stdout)


def test_repo2docker_itself_reads_these_files(monkeypatch):
    app = pytest.importorskip("repo2docker.app", reason="repo2docker is not installed here")
    monkeypatch.chdir(ROOT)
    tool = app.Repo2Docker()
    packs = (kind(tool.base_image) for kind in tool.buildpacks)
    chosen = next(pack for pack in packs if pack.detect())
    assert type(chosen).__name__ == "PythonBuildPack"
    assert chosen.python_version == "3.11"
    assert chosen.get_post_build_scripts() == ["binder/postBuild"]
    assert chosen.get_start_script().endswith("/binder/start")
    assembled = " ".join(
        script for _, script in [*chosen.get_preassemble_scripts(), *chosen.get_assemble_scripts()]
    )
    assert "binder/requirements.txt" in assembled
