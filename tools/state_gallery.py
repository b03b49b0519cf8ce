"""Write a notebook that shows every state of every widget, one below the other.

Usage: ``python tools/state_gallery.py FILE.ipynb``. It sends nothing but one clip to a sandbox of its own;
all other states are made from what the status board, or a click, would hand to a view.
`tests/browser/test_state_gallery.py` looks at it in both themes and at three widths, and compares it with the
pictures beside that test. Another widget's states are added to `STATES`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat

#: Runs first; what it defines is used by the states.
_PREPARE = """
import os, tempfile
HOME = os.environ["LTXV_HOME"] = tempfile.mkdtemp(dir=".")
os.environ["LTXV_OUTPUT_DIR"] = os.path.join(HOME, "clips")
from pathlib import Path
from types import SimpleNamespace
from IPython.display import HTML
import ltxv_nb
from ltxv_nb import errors
from ltxv_nb.job import unknown_words
from ltxv_nb.media.player import pending_html
from ltxv_nb.notebook.grid.grid import grid_of
from ltxv_nb.notebook.output.card import card_of, notice_bundle
from ltxv_nb.notebook.output.status import LOOKING, Snapshot
from ltxv_nb.notebook.panel.sender import Outcome
from ltxv_nb.notebook.widgets.status_row import StatusRow
from ltxv_nb.notebook.widgets.style import PENDING_STYLE, style_tag
from ltxv_nb.tiles import Tile

PROMPT = "A lighthouse at dusk, waves breaking on the rocks"
JOB = SimpleNamespace(
    id="ab12cd34", is_free=False, billing_note="The generation continues and will be billed.",
    record=SimpleNamespace(id="ab12cd34", prompt=PROMPT, model="ltxv/ltxv-2", request={}, error=None,
                           backend="aimlapi"),
    stop=lambda: None,
)
TWIN = errors.DuplicateRequest("The very same request is job ab12cd34; nothing was sent. "
                               "`%ltxv wait ab12cd34` gets its video.", JOB)
UNKNOWN = errors.SubmissionUnknown(unknown_words(JOB.record, watching=True), JOB)

def status(state, detail="", error=None, **more):
    row = StatusRow(JOB, Snapshot(state, detail, **more))
    if error is not None:
        row.show_note(card_of(error))
    display(row.box, HTML(style_tag(PENDING_STYLE) + pending_html(Path("later.mp4"), "ab12cd34")))

def card(error):
    return HTML(card_of(error).html())

def panel(act=lambda shown: None, **values):
    shown = ltxv_nb.panel()
    shown.request = REQUEST.replace(**values)
    act(shown)
    return shown

def tile(hour, duration, words="", failed=False):
    video = None if words else JOB_MADE.video
    job_id = None if words else JOB_MADE.id
    return Tile(video, f"{hour}, {duration}", {"hour": hour, "duration": duration}, job_id, words, failed)

REQUEST = ltxv_nb.GenerationRequest(PROMPT, duration=6)
CLIENT = ltxv_nb.Client()
EMPTY = ltxv_nb.Client(home=os.path.join(HOME, "empty"), backend="sandbox")
"""

#: Each state's name, and the cell that shows it.
STATES: tuple[tuple[str, str], ...] = (
    ("queued", 'status("Queued", "50–80 s", age=3, usual=60, cost="about $0.38")'),
    ("generating", 'status("Generating", "50–80 s", age=41, usual=60, cost="about $0.38")'),
    ("longer than usual", 'status("Generating", "a little longer than usual", age=131, usual=60)'),
    ("downloading", 'status("Downloading", "42 % of the file", age=66, share=0.42)'),
    (
        "unreachable",
        'status("Generating (service unreachable, still trying)", "50–80 s", tone="trouble", age=70)',
    ),
    (
        "not accepted yet",
        (
            'status("Not accepted yet", "The service has too many requests at the moment (HTTP 429), try 1 '
            'of 4. Nothing was billed.", tone="trouble", age=4, due=24)'
        ),
    ),
    ("unconfirmed", 'status("Unconfirmed", LOOKING, UNKNOWN, tone="trouble", age=12)'),
    ("duplicate", 'status("Generating", "50–80 s", TWIN, age=12, usual=60)'),
    ("refused", 'card(errors.RequestError("duration is 7, but it can be 6, 8 or 10; nothing was sent."))'),
    ("failed", 'card(errors.GenerationFailed("The service could not make the clip: it was filtered.", JOB))'),
    (
        "tracking stopped",
        'card(errors.WatchStopped("Tracking of job ab12cd34 stopped. `%ltxv resume`", JOB))',
    ),
    ("kernel gone", 'HTML(pending_html(Path("later.mp4"), "ab12cd34"))'),
    ("notice", 'HTML(notice_bundle("There is no budget: %ltxv budget sets one.")["text/html"])'),
    ("finished", "JOB_MADE = CLIENT.submit(PROMPT, duration=6); JOB_MADE.result()"),
    ("panel", "panel()"),
    ("panel: refused", 'panel(lambda p: p.say_error(errors.RequestError("The prompt is empty.")))'),
    ("panel: a question", "panel(lambda p: p.ended(Outcome(REQUEST, 1, earlier=JOB)))"),
    ("panel: a clip", "panel(lambda p: p.sent(JOB_MADE))"),
    (
        "panel: some sent",
        'panel(lambda p: p.ended(Outcome(REQUEST, 3, [JOB_MADE], errors.APIError("Busy."))))',
    ),
    ("gallery", "ltxv_nb.gallery(CLIENT)"),
    ("gallery: empty", "ltxv_nb.gallery(EMPTY)"),
    ("plan", 'CLIENT.sweep("A harbour at {hour}", hour=["dawn", "dusk"], takes=2, dry_run=True)'),
    (
        "grid",
        (
            'grid_of([tile("dawn", "6 s"), tile("dawn", "8 s", "Generating, 50–80 s"), '
            'tile("dusk", "6 s", "The prompt was refused.", True), tile("dusk", "8 s")], '
            '{"hour": ["dawn", "dusk"], "duration": ["6 s", "8 s"]}, rows="hour", title="Harbours", '
            "client=CLIENT)"
        ),
    ),
    (
        "grid: nothing yet",
        'grid_of([tile("dawn", "6 s", "Waiting"), tile("dusk", "6 s", "Not sent")], client=CLIENT)',
    ),
)


def write(path: Path) -> Path:
    """Write the notebook."""
    cells = [nbformat.v4.new_code_cell(_PREPARE.strip())]
    cells += [nbformat.v4.new_code_cell(f"# {name}\n{code}") for name, code in STATES]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
