"""The rooms and the arrows between them, and what an import costs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "ltxv_nb"

_VALUES = {"errors", "request", "_version"}
_GROUND = _VALUES | {"secret", "settings"}
_WIRE = _GROUND | {"reply", "transport"}

#: Which modules and rooms each may import; nothing else of the package.
ALLOWED: dict[str, set[str]] = {
    "__init__": {"_version"},
    "_version": set(),
    "errors": set(),
    "request": {"errors"},
    "secret": {"errors"},
    "settings": {"errors", "secret"},
    "backend": {"errors", "secret", "settings"},
    "transport": _GROUND,
    "reply": set(),
    "api": _WIRE,
    "journal": _VALUES,
    "presence": set(),
    "pool": set(),
    "images": _VALUES | {"media"},
    "schedule": set(),
    "questions": {"schedule"},
    "expect": {"request", "schedule"},
    "simulate": {"request", "schedule", "expect"},
    "media": {"errors", "_version"},
    "knowledge": {"errors", "expect", "schedule", "journal", "api"},
    "saver": {"errors", "journal", "media"},
    "settlement": {"journal"},
    "tracker": _WIRE
    | {"api", "journal", "knowledge", "media", "pool", "presence", "questions", "saver", "schedule"}
    | {"settlement"},
    "submission": _WIRE | {"api", "journal", "settlement"},
    "video": {"errors", "journal", "media", "player"},
    "job": {"errors", "expect", "journal", "tracker", "video"},
    "batch": {"errors", "job"},
    "client": _WIRE
    | {"api", "backend", "batch", "images", "job", "journal", "knowledge", "media"}
    | {"presence", "saver", "submission", "tracker", "video"},
    "sandbox": _VALUES,
}
#: Rooms above the core may use all of it, but never each other's insides or the sandbox.
UPPER = {"notebook", "player"}


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imported(path: Path) -> list[tuple[int, str]]:
    """Every module that a file imports at run time, wherever in it; with the line."""
    found: list[tuple[int, str]] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.orelse:
                visit(child)
            return
        if isinstance(node, ast.Import):
            found.extend((node.lineno, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            if node.module == "ltxv_nb":
                found.extend((node.lineno, f"ltxv_nb.{alias.name}") for alias in node.names)
            else:
                found.append((node.lineno, node.module or ""))
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_arrows_between_the_rooms_point_one_way(path):
    room = room_of(path)
    for line, name in imported(path):
        if name.partition(".")[0] != "ltxv_nb":
            continue
        target = name.split(".")[1] if "." in name else "__init__"
        if target in {room, "__version__"}:
            continue
        if room in UPPER or room == "__init__":
            assert target != "sandbox", f"{path.name}:{line} reaches into the sandbox"
            if room == "player":
                assert target != "notebook", f"{path.name}:{line} reaches up into the notebook"
            continue
        assert target in ALLOWED[room], f"{path.name}:{line}: {room} may not import {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_notebook_room_needs_ipython_or_widgets(path):
    if room_of(path) == "notebook":
        return
    for line, name in imported(path):
        assert name.partition(".")[0] not in {"IPython", "ipywidgets", "traitlets", "ipykernel"}, (
            f"{path.name}:{line} imports {name}"
        )


def test_the_table_of_arrows_has_no_circle():
    order: list[str] = []

    def visit(room: str, above: tuple[str, ...]) -> None:
        assert room not in above, f"a circle: {' -> '.join((*above, room))}"
        if room not in order:
            for target in sorted(ALLOWED.get(room, ())):
                visit(target, (*above, room))
            order.append(room)

    for room in ALLOWED:
        visit(room, ())


def run(code: str, cwd: Path) -> dict:
    """Run Python in a process of its own; returns the JSON it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "HOME": str(cwd), "PATH": "", "SYSTEMROOT": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


HEAVY = (
    "requests",
    "urllib3",
    "ipywidgets",
    "IPython",
    "av",
    "PIL",
    "tornado",
    "sqlite3",
    "numpy",
    "keyring",
)


def test_importing_the_package_loads_nothing_heavy_and_makes_no_file_or_thread(tmp_path):
    told = run(
        "import sys, threading, json, logging; import ltxv_nb; "
        f"print(json.dumps([[n for n in {HEAVY!r} if n in sys.modules], threading.active_count(), "
        "[type(h).__name__ for h in logging.getLogger('ltxv_nb').handlers], logging.getLogger().handlers]))",
        tmp_path,
    )
    assert told == [[], 1, ["NullHandler"], []]
    assert list(tmp_path.iterdir()) == []


def test_making_a_client_starts_and_writes_nothing(tmp_path):
    told = run(
        "import sys, threading, json; import ltxv_nb; client = ltxv_nb.Client(backend='sandbox', home='h'); "
        "client.unfinished_count(); client.jobs(); client.resume(); client.close(); "
        "print(json.dumps([[n for n in ('av', 'PIL', 'ipywidgets', 'IPython', 'tornado') if n in sys.modules], "
        "threading.active_count()]))",
        tmp_path,
    )
    assert told == [[], 1]
    assert list(tmp_path.iterdir()) == []


def test_every_public_name_is_there_and_a_wrong_one_is_an_attribute_error():
    import ltxv_nb

    for name in set(ltxv_nb.__all__) - {"panel", "gallery"}:
        assert getattr(ltxv_nb, name) is not None
    assert set(ltxv_nb.__all__) <= set(dir(ltxv_nb))
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        _ = ltxv_nb.Clint
