"""What is written on the sandbox's clips: small, at one place, and gone before the end."""

from PIL import Image, ImageChops

from ltxv_nb.sandbox.drawing.caption import Caption
from ltxv_nb.sandbox.drawing.clip import ClipSpec
from ltxv_nb.sandbox.drawing.planes import Planes

WIDTH, HEIGHT, GREY = 640, 360, 120
SPEC = ClipSpec(
    "A boat at sea, waves as high as houses, and a captain who is not afraid of any of them, come what may",
    width=WIDTH,
    height=HEIGHT,
    duration=2,
    note="not shown: audio",
)


def written(index: int) -> tuple[int, int, int, int] | None:
    """Return the box, in pixels, of what is lighter than the picture was; ``None`` for nothing."""
    half = (WIDTH // 2, HEIGHT // 2)
    canvas = Planes(
        Image.new("L", (WIDTH, HEIGHT), GREY), Image.new("L", half, 128), Image.new("L", half, 128)
    )
    Caption(SPEC).draw(canvas, index)
    return ImageChops.subtract(canvas.y, Image.new("L", (WIDTH, HEIGHT), GREY)).getbbox()


def test_the_words_are_small_and_stand_together_at_the_lower_left():
    box = written(0)
    assert box is not None
    left, top, _right, bottom = box
    assert left < WIDTH * 0.05
    assert top > HEIGHT * 0.8
    assert bottom - top < HEIGHT * 0.12


def test_a_clip_that_starts_from_the_last_frame_does_not_show_two_captions():
    assert written(SPEC.frames - 1) is None
    assert written(SPEC.frames // 2) == written(0)
