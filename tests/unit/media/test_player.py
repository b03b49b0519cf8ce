"""A finished clip in a notebook: plays anywhere, stays small, and runs nothing that a prompt says."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import av
import numpy as np
import pytest

from ltxv_nb.media.player import (
    EMBED_LIMIT,
    SANDBOX_NOTE,
    file_address,
    pending_html,
    player_html,
    player_text,
    size_text,
)
from ltxv_nb.video import Video


def encode(path, *, size=(320, 180), frames=25, noise=False):
    """Write a real clip; noise makes it as large as its size allows."""
    random = np.random.default_rng(1)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for index in range(frames):
            shape = (size[1], size[0], 3)
            flat = np.full(shape, (index * 9) % 256, np.uint8)
            picture = random.integers(0, 256, shape, np.uint8) if noise else flat
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("notebook") / "my videos & more"
    made.mkdir()
    encode(made / "small #1.mp4")
    encode(made / "large.mp4", size=(640, 360), frames=40, noise=True)
    return made


def video(path, **changes):
    made = Video(
        path=path, url=None, width=1920, height=1080, duration=6.0, fps=25.0, has_audio=True, size_bytes=3_200_000,
        job_id="ab12cd34", prompt="A lighthouse", settings={"model": "ltxv/ltxv-2"}, backend="aimlapi", cost_usd=0.252, cost_text="$0.252",
    )  # fmt: skip
    return replace(made, **changes)


class Tags(HTMLParser):
    """Every tag of a piece of HTML with its attributes, as a browser reads them."""

    def __init__(self, html):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def one(self, wanted):
        (found,) = [attrs for tag, attrs in self.found if tag == wanted]
        return found


def handlers(tags):
    return [(name, code) for _, attrs in tags.found for name, code in attrs.items() if name.startswith("on")]


def test_the_address_stands_on_video_itself_and_nothing_plays_by_itself(folder):
    tags = Tags(player_html(video(folder / "small #1.mp4"), base_dir=folder.parent))
    player = tags.one("video")
    assert player["src"].startswith("data:video/mp4;base64,")
    assert player["poster"].startswith("data:image/jpeg;base64,")
    assert player["preload"] == "metadata"
    assert {"controls", "playsinline"} <= set(player)
    assert not {"autoplay", "loop"} & set(player)
    assert "source" not in [tag for tag, _ in tags.found]


def test_the_place_of_the_picture_is_known_before_it_is_there(folder):
    player = Tags(player_html(video(folder / "small #1.mp4"))).one("video")
    assert (player["width"], player["height"]) == ("1920", "1080")
    assert "aspect-ratio:1920/1080" in player["style"]


def test_the_link_to_the_file_leads_there_from_the_notebooks_folder(folder):
    tags = Tags(player_html(video(folder / "small #1.mp4"), base_dir=folder.parent))
    assert tags.one("a")["href"] == "my%20videos%20%26%20more/small%20%231.mp4"


def test_a_large_clip_is_a_preview_and_a_link_to_the_whole_file(folder):
    assert (folder / "large.mp4").stat().st_size > EMBED_LIMIT
    html = player_html(video(folder / "large.mp4"), base_dir=folder)
    assert "small preview" in html
    assert len(html) < 1_000_000  # three of them in one notebook stay under 3 MB


def test_embed_puts_the_whole_file_in_and_no_embed_only_its_address(folder):
    clip = video(folder / "large.mp4")
    size = clip.path.stat().st_size
    whole = Tags(player_html(clip, embed=True, base_dir=folder)).one("video")
    assert len(whole["src"]) > size
    assert Tags(player_html(clip, embed=False, base_dir=folder)).one("video")["src"] == "large.mp4"


def test_nothing_that_comes_from_outside_becomes_a_tag(folder):
    evil = '"><img src=x onerror=alert(1)></div><script>alert(2)</script>'
    clip = video(folder / "small #1.mp4", prompt=evil, job_id=evil, settings={"model": evil})
    tags = Tags(player_html(clip, base_dir=folder))
    assert {tag for tag, _ in tags.found} <= {"div", "video", "a", "span", "details", "summary"}
    plain = Tags(player_html(video(folder / "small #1.mp4"), base_dir=folder))
    assert handlers(tags) == handlers(plain), "what runs in the page is always the same"
    assert evil in tags.text
    pending = Tags(pending_html(folder / "x.mp4", evil, base_dir=folder))
    assert {tag for tag, _ in pending.found} == {"div", "video", "a", "b", "code"}


def test_a_long_prompt_is_there_in_full_behind_a_click(folder):
    prompt = "word " * 200
    tags = Tags(player_html(video(folder / "small #1.mp4", prompt=prompt)))
    assert prompt in tags.text
    tags.one("details")


def test_a_sandbox_clip_says_in_words_that_it_is_one(folder):
    free = "free; the real model costs $0.252"
    sandbox = video(folder / "small #1.mp4", backend="sandbox", cost_text=free)
    real = video(folder / "small #1.mp4")
    for made in (player_html, player_text):
        assert SANDBOX_NOTE in made(sandbox)
        assert "Sandbox" not in made(real)
    assert "$0.252" in player_html(real)
    assert free in player_html(sandbox)


def test_a_clip_whose_file_is_gone_still_says_what_it_was(tmp_path):
    html = player_html(video(tmp_path / "gone.mp4"))
    assert "<video" not in html
    assert "no longer" in html
    assert "A lighthouse" in html


def test_a_note_stands_below_the_clip_and_is_escaped(folder):
    shown = player_html(
        video(folder / "small #1.mp4"), base_dir=folder, note="Made on 21 Nov & <shown> again."
    )
    assert "Made on 21 Nov &amp; &lt;shown&gt; again." in shown
    assert "ltxv-line" not in player_html(video(folder / "small #1.mp4"), base_dir=folder)


def test_a_clips_words_are_no_formula_and_keep_their_direction(folder):
    shown = player_html(video(folder / "small #1.mp4"), base_dir=folder)
    assert 'class="ltxv-clip tex2jax_ignore mathjax_ignore"' in shown
    assert '<div class="ltxv-words" dir="auto"' in shown
    stand_in = pending_html(folder / "it costs $5 or $6.mp4", "abc", base_dir=folder)
    assert "tex2jax_ignore mathjax_ignore" in stand_in


def test_the_stand_in_is_hidden_where_styles_apply_and_plays_where_hidden_is_stripped(folder):
    player = Tags(pending_html(folder / "later.mp4", "ab12cd34", base_dir=folder)).one("video")
    assert "hidden" in player
    assert player["src"] == "later.mp4"
    assert "display" not in player["style"]


def test_the_text_names_a_file_below_the_notebook_by_its_short_path(folder):
    assert "Video my videos & more/small #1.mp4, 6 s, 1920×1080" in player_text(
        video(folder / "small #1.mp4"), base_dir=folder.parent
    )


def test_a_file_above_the_notebook_has_a_relative_address_too(tmp_path):
    assert file_address(tmp_path / "a.mp4", tmp_path / "deep" / "er") == "../../a.mp4"


@pytest.mark.parametrize(
    ("size", "text"), [(12, "12 bytes"), (64_300, "64 kB"), (3_240_000, "3.2 MB"), (2.5e9, "2.5 GB")]
)
def test_sizes_are_for_people(size, text):
    assert size_text(size) == text


def test_a_video_shows_itself_as_its_player(folder):
    assert re.search(r"<video [^>]*src=", video(Path(folder / "small #1.mp4"))._repr_html_())


def test_two_versions_of_a_notebook_differ_where_the_prompts_differ(folder):
    clips = [video(folder / "small #1.mp4", prompt=prompt) for prompt in ("A lighthouse", "A boat")]
    first, second = (player_html(clip, base_dir=folder).splitlines() for clip in clips)
    (changed,) = [line for line in second[1:] if line not in first]
    assert "A boat" in changed
    assert len(changed) < 500, "the clip itself stands on another line"


def test_a_link_that_may_come_to_lead_nowhere_knows_what_to_say_then(folder, monkeypatch):
    clip = video(folder / "small #1.mp4")
    link = Tags(player_html(clip, base_dir=folder)).one("a")
    assert "%ltxv show ab12cd34 shows the clip wherever it is" in link["data-missing"]
    linked = Tags(player_html(clip, embed=False, base_dir=folder)).one("video")
    assert "onerror" in linked
    assert str(folder) not in player_html(clip, base_dir=folder), (
        "a saved notebook tells nothing of this machine"
    )
    monkeypatch.setenv("VOILA_REQUEST_URL", "http://127.0.0.1:8866/")
    in_voila = Tags(player_html(clip, base_dir=folder))
    assert f"The file is {clip.path}." in in_voila.text
    assert "this page does not serve the file" in in_voila.one("a")["data-missing"]
