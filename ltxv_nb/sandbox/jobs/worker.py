"""The worker process: renders the clips named on its standard input, and answers on its standard output.

It ends when its standard input does, so it never outlives the service, however that ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from ltxv_nb.sandbox.drawing.clip import ClipSpec


def main() -> None:
    """Answer one line of JSON with one line of JSON, until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)
    from ltxv_nb.sandbox.drawing.render import render

    for line in sys.stdin:
        task = json.loads(line)
        try:
            part = Path(task["path"]).with_suffix(f".{os.getpid()}.part")
            render(ClipSpec(**task["spec"]), part, Path(task["images"]))
            part.replace(task["path"])
            answer = ""
        except Exception as error:  # noqa: BLE001 - it concerns this clip, not the service
            answer = f"{type(error).__name__}: {error}"
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
