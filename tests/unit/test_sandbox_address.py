"""The file that says where the sandbox is, and who may have written it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading

import pytest

from ltxv_nb import sandbox_address
from ltxv_nb.errors import ConfigurationError
from ltxv_nb.sandbox_address import SandboxAddress, check_home, proof, read, write

FACTS = {"port": 8123, "pid": 77, "token": "tok", "more": 1}
posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no owners of files")
root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "home" / "sandbox"
    path.mkdir(parents=True, mode=0o700)
    return path


def test_what_was_written_is_read(folder):
    write(folder, FACTS)
    assert read(folder) == SandboxAddress(8123, 77, "tok")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"port": "x", "pid": 1, "token": "t"}', '{"port": 1}', "\x00"]
)
def test_a_file_that_cannot_be_understood_is_no_sandbox(folder, content):
    (folder / "service.json").write_text(content)
    (folder / "service.json").chmod(0o600)
    assert read(folder) is None


def test_no_file_is_no_sandbox(folder):
    assert read(folder) is None
    assert read(folder / "none") is None


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_refused_in_one_sentence(folder, mode):
    write(folder, FACTS)
    (folder / "service.json").chmod(mode)
    with pytest.raises(
        ConfigurationError, match=r"^The file .*service.json can be written by other users.*LTXV_HOME"
    ):
        read(folder)


@posix
def test_a_symbolic_link_is_refused_in_one_sentence(folder, tmp_path):
    (tmp_path / "theirs.json").write_text(json.dumps(FACTS))
    (folder / "service.json").symlink_to(tmp_path / "theirs.json")
    with pytest.raises(ConfigurationError, match="symbolic link"):
        read(folder)


@posix
def test_a_named_pipe_is_refused_and_not_waited_for(folder):
    os.mkfifo(folder / "service.json", 0o600)
    with pytest.raises(ConfigurationError, match="no regular file"):
        read(folder)


@root
def test_a_file_of_another_user_is_refused_in_one_sentence(folder):
    write(folder, FACTS)
    os.chown(folder / "service.json", 12345, 12345)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        read(folder)


@root
def test_a_folder_of_another_user_is_refused_in_one_sentence(folder):
    os.chown(folder, 12345, 12345)
    with pytest.raises(ConfigurationError, match=r"belongs to another user.*LTXV_HOME"):
        check_home(folder.parent)


@root
def test_a_link_to_a_folder_that_another_user_made_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sandbox").symlink_to(tmp_path / "elsewhere")
    check_home(tmp_path / "home")
    os.chown(tmp_path / "home" / "sandbox", 12345, 12345, follow_symlinks=False)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        check_home(tmp_path / "home")


@root
def test_in_a_container_the_home_may_be_a_volume_of_the_hosts_user(folder):
    os.chown(folder.parent, 12345, 12345)
    check_home(folder.parent)


@root
def test_to_everyone_but_root_a_home_of_another_user_is_refused(folder, monkeypatch):
    os.chown(folder, 1000, 1000)
    os.chown(folder.parent, 12345, 12345)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ConfigurationError, match=r"home belongs to another user"):
        check_home(folder.parent)
    os.chown(folder.parent, 0, 0)
    check_home(folder.parent)


@posix
def test_a_file_system_that_shows_one_owner_and_one_mode_for_everything_is_no_reason(folder, monkeypatch):
    write(folder, FACTS)
    (folder / "service.json").chmod(0o666)
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    monkeypatch.setattr(sandbox_address, "_recorded_of_ours", lambda _folder: (own, 0o100666))
    assert read(folder) == SandboxAddress(8123, 77, "tok")
    check_home(folder.parent)


@contextlib.contextmanager
def listener(answer):
    """Listen, and answer the first line of one request by a function."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, seen = server.getsockname()[1], []

        def serve():
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                seen.append(connection.recv(4096))
                connection.sendall(answer(port, seen[0].split(b"nonce=")[1].split()[0].decode()))

        thread = threading.Thread(target=serve)
        thread.start()
        yield port, seen
        thread.join()


def test_only_who_knows_the_token_proves_it_and_the_token_is_not_sent():
    with listener(lambda port, nonce: proof("tok", nonce, port).encode()) as (port, seen):
        assert SandboxAddress(port, 1, "tok").proves_itself()
    assert b"tok" not in seen[0]
    with listener(lambda port, nonce: proof("other", nonce, port).encode()) as (port, _):
        assert not SandboxAddress(port, 1, "tok").proves_itself()


def test_the_answer_of_the_sandbox_at_another_port_proves_nothing():
    with listener(lambda port, nonce: proof("tok", nonce, port + 1).encode()) as (port, _):
        assert not SandboxAddress(port, 1, "tok").proves_itself()


@pytest.mark.parametrize("answer", [b"", b"x" * 100_000])
def test_whatever_else_listens_there_proves_nothing(answer):
    with listener(lambda _port, _nonce: answer) as (port, _):
        assert not SandboxAddress(port, 1, "tok").proves_itself()


@pytest.mark.parametrize("port", [1, 0, -5, 99_999, 10**30])
def test_a_port_where_nobody_listens_proves_nothing(port):
    assert not SandboxAddress(port, 1, "tok").proves_itself()
