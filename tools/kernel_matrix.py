"""Run the kernel tests, in the notebook's protocol and in a real page, on several versions of ipykernel.

Usage: python tools/kernel_matrix.py [--only oldest] [--jobs 2] [--home out/kernels]

Each version gets a small environment of its own that holds nothing but that ipykernel and what it needs
otherwise; everything else is that of the environment which runs this.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: The versions of which something is promised: the oldest supported, one that takes clicks while a cell
#: sleeps, and the newest.
VERSIONS = {"oldest": "ipykernel==6.31.*", "middle": "ipykernel==7.3.*", "newest": "ipykernel!=7.0.*"}
TESTS = [
    *map(str, sorted((ROOT / "tests" / "integration").glob("test_kernel_*.py"))),
    *(str(ROOT / "tests" / "browser" / name) for name in ("test_buttons.py", "test_survival.py")),
]


def main() -> int:
    """Run the matrix; return the number of versions that failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", choices=VERSIONS, default=list(VERSIONS))
    parser.add_argument("--home", type=Path, default=ROOT / "out" / "kernels")
    parser.add_argument("--jobs", default="1", help="how many files of tests are run at a time")
    given = parser.parse_args()
    home = given.home.absolute()
    results = {name: _run(_environment(home / name, VERSIONS[name]), given.jobs) for name in given.only}
    for name, (version, code, seconds) in results.items():
        print(f"{name:8} ipykernel {version:10} {'passed' if code == 0 else 'FAILED'} in {seconds:.0f} s")
    return sum(code != 0 for _, code, _ in results.values())


def _environment(folder: Path, requirement: str) -> Path:
    """Make or update an environment; return its Python."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=False)
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    # Added behind its own packages, so that only what is installed there differs.
    shared = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(site) / "shared.pth").write_text(shared, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--upgrade"]
    subprocess.run([*command, requirement], check=True)
    return python


def _run(python: Path, jobs: str) -> tuple[str, int, float]:
    """Run the tests; return the version, pytest's exit code, and the seconds."""
    tell = [str(python), "-c", "import ipykernel; print(ipykernel.__version__)"]
    version = subprocess.run(tell, check=True, capture_output=True, text=True).stdout.strip()
    print(f"ipykernel {version}", flush=True)
    share, etc = Path(sys.prefix, "share", "jupyter"), Path(sys.prefix, "etc", "jupyter")
    env = {
        **os.environ,
        "JUPYTER_PATH": str(share),
        "JUPYTER_CONFIG_PATH": str(etc),
        "JUPYTERLAB_DIR": str(share / "lab"),
    }
    begun = time.monotonic()
    command = [str(python), "-m", "pytest", "-q", "-n", jobs, "--dist", "loadfile", *TESTS]
    done = subprocess.run(command, cwd=ROOT, env=env, check=False)
    return version, done.returncode, time.monotonic() - begun


if __name__ == "__main__":
    sys.exit(main())
