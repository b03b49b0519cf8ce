"""What is published installs into a clean environment, and works there."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import ltxv_nb

ROOT = Path(__file__).resolve().parents[2]

_SMOKE = """
import sys, ltxv_nb
assert ltxv_nb.__version__ == sys.argv[1], ltxv_nb.__version__
assert "site-packages" in ltxv_nb.__file__, ltxv_nb.__file__
heavy = {"requests", "ipywidgets", "av", "PIL", "tornado"} & set(sys.modules)
assert not heavy, heavy
with ltxv_nb.Client(backend="sandbox") as client:
    video = client.generate("A lighthouse at dusk", duration=6)
assert (video.width, video.height, video.duration) == (1920, 1080, 6.0), video
assert "<video" in video._repr_html_()
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
assert shell.run_cell("%load_ext ltxv_nb").success
assert shell.run_cell("%%ltxv --dry-run\\nA lighthouse").success
print("fine")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The sdist and the wheel that `python -m build` makes, the wheel out of the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


@pytest.mark.timeout(300)
def test_the_wheel_holds_the_package_and_nothing_else(made):
    names = zipfile.ZipFile(made[1]).namelist()
    version = ltxv_nb.__version__
    assert made[1].name == f"ltxv_nb-{version}-py3-none-any.whl"
    assert {name.split("/")[0] for name in names} == {"ltxv_nb", f"ltxv_nb-{version}.dist-info"}
    files = [path for kind in ("py", "js", "css") for path in (ROOT / "ltxv_nb").rglob(f"*.{kind}")]
    inside = {str(path.relative_to(ROOT).as_posix()) for path in files}
    assert inside <= set(names)
    assert "ltxv_nb/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    fonts = "ltxv_nb/fonts"
    assert {f"{fonts}/DejaVuSans.ttf", f"{fonts}/LICENSE_DEJAVU.txt"} <= set(names)
    assert any("licenses" in name and name.endswith("LICENSE_DEJAVU.txt") for name in names)
    assert made[1].stat().st_size < 1_200_000


@pytest.mark.timeout(300)
def test_the_sdist_holds_what_is_needed_to_work_on_it_and_nothing_private(made):
    with tarfile.open(made[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "Makefile", "binder/requirements.txt"} <= names
    assert "notebooks/quickstart.ipynb" in names
    assert any(name.startswith("tests/unit/") for name in names)
    left_out = (".venv", "out/", ".git/", "ltxv_videos", ".mypy_cache", ".pytest_cache")
    assert [name for name in names if name.startswith(left_out) or name.endswith((".mp4", ".sqlite"))] == []


@pytest.mark.timeout(600)
def test_both_install_into_a_clean_environment_and_make_a_clip(made, tmp_path):
    env = tmp_path / "a clean place"
    subprocess.run([sys.executable, "-m", "venv", str(env)], check=True)
    python = env / ("Scripts" if os.name == "nt" else "bin") / "python"
    for number, (source, options) in enumerate(
        [(made[1], []), (made[0], ["--force-reinstall", "--no-deps"])]
    ):
        install = [str(python), "-m", "pip", "install", "--quiet", "--no-compile", *options, str(source)]
        subprocess.run(install, check=True, capture_output=True)
        assert _smoke(python, tmp_path / f"home {number}") == "fine"


def _smoke(python, home):
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environ = {
        **clean,
        "LTXV_HOME": str(home),
        "LTXV_OUTPUT_DIR": str(home / "videos"),
        "LTXV_SANDBOX_SECONDS": "0.2",
        "IPYTHONDIR": str(home / "ipython"),
    }
    home.mkdir()
    done = subprocess.run(
        [str(python), "-c", _SMOKE, ltxv_nb.__version__],
        env=environ,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_the_version_is_a_semantic_one_and_the_same_everywhere():
    import re

    assert re.fullmatch(r"\d+\.\d+\.\d+(-[\w.]+)?", ltxv_nb.__version__)
    assert f"## [{ltxv_nb.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version: {ltxv_nb.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
