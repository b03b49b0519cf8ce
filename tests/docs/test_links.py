"""Links lead somewhere: files are there, headings are there, addresses on the web are the few that we mean."""

import json
import re
from urllib.parse import unquote, urlsplit

import pytest
from documents import NOTEBOOKS, PAGES, ROOT, name_of, prose

_LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_HOSTS = {
    "aimlapi.com",
    "github.com",
    "keepachangelog.com",
    "mybinder.org",
    "semver.org",
}
_REPOSITORY = "/ltxv-nb/ltxv-nb"


def _links(text):
    # A badge is a picture inside a link.
    return _LINK.findall(text) + _LINK.findall(re.sub(r"!\[[^\]]*\]\([^)]*\)", "picture", text))


def _text_of(page):
    if page.suffix == ".ipynb":
        cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
        return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return prose(page)


def _place_of(page, target):
    """The file that a relative link means; the docs hold copies of the notebooks."""
    place = (page.parent / unquote(target)).resolve()
    copies = ROOT / "docs" / "notebooks"
    return ROOT / "notebooks" / place.name if place.parent == copies else place


def _anchors(text):
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS, ROOT / "CHANGELOG.md"], ids=name_of)
def test_every_link_leads_somewhere(page):
    text = _text_of(page)
    for link in _links(text):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
            assert parts.hostname in _HOSTS, link
            assert parts.hostname != "github.com" or parts.path.startswith(_REPOSITORY), link
            continue
        place = _place_of(page, parts.path) if parts.path else page
        assert place.exists(), f"{name_of(page)}: {link}"
        if parts.fragment:
            assert parts.fragment in _anchors(_text_of(place)), f"{name_of(page)}: {link}"


def test_binder_links_open_notebooks_that_exist():
    addresses = set()
    for page in PAGES:
        addresses |= set(re.findall(r"https://mybinder\.org/v2/gh/[^)\s]+", page.read_text(encoding="utf-8")))
    assert addresses
    for address in addresses:
        assert address.startswith(f"https://mybinder.org/v2/gh{_REPOSITORY}/HEAD?urlpath=")
        opened = re.search(r"(?:lab/tree|voila/render)/(\S+)$", address)
        assert opened, address
        assert (ROOT / opened[1]).is_file(), address


def test_every_figure_in_the_readme_comes_with_a_command_that_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## What makes it different")[1].split("\n## ")[0]
    figures = re.findall(r"^\d\. .*?(?=^\d\. |\Z)", section, re.MULTILINE | re.DOTALL)
    assert len(figures) == 5
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for figure in figures:
        command = re.findall(r"`([^`]+)`", figure)[-1]
        if script := re.search(r"\b((?:\w+/)+\w+\.py)\b", command):
            assert (ROOT / script[1]).is_file(), command
        elif command.startswith("make "):
            assert f"\n{command.removeprefix('make ')}:" in makefile
        else:
            compile(re.search(r'python -c "(.+)"$', command)[1], command, "exec")


def test_the_figures_in_the_readme_are_those_of_the_pages_they_come_from():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    polling = (ROOT / "docs" / "polling.md").read_text(encoding="utf-8")
    rows = {
        "vendor's guide": ("5.5", "7.6"),
        "aimlapi-sdk-python": ("7.5", "5.1"),
        "only the vendor's figures known": ("6.8", "1.8"),
        "20 past jobs known": ("8.8", "1.0"),
    }
    for name, (requests, late) in rows.items():
        found = re.search(rf"^\| [^|]*{re.escape(name)}[^|]*\| ([\d.]+) \| ([\d.]+) s", polling, re.MULTILINE)
        assert found, name
        assert (found[1], f"{float(found[2]):.1f}") == (requests, late), name
        assert f"{late} s" in readme
        assert re.search(rf"\b{re.escape(requests)}\b", readme)
    reliability = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    kills, billed = re.search(r"\| (\d+) kills, \d+ jobs, (\d+) billed \| 0 \| 0 \|", reliability).groups()
    assert f"Killed {kills} times" in readme
    assert f"{billed} billed submissions, {billed} whole files" in readme


def test_a_link_that_leads_nowhere_would_be_found(tmp_path):
    assert _links("see [this](no/such/page.md#part) and [![badge](b.svg)](https://x.org/a)") == [
        "no/such/page.md#part",
        "b.svg",
        "no/such/page.md#part",
        "https://x.org/a",
    ]
    assert not _place_of(ROOT / "README.md", "no/such/page.md").exists()
