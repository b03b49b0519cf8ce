"""The architecture page shows the layers that the import contracts check."""

import re

import pytest
from documents import ROOT

tomllib = pytest.importorskip("tomllib")
PAGE = ROOT / "docs" / "architecture.md"


def _contracts():
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return {
        contract["containers"][0]: contract["layers"] for contract in contracts if "containers" in contract
    }


def _names(layer):
    return re.findall(r"\w+", layer)


def test_the_table_of_layers_is_the_contract_in_the_same_order():
    table = (
        PAGE.read_text(encoding="utf-8").split("<!-- layers: begin -->")[1].split("<!-- layers: end -->")[0]
    )
    shown = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in table.strip().splitlines()[2:]]
    assert shown == [_names(layer) for layer in _contracts()["ltxv_nb"]]


@pytest.mark.parametrize("part", ["notebook", "sandbox"])
def test_the_layers_inside_a_layer_are_named_in_the_order_of_their_contract(part):
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    layers = _contracts()[f"ltxv_nb.{part}"]
    shown = ", ".join(" and ".join(f"`{name}`" for name in _names(layer)) for layer in layers)
    assert re.search(rf"[Ii]nside `{part}` (the layers|they) are {re.escape(shown)}", text)


def test_every_layer_that_is_shown_exists():
    for layer in _contracts()["ltxv_nb"]:
        for name in _names(layer):
            assert (ROOT / "ltxv_nb" / name).is_dir() or (ROOT / "ltxv_nb" / f"{name}.py").is_file(), name


def test_the_page_names_every_state_and_which_ones_are_open():
    from ltxv_nb.journal import OPEN, State

    text = PAGE.read_text(encoding="utf-8").split("## States")[1].split("\n## ")[0]
    diagram, words = text.split("```")[1:3]
    assert set(re.findall(r"\b[a-z]+\b", re.sub(r"\(.*?\)", "", diagram))) - {"text"} == {
        state.value for state in State
    }
    shown = words.split(" are open")[0]
    assert set(re.findall(r"`(\w+)`", shown)) == {state.value for state in State if state in OPEN}
