"""``python -m ltxv_nb.sandbox``: the command line of the embedded service."""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path

from ltxv_nb.credits import from_usd
from ltxv_nb.sandbox.jobs.prompt_words import WORDS


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = _parser().parse_args(arguments)
    from ltxv_nb.errors import ConfigurationError
    from ltxv_nb.sandbox.server.process import Options, serve

    home = Path(given.home).expanduser().absolute() if given.home else _default_home()
    try:
        clips = Path(given.clips).expanduser().absolute() if given.clips else None
        options = Options(
            home, given.port, given.seconds, given.idle, given.fast, clips, given.models, given.balance
        )
        return serve(options)
    except OSError as error:
        print(f"The sandbox cannot use the folder {home}: {error}.", file=sys.stderr)  # noqa: T201
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201
    return 1


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {word:<15} {meaning}" for word, meaning in WORDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m ltxv_nb.sandbox",
        description="The local service of ltxv-nb: real MP4 files, drawn and not generated; no key, no cost.",
        epilog=f"words in a prompt that make the service behave in a certain way:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--home", metavar="DIR", help="folder for its state (default: LTXV_HOME, or the user's data folder)"
    )
    parser.add_argument("--port", type=_port, default=0, help="port on 127.0.0.1 (default: any free one)")
    parser.add_argument(
        "--seconds", type=_seconds, default=4.0, help="how long a generation takes (default: 4)"
    )
    parser.add_argument(
        "--idle",
        type=_seconds,
        default=900.0,
        help="end after this many seconds without a request (default: 900)",
    )
    parser.add_argument(
        "--fast", action="store_true", help="no waiting, and one small clip for every request: for load tests"
    )
    parser.add_argument(
        "--clips",
        metavar="DIR",
        default=os.environ.get("LTXV_SANDBOX_CLIPS"),
        help="folder of rendered clips that sandboxes share (default: LTXV_SANDBOX_CLIPS, or a separate one)",
    )
    parser.add_argument(
        "--models",
        metavar="DIR",
        type=_folder,
        default=os.environ.get("LTXV_SANDBOX_MODELS") or None,
        help="folder of published schemas and price lists, as JSON, whose models there are as well "
        "(default: LTXV_SANDBOX_MODELS, or none)",
    )
    parser.add_argument(
        "--balance",
        metavar="USD",
        type=_balance,
        default=os.environ.get("LTXV_SANDBOX_BALANCE") or None,
        help="play money that the account is opened with, and that runs out "
        "(default: LTXV_SANDBOX_BALANCE, or an account that is topped up by itself)",
    )
    return parser


def _balance(text: str) -> int:
    found = from_usd(text.strip().removeprefix("$"))
    if found is None:
        raise argparse.ArgumentTypeError(f"{text[:40]} is not an amount: give USD, at least 0, like 2.50")
    return found


def _folder(text: str) -> Path:
    folder = Path(text).expanduser().absolute()
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder: give one that has JSON files")
    return folder


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: give 0 to 65535")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise argparse.ArgumentTypeError(f"{text} is not a time in seconds: give 0 or more")
    return value


def _default_home() -> Path:
    """Return the same home as the rest of the package, whose settings this layer may not import."""
    if home := os.environ.get("LTXV_HOME"):
        return Path(home).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("ltxv-nb", appauthor=False))


if __name__ == "__main__":
    sys.exit(main())
