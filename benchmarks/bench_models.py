"""What the list of models costs: `client.models()` from a kept catalogue of 150 models, in a client that is new.

    python benchmarks/bench_models.py [--models 150] [--repeat 20]

Beside it stands the least that anyone can do with the same file: read it, and parse its JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from report import Figure, show

import ltxv_nb
from ltxv_nb.models.cache import Cache
from ltxv_nb.service.backend import SANDBOX_ORIGIN

#: Milliseconds that the list may take.
MOST_MS = 50.0


def rows(count: int) -> list[dict]:
    """Return as many models as the service lists, each with all that it says of one."""
    tiers = {"480p": 0.03, "720p": 0.05, "1080p": 0.09}
    return [
        {
            "id": f"maker-{number % 12}/model-{number}",
            "object": "model",
            "type": "internal/video-generations/submit",
            "aliases": [f"model-{number}"],
            "capabilities": ["text_to_video", "image_to_video", "audio"][: 1 + number % 3],
            "info": {
                "name": f"Model {number}",
                "developer": f"Maker {number % 12}",
                "description": "Makes clips from a prompt and, if there is one, a picture. " * 4,
                "docsJson": f"https://api.example/docs-json?model=model-{number}",
            },
            "pricing": {
                "kind": "variants",
                "dimensions": ["resolution"],
                "variants": [
                    {"when": {"resolution": size}, "price": usd, "unit": "second", "per": 1}
                    for size, usd in tiers.items()
                ],
            },
        }
        for number in range(count)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=150)
    parser.add_argument("--repeat", type=int, default=20)
    given = parser.parse_args()
    ours, peers = [], []
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder) / "models", SANDBOX_ORIGIN)
        content = {
            "etag": None,
            "checked_at": time.time(),
            "data": rows(given.models),
            "metrics": {},
            "missing": {},
        }
        cache.write_catalogue(content, missing=False)
        file = next(cache.folder.glob("*.json"))
        for _ in range(given.repeat):
            with ltxv_nb.Client(home=folder, output_dir=folder, backend="sandbox") as client:
                begun = time.perf_counter()
                count = len(client.models())
                ours.append(1000 * (time.perf_counter() - begun))
            begun = time.perf_counter()
            json.loads(file.read_text())
            peers.append(1000 * (time.perf_counter() - begun))
    assert count >= given.models
    each, peer = statistics.median(ours), statistics.median(peers)
    said = (
        f"{each:.1f} ms (worst {max(ours):.1f}); parsing the file's JSON {peer:.1f} ms: {each / peer:.1f} x"
    )
    return show(
        [
            Figure(
                f"`client.models()`, {count} models from the cache",
                said,
                f"at most {MOST_MS:.0f} ms",
                each <= MOST_MS,
            )
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
