"""A page of clips that was saved plays them in step, without a server, a kernel or the net."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from ltxv_nb.media.export import save_tiles
from ltxv_nb.media.probe import probe
from ltxv_nb.sandbox.drawing.clip import ClipSpec
from ltxv_nb.sandbox.drawing.render import render
from ltxv_nb.tiles import Tile
from ltxv_nb.video import Video

if TYPE_CHECKING:
    from pathlib import Path

#: Seconds that two clips may be apart, and how the page tells where each is.
APART = 0.08
TIMES = "() => [...document.querySelectorAll('video')].map(video => video.currentTime)"
READY = "() => [...document.querySelectorAll('video')].every(video => video.readyState > 2 && !video.seeking)"


def clip(folder: Path, hour: str, seconds: float) -> Video:
    path = folder / f"{hour}.mp4"
    render(ClipSpec(f"The sea at {hour}", width=320, height=180, duration=seconds), path, folder)
    facts = probe(path)
    size = (facts.width, facts.height, facts.duration, facts.fps, facts.has_audio, facts.size_bytes)
    return Video(path, None, *size, "", f"The sea at {hour}")


def test_a_saved_page_plays_its_clips_in_step_without_anything_beside_it(
    browser: Any, tmp_path: Path
) -> None:
    tiles = [
        Tile(clip(tmp_path, hour, seconds), hour, {"hour": hour}, f"job{seconds}")
        for hour, seconds in (("dawn", 3), ("noon", 3), ("dusk", 1))
    ]
    tiles.append(Tile(None, "night", {"hour": "night"}, None, "Refused <b>by the service</b>."))
    saved = save_tiles(tiles, tmp_path / "new" / "hours.html", title="Hours")
    for tile in tiles[:3]:
        tile.video.path.unlink()

    context = browser.new_context(viewport={"width": 900, "height": 700})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(saved.as_uri())
    page.wait_for_function(READY)
    expect(page.get_by_text("Refused <b>by the service</b>.")).to_be_visible()

    slider = page.get_by_label("Time")
    for moment in (2.0, 0.4, 1.6):
        slider.evaluate(
            "(slider, at) => { slider.value = at; slider.dispatchEvent(new Event('input')) }", moment
        )
        page.wait_for_function(READY)
        first, second, third = page.evaluate(TIMES)
        assert abs(first - moment) < APART
        assert abs(first - second) < APART
        assert third <= 1.0
    page.get_by_role("button", name="One frame on").click()
    page.wait_for_function(READY)
    assert abs(page.evaluate(TIMES)[0] - 1.64) < 0.03

    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => document.querySelectorAll('video')[0].currentTime > 2")
    first, second, _ = page.evaluate(TIMES)
    assert abs(first - second) < APART
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()

    heard = "() => [...document.querySelectorAll('video')].map(video => !video.muted)"
    assert page.evaluate(heard) == [True, False, False]
    page.get_by_role("button", name="Sound").nth(1).click()
    assert page.evaluate(heard) == [False, True, False]

    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found] == []
    assert problems == []
    assert [address for address in asked if not address.startswith(("data:", "file:"))] == []
    context.close()
