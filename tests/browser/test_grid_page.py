"""The grid in a real page: in step, by keyboard, rated, compared blind, and what is left without a kernel."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from library import add_clip, draw_clip
from markup import PAYLOAD
from pages import NotebookPage, plays, write_notebook
from playwright.sync_api import expect

from ltxv_nb.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page
    from servers import Jupyter

HOURS, MODELS = ["dawn", "noon", "dusk"], ["ltxv-2", "ltxv-2-fast"]
HOME = "grid-home"
OPEN = f"""import ltxv_nb
from ltxv_nb.tiles import Tile
from ltxv_nb.notebook.grid.grid import grid_of
client = ltxv_nb.Client(home={HOME!r})
jobs = list(client.jobs())[::-1]
axes = dict(hour={HOURS!r}, model={MODELS!r})
places = [dict(hour=hour, model=model) for hour in axes["hour"] for model in axes["model"] for take in (1, 2)]
tiles = [Tile(job.video, " · ".join(at.values()), at, job.id) for job, at in zip(jobs, places)]"""
SHOW = "grid_of(tiles, axes, title='Lighthouse', client=client)"

#: Seconds that two clips may be apart.
DRIFT = 0.08
#: How far the loaded clips are apart, over some seconds of play; and the most of them that played at once.
DRIFT_IN_PLAY = """async seconds => {
  const videos = [...document.querySelectorAll('.ltxv-grid')].at(-1).querySelectorAll('.ltxv-g-tile video[src]');
  let worst = 0, most = 0;
  for (let left = seconds * 20; left; left--) {
    const times = [...videos].filter(v => !v.paused && !v.ended).map(v => v.currentTime);
    most = Math.max(most, times.length);
    worst = Math.max(worst, Math.max(...times) - Math.min(...times));
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return [worst, most];
}"""
#: Moves the scrubber to a place, waits until every clip is there, and says how far they are apart.
SCRUB = """async share => {
  const grid = [...document.querySelectorAll('.ltxv-grid')].at(-1), scrubber = grid.querySelector('.ltxv-g-scrubber');
  for (const at of [share / 2, share]) { // as a hand does: not in one step
    scrubber.value = at * scrubber.max;
    scrubber.dispatchEvent(new Event('input', {bubbles: true}));
  }
  scrubber.dispatchEvent(new Event('change', {bubbles: true}));
  const videos = [...grid.querySelectorAll('.ltxv-g-tile video[src]')];
  let apart, off, steady = 0;
  for (let tries = 200; tries && steady < 3; tries--) {
    await new Promise(resolve => setTimeout(resolve, 50));
    const times = videos.map(v => v.currentTime);
    [apart, off] = [Math.max(...times) - Math.min(...times), Math.min(...times) - share * scrubber.max];
    steady = apart <= 0.08 && off > -0.01 && !videos.some(v => v.seeking) ? steady + 1 : 0;
  }
  return [apart, off];
}"""


@pytest.fixture(scope="module")
def home(server: Jupyter) -> Path:
    """Twelve clips of eight seconds, of two frame rates; one of them without sound."""
    folder = server.root / "ltxv_videos"
    first = draw_clip(folder / "grid-0.mp4", 0, seconds=8, fps=25)
    second = draw_clip(folder / "grid-1.mp4", 2, seconds=8, fps=15, sound=False)
    for number in range(12):
        file = folder / f"grid-{number}.mp4"
        if number > 1:
            shutil.copy(second if number == 7 else first, file)
        media = {
            "width": 320, "height": 180, "duration": 8.0, "has_audio": number not in {1, 7},
            "fps": 15.0 if number in {1, 7} else 25.0, "size_bytes": file.stat().st_size,
        }  # fmt: skip
        add_clip(server.root / HOME, file, f"A lighthouse, number {number}", age=100 - number, media=media)
    return server.root / HOME


@pytest.fixture
def shown(notebook: Callable[..., NotebookPage], home: Path) -> Iterator[NotebookPage]:
    opened = notebook(OPEN, SHOW)
    opened.page.set_viewport_size({"width": 1280, "height": 2200})
    opened.run_all()
    loaded(opened.page)
    yield opened
    opened.page.set_viewport_size({"width": 1180, "height": 1000})


def loaded(page: Page, count: int = 12) -> None:
    """Wait until so many clips of the last grid can play."""
    page.wait_for_function(
        """count => { const grid = [...document.querySelectorAll('.ltxv-grid[data-ltxv-ready]')].at(-1);
        return grid && [...grid.querySelectorAll('.ltxv-g-tile video[src]')].filter(v => v.readyState >= 3).length
          === count; }""",
        arg=count,
        timeout=60_000,
    )


def in_step(page: Page, seconds: int, tries: int = 3) -> float:
    """Return how far the clips are apart at most, in seconds, while nothing else takes the processor."""
    worst = []
    for _ in range(tries):
        apart, most = page.evaluate(DRIFT_IN_PLAY, seconds)
        assert most == 12
        worst.append(apart)
        if apart <= DRIFT:
            break
    return min(worst)


def rated(home: Path) -> list[tuple[int | None, list[str]]]:
    """Return the stars and tags of the clips, in the order of the grid."""
    journal = Journal(home / "journal.sqlite")
    records = sorted(journal.saved(limit=50), key=lambda record: record.created_at)
    found = [(record.stars, list(record.tags or [])) for record in records]
    journal.close()
    return found


def test_twelve_clips_play_in_step_and_stay_so_when_scrubbed(shown: NotebookPage) -> None:
    page = shown.page
    grid = page.locator(".ltxv-grid")
    expect(grid.get_by_role("columnheader")).to_have_text(["hour · take", *MODELS])
    expect(grid.get_by_role("rowheader")).to_have_text(
        [f"{hour} · take {n}" for hour in HOURS for n in (1, 2)]
    )
    expect(grid.get_by_role("gridcell")).to_have_count(12)

    grid.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "() => document.querySelector('.ltxv-g-tile video').currentTime > 0.2"
    )  # all have begun
    worst = in_step(page, 6)
    assert worst <= DRIFT, f"{worst * 1000:.0f} ms apart while playing"
    for number in range(10):
        if number == 5:
            grid.get_by_role("button", name="Pause").click()
        apart, off = page.evaluate(SCRUB, (number * 7 % 10) / 11)
        assert apart <= DRIFT, f"{apart * 1000:.0f} ms apart after scrub {number + 1}"
        assert number < 5 or abs(off) < 0.01
    grid.get_by_role("button", name="Play").click()  # to the end, and from the beginning again
    page.evaluate(SCRUB, 0.95)
    page.wait_for_function(
        "() => document.querySelector('.ltxv-g-tile video').currentTime < 4", timeout=20_000
    )
    page.wait_for_timeout(300)
    assert in_step(page, 1) <= DRIFT
    # One is heard: the one under the pointer. A clip elsewhere in the page that is heard pauses all.
    heard = "() => [...document.querySelectorAll('.ltxv-g-tile video')].map(v => +!v.muted).join('')"
    grid.locator(".ltxv-g-tile").nth(4).hover()
    page.wait_for_function(f"() => ({heard})() === '000010000000'")
    page.mouse.move(5, 5)
    page.wait_for_function(f"() => ({heard})() === '000000000000'")
    grid.get_by_role("button", name="Pause").click()
    grid.get_by_role("combobox", name="Speed").select_option("2×")
    rates = page.evaluate(
        "() => [...document.querySelectorAll('.ltxv-g-tile video')].map(v => v.playbackRate)"
    )
    assert rates == [2] * 12


def test_everything_can_be_done_by_keyboard_and_lands_in_the_journal(
    shown: NotebookPage, home: Path, server: Jupyter
) -> None:
    page, press = shown.page, shown.page.keyboard.press
    grid, dialog = page.locator(".ltxv-grid"), page.locator("dialog.ltxv-g-large")
    tiles, cells = grid.locator(".ltxv-g-tile"), page.locator(".jp-Notebook .jp-Cell").count()
    expect(grid.locator(".ltxv-g-tile[tabindex='0']")).to_have_count(1)
    tiles.first.focus()
    for key in ("ArrowRight", "ArrowDown", "4"):
        press(key)
    fourth = tiles.nth(3)
    expect(fourth).to_be_focused()
    expect(fourth).to_have_attribute("aria-label", re.compile("dawn · ltxv-2-fast · take 2, .*4 stars"))
    press("x")
    press("g")
    page.keyboard.type(f"sea, {PAYLOAD.split(',')[0]}")
    press("Enter")
    expect(fourth).to_be_focused()
    expect(fourth).to_contain_text("Rejected")
    for _ in range(100):  # the journal is written in the background
        if len(rated(home)[3][1]) == 3:
            break
        page.wait_for_timeout(100)
    stars, tags = rated(home)[3]
    assert stars == 4
    assert tags[0] == "sea"
    assert "rejected" in tags
    press("0")
    press("x")
    for key in ("d", "d"):  # in JupyterLab that deletes the cell
        press(key)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells

    press(" ")
    page.wait_for_function("() => document.querySelector('.ltxv-g-tile video').currentTime > 0.2")
    press(" ")
    times = (
        "() => [...document.querySelectorAll('.ltxv-g-tile video')].map(v => Math.floor(v.currentTime * 25))"
    )
    page.wait_for_function(
        "() => [...document.querySelectorAll('.ltxv-g-tile video')].every(v => v.paused && !v.seeking)"
    )
    before = page.evaluate(times)[0]
    press(".")
    page.wait_for_function(f"() => ({times})()[0] === {before + 1}")
    press("Home")
    expect(tiles.first).to_be_focused()
    press("Enter")
    expect(dialog).to_be_visible()
    press("2")
    press("ArrowRight")
    expect(dialog).to_contain_text("2 of 12")
    page.wait_for_function("() => document.querySelector('dialog.ltxv-g-large video').currentTime > 0.2")
    press("Escape")
    expect(tiles.nth(1)).to_be_focused()
    press("t")
    expect(grid.get_by_role("rowheader")).to_have_text(MODELS)
    expect(tiles.nth(6)).to_be_focused()
    press("?")
    expect(page.locator("dialog.ltxv-g-keys")).to_be_visible()
    press("Escape")
    press("s")
    page.wait_for_function(
        "() => document.querySelectorAll('.ltxv-g-tile')[6].querySelector('[aria-pressed=true]')"
    )

    # Blind: no label is seen, each key is one vote, and the end is a ranking.
    page.emulate_media(reduced_motion="no-preference")
    press("b")
    expect(grid).to_contain_text(re.compile("Which is better\\? 1 of 28"))
    assert "dawn" not in page.locator(".ltxv-g-blind").inner_text()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.ltxv-g-side video')].every(v => v.currentTime > 0.1)"
    )
    page.emulate_media(reduced_motion="reduce")
    for number, key in enumerate(("ArrowLeft", "ArrowRight", "0"), 2):
        press(key)
        expect(grid).to_contain_text(f"Which is better? {number} of 28")
    assert page.evaluate("() => [...document.querySelectorAll('.ltxv-g-side video')].every(v => v.paused)")
    grid.get_by_role("button", name="Show the ranking").click()
    expect(grid.locator(".ltxv-g-ranking li")).to_have_count(12)
    expect(grid.locator(".ltxv-g-ranking li").first).to_contain_text("1 won, 0 lost")
    expect(grid).to_contain_text("From 2 votes")
    press("Escape")
    expect(tiles.first).to_be_visible()

    # A page that is loaded anew shows what was given.
    shown.save()
    again = NotebookPage(page.context.new_page(), server, shown.name).open()
    first = again.page.locator(".ltxv-grid[data-ltxv-ready] .ltxv-g-tile").first
    expect(first.locator(".ltxv-g-on")).to_have_count(2)
    plays(first.locator("video"))
    assert again.page.evaluate("() => window.pwned") is None
    again.page.close()
    assert page.evaluate("() => window.pwned") is None


def test_clips_of_all_kinds_stand_in_one_grid_and_a_dozen_are_loaded(
    notebook: Callable[..., NotebookPage], home: Path, server: Jupyter, tmp_path: Path
) -> None:
    folder = server.root / "ltxv_videos"
    tall = draw_clip(folder / "tall.mp4", seconds=1, size=(180, 320), fps=30, sound=False)
    outside = draw_clip(tmp_path / "outside.mp4", 1)
    gone = draw_clip(folder / "gone.mp4")
    broken = folder / "broken.mp4"
    broken.write_bytes(gone.read_bytes()[:700])
    add_clip(server.root / "kinds-home", gone, PAYLOAD)
    gone.unlink()
    clips = json.dumps([str(tall), str(outside), str(broken)])
    code = f"""other = ltxv_nb.Client(home="kinds-home")
waits = Tile(None, "Later", state_words="Generating …")
hostile = Tile(jobs[3].video, {PAYLOAD!r}, {{"hour": {PAYLOAD!r}}}, jobs[3].id)
ltxv_nb.compare(other.jobs()[0], *{clips}, waits, hostile, *jobs[:12], columns=7)"""
    opened = notebook(
        OPEN, code, "grid_of([hostile], {'hour': [hostile.label]}, title=hostile.label, client=client)"
    )
    page = opened.page
    page.set_viewport_size({"width": 1280, "height": 1600})
    try:
        opened.run_all()
        page.locator(".ltxv-grid[data-ltxv-ready]").nth(1).wait_for(timeout=60_000)
        grid = page.locator(".ltxv-grid").first
        expect(grid.locator(".ltxv-g-tile")).to_have_count(18)
        expect(grid.locator(".ltxv-g-tile video[src]")).to_have_count(12)
        expect(grid.locator(".ltxv-g-tile").nth(0)).to_contain_text("The file is no longer there.")
        expect(grid.locator(".ltxv-g-tile").nth(3)).to_contain_text(re.compile("broken.mp4"))
        expect(grid.locator(".ltxv-g-tile").nth(4)).to_contain_text("Generating …")
        for at in (1, 2):  # one that is served, and one that the kernel sends
            plays(grid.locator(".ltxv-g-tile").nth(at).locator("video"))
        assert "1 s · 180×320 · 30 fps · no sound" in grid.locator(".ltxv-g-tile").nth(1).inner_text()
        grid.get_by_role("button", name="Play").click()
        page.wait_for_function(
            "() => document.querySelectorAll('.ltxv-g-tile')[7].querySelector('video').currentTime > 2.5"
        )
        assert page.evaluate("() => window.pwned") is None
    finally:
        page.set_viewport_size({"width": 1180, "height": 1000})


def test_the_grid_is_accessible_and_fits_a_narrow_page(
    shown: NotebookPage, shot: Callable[[Page, str], None]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page, places = shown.page, (".ltxv-grid", "dialog.ltxv-g-large", ".ltxv-g-blind")
    try:
        for theme, width in (("JupyterLab Light", 1280), ("JupyterLab Dark", 700), ("JupyterLab Light", 390)):
            page.set_viewport_size({"width": width, "height": 1000})
            shown.theme(theme)
            for where in places:
                page.locator(".ltxv-g-tile").first.focus()
                if where != ".ltxv-grid":
                    page.keyboard.press("Enter" if where.startswith("dialog") else "b")
                    page.locator(f"{where} video").first.wait_for()
                found = Axe().run(page, context=where).response["violations"]
                assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found] == []
                shot(page, f"grid-{places.index(where)}-{width}-{theme.split()[1].lower()}")
                if where != ".ltxv-grid":
                    page.keyboard.press("Escape")
            assert page.evaluate(
                """() => { const box = document.querySelector('.ltxv-g'), right = box.getBoundingClientRect().right + 1;
                return [...box.querySelectorAll(':scope > :not(dialog), .ltxv-g-bar *')].filter(e =>
                  e.getBoundingClientRect().width > 1 && e.getBoundingClientRect().right > right).map(e => e.className); }"""
            ) == []  # fmt: skip
    finally:
        shown.theme("JupyterLab Light")


def test_without_its_kernel_untrusted_and_exported_the_clips_still_stand_in_their_places(
    shown: NotebookPage, context: BrowserContext, server: Jupyter
) -> None:
    still = shown.output(1).locator(".ltxv-still-grid")
    expect(still.locator("video[poster]")).to_have_count(12)
    expect(still).to_be_hidden()
    shown.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(still).to_be_visible()
    expect(shown.output(1).locator(".ltxv-g")).to_be_hidden()
    shown.save()
    shown.close()
    text = (server.root / shown.name).read_text()
    assert "children=" not in text
    assert len(text) < 1_500_000
    (server.root / "untrusted-grid.ipynb").write_text(text.replace("title='Lighthouse'", "title='Another'"))
    for name, trusted in ((shown.name, True), ("untrusted-grid.ipynb", False)):
        opened = NotebookPage(context.new_page(), server, name).open()
        assert opened.is_trusted(1) is trusted
        table = opened.output(1).locator("table:visible")
        expect(table.locator("th[scope=col]")).to_have_text(MODELS)
        expect(table.locator("th[scope=row]").last).to_have_text("dusk · take 2")
        expect(table.locator("video")).to_have_count(12)
        assert "model not found" not in opened.output(1).inner_text()
        plays(table.locator("video").first)
        opened.close()
        opened.page.close()

    exported = server.root / "exported-grid.html"
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output", str(exported)]
    subprocess.run([*command, str(server.root / shown.name)], check=True, capture_output=True, timeout=120)
    page = context.new_page()
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.goto(exported.as_uri())
    expect(page.locator("table video:visible")).to_have_count(12)
    plays(page.locator("table video").first)
    page.close()


def test_the_grid_plays_in_notebook_7_and_in_voila(
    context: BrowserContext, server: Jupyter, home: Path
) -> None:
    write_notebook(server.root / "grid-7.ipynb", OPEN, SHOW)
    seven = NotebookPage(context.new_page(), server, "grid-7.ipynb", app="notebook").open()
    seven.run_all()
    voila = context.new_page()
    few = "ltxv_nb.compare(jobs[0], jobs[7], labels=['One', 'Two'])"
    write_notebook(server.root / "grid-voila.ipynb", OPEN, few)
    voila.goto(server.address("voila/render/grid-voila.ipynb"), wait_until="commit", timeout=60_000)
    for page in (seven.page, voila):
        page.locator(".ltxv-grid[data-ltxv-ready]").wait_for(timeout=60_000)
        for at in range(2):
            plays(page.locator(".ltxv-g-tile video").nth(at))
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("() => document.querySelectorAll('.ltxv-g-tile video')[1].currentTime > 0.5")
    seven.close()
    for page in (seven.page, voila):
        page.close()
