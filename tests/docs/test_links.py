"""Links lead somewhere: files are there, headings are there, addresses on the web are the few that we mean."""

import json
import re
from urllib.parse import unquote, urlsplit

import pytest
from pages import NOTEBOOKS, PAGES, ROOT, name_of, prose

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


def test_a_link_that_leads_nowhere_would_be_found(tmp_path):
    assert _links("see [this](no/such/page.md#part) and [![badge](b.svg)](https://x.org/a)") == [
        "no/such/page.md#part",
        "b.svg",
        "no/such/page.md#part",
        "https://x.org/a",
    ]
    assert not _place_of(ROOT / "README.md", "no/such/page.md").exists()
