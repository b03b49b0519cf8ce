"""Where the sandbox of a home is: the file that says so, whose it must be, and the proof that it is the one.

Both sides share this: the sandbox writes the file, and a client reads it. Whoever could write it could let a
client send its prompts and first frames to another process, so it is believed only where no other user can.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ltxv_nb.errors import ConfigurationError
from ltxv_nb.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

#: The folder in a home, and the file in it.
FOLDER, FILE = "sandbox", "service.json"

#: Seconds that a sandbox may take to prove itself, and the most bytes of such an answer.
_PROOF_SECONDS, _PROOF_BYTES = 5.0, 8192

#: Bytes of the longest file that is read; ours has about 200.
_MOST_BYTES = 4096

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class SandboxAddress:
    """What the file says.

    Attributes
    ----------
    port : int
        On 127.0.0.1.
    pid : int
        The process.
    token : str
        The bearer token.
    """

    port: int
    pid: int
    token: str

    def proves_itself(self) -> bool:
        """Whether a process listens on the port that knows the token; the token itself is not sent."""
        import socket

        # Not by an HTTP library: whatever listens there may answer as slowly as it likes, and at any length.
        nonce = os.urandom(16).hex()
        request = f"GET /health?nonce={nonce} HTTP/1.0\r\nHost: 127.0.0.1:{self.port}\r\n\r\n"
        deadline, answer = time.monotonic() + _PROOF_SECONDS, b""
        wanted = proof(self.token, nonce, self.port).encode()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=_PROOF_SECONDS) as connection:
                connection.sendall(request.encode())
                while wanted not in answer and len(answer) < _PROOF_BYTES:
                    connection.settimeout(max(0.001, deadline - time.monotonic()))
                    answer += connection.recv(4096) or bytes(_PROOF_BYTES)
        except (OSError, OverflowError):  # nobody there, too slow, or no port
            return False
        return wanted in answer


def proof(token: str, nonce: str, port: int) -> str:
    """Return what only a process that knows the token can say, in hexadecimal.

    The port is in it, so that no other process can have the real sandbox answer in its place.
    """
    import hmac

    return hmac.new(token.encode(), f"sandbox {port} {nonce}".encode(), "sha256").hexdigest()


def write(folder: Path, facts: dict[str, object]) -> None:
    """Write the file, whole, readable by the user alone."""
    write_whole(folder / FILE, json.dumps(facts), alone=True, mode=0o600)


def read(folder: Path) -> SandboxAddress | None:
    """Read the file; ``None`` when there is none, or it cannot be understood.

    Raises
    ------
    ConfigurationError
        Another user can have written it, or it is a symbolic link.
    """
    path = folder / FILE
    try:
        # Neither through a link nor waiting at a named pipe; O_NOFOLLOW and O_NONBLOCK are of POSIX.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP or path.is_symlink():
            raise _refused(f"The file {path} is a symbolic link") from None
        return None
    with os.fdopen(descriptor, "rb") as file:
        _check_file(path, os.fstat(descriptor))
        content = file.read(_MOST_BYTES)
    try:
        facts = json.loads(content)
        return SandboxAddress(int(facts["port"]), int(facts["pid"]), str(facts["token"]))
    except (ValueError, KeyError, TypeError):
        return None


def check_home(home: Path) -> None:
    """Make sure that no other user can put a file of theirs in the place of the sandbox's.

    The home and the sandbox's folder in it have to belong to this user or to root. To root's own processes
    the home may belong to anyone, as a volume that is mounted into a container often does: only the folder
    counts.

    Raises
    ------
    ConfigurationError
        One of them belongs to another user.
    """
    if not hasattr(os, "geteuid"):  # Windows: a profile is private by its ACL
        return
    folder = home / FOLDER
    for path in (folder,) if os.geteuid() == 0 else (home, folder):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            for found in (path.stat(), path.lstat()):  # a link to a folder is as good as whoever made it
                if _is_foreign(found) and _recorded_of_ours(path)[0] != found.st_uid:
                    raise _refused(f"The folder {path} belongs to another user (number {found.st_uid})")


def _check_file(path: Path, found: os.stat_result) -> None:
    if not hasattr(os, "geteuid"):
        return
    if not stat.S_ISREG(found.st_mode):
        raise _refused(f"{path} is no regular file")
    writable = found.st_mode & _WRITABLE_BY_OTHERS
    if not _is_foreign(found) and not writable:
        return
    owner, mode = _recorded_of_ours(path.parent)
    if _is_foreign(found) and found.st_uid != owner:
        raise _refused(f"The file {path} belongs to another user (number {found.st_uid})")
    if writable and not mode & _WRITABLE_BY_OTHERS:
        raise _refused(f"The file {path} can be written by other users")


def _is_foreign(found: os.stat_result) -> bool:
    """Whether something belongs neither to this user nor to root, who can do anything anyway."""
    return found.st_uid not in {0, os.geteuid()}


def _recorded_of_ours(folder: Path) -> tuple[int | None, int]:
    """Return owner and mode that the file system shows of a private file which we make in a folder.

    Some (shared folders of virtual machines, FAT, many network drives) give everything one owner and one
    mode. There these say nothing, and are no reason to refuse anything.
    """
    import tempfile

    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            found = os.stat(file.name)  # noqa: PTH116 - NamedTemporaryFile gives text
            return found.st_uid, found.st_mode
    except OSError:
        return None, 0


def _refused(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{what}, so what is sent to the sandbox could reach somebody else: remove it, or set LTXV_HOME to a "
        f"folder of your own."
    )
