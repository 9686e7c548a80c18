"""The file storage: one contract for the folder and for S3."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crmhost.api import files
from crmhost.config import checkout
from crmhost.errors import CrmError
from crmhost.storage import LocalStorage, S3Storage, Storage, StorageError, new_key, open_storage
from crmhost.testing import Host
from tests.peers import s3
from tests.unit.files.test_files import PNG, keep

#: More than one part of an upload.
LARGE = 20 * 1024 * 1024
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.Peer]:
    with s3.server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a process that may use the peer."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in s3.KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, keys: None) -> Storage:
    """An empty storage of each kind."""
    if request.param == "folder":
        return open_storage((tmp_path / "some files").as_uri(), tmp_path)
    running = request.getfixturevalue("peer")
    bucket = f"bucket{next(_numbers)}"
    running.bucket(bucket)
    return open_storage(running.url(bucket, "site/one"), tmp_path)


def pieces(size: int) -> Iterator[bytes]:
    """So many bytes, in pieces that fit no border."""
    piece = bytes(range(256)) * 1000
    for start in range(0, size, len(piece)):
        yield piece[: size - start]


def test_what_is_put_can_be_read_and_is_gone_after_deleting(storage: Storage) -> None:
    """Bytes come back as they were, with their size; a deleted object is gone; deleting twice is fine."""
    key, other = new_key(), new_key()
    assert list(storage.list()) == []
    assert not storage.exists(key)
    assert storage.put(key, [b"Ada", b"", b" Lovelace"]) == 12
    assert storage.put(other, []) == 0
    assert storage.exists(key)
    assert storage.size(key) == 12
    with storage.get(key) as file:
        assert file.read() == b"Ada Lovelace"
    with storage.get(other) as file:
        assert file.read() == b""
    assert sorted((item.key, item.size) for item in storage.list()) == sorted([(key, 12), (other, 0)])
    now = dt.datetime.now(dt.UTC)
    assert all(abs(item.modified - now) < dt.timedelta(minutes=5) for item in storage.list())
    storage.delete([key, new_key()])
    storage.delete([key])
    assert not storage.exists(key)
    for ask in (storage.get, storage.size):
        with pytest.raises(FileNotFoundError):
            ask(key)
    assert [item.key for item in storage.list()] == [other]


def test_large_objects_are_streamed_and_sought_in(storage: Storage) -> None:
    """An object of several parts comes back whole, and any part of it can be read alone."""
    key = new_key()
    assert storage.put(key, pieces(LARGE)) == LARGE
    assert storage.size(key) == LARGE
    whole = b"".join(pieces(LARGE))
    with storage.get(key) as file:
        file.seek(LARGE - 5)
        assert file.read(100) == whole[-5:]
        file.seek(9_000_000)
        assert file.read(3_000_000) == whole[9_000_000:12_000_000]
        file.seek(0)
        assert file.read() == whole


@pytest.mark.parametrize("good", [1000, LARGE])
def test_an_upload_that_breaks_off_leaves_nothing(storage: Storage, good: int, request: pytest.FixtureRequest) -> None:
    """What the source raises reaches the caller, and there is no object, nor half of one."""

    def breaking() -> Iterator[bytes]:
        yield from pieces(good)
        raise ValueError("the line went dead")

    key = new_key()
    with pytest.raises(ValueError, match="the line went dead"):
        storage.put(key, breaking())
    assert not storage.exists(key)
    assert list(storage.list()) == []
    if isinstance(storage, S3Storage):
        assert request.getfixturevalue("peer").parts() == []


@pytest.mark.parametrize(
    "key",
    ["", "a", "../../etc/passwd", "ab/../../etc/passwd", "/etc/passwd", "ab/cd", "aa/" + "a" * 33, "AA/" + "A" * 32,
     "ab/" + "c" * 32, "aa/" + "a" * 32 + "\n", "aa\\" + "a" * 32, "aa/" + "a" * 31 + "\0", "aa/" + "a" * 30 + "/."],
)  # fmt: skip
def test_no_path_can_be_built_from_a_key(storage: Storage, key: str) -> None:
    """Whatever was not made as a key is refused by every call, before anything is touched."""
    for call in (
        lambda: storage.put(key, [b"x"]),
        lambda: storage.get(key),
        lambda: storage.size(key),
        lambda: storage.exists(key),
        lambda: storage.delete([key]),
    ):
        with pytest.raises(ValueError, match="is no key"):
            call()
    assert list(storage.list()) == []


def test_keys_are_spread_and_never_the_same() -> None:
    """A thousand keys are a thousand, over many folders."""
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert len({key[:2] for key in keys}) > 200


def test_a_folder_lets_nobody_else_in(tmp_path: Path) -> None:
    """Folders and files are the owner's alone."""
    storage = LocalStorage(tmp_path / "deep" / "files")
    key = new_key()
    storage.put(key, [b"x"])
    path = tmp_path / "deep" / "files" / key
    assert path.stat().st_mode & 0o777 == 0o600
    assert {folder.stat().st_mode & 0o777 for folder in (path.parent, path.parent.parent)} == {0o700}


def test_what_a_killed_write_left_is_tidied(tmp_path: Path) -> None:
    """A write that was killed leaves a file that is no object; it is removed when it is old enough."""
    storage = LocalStorage(tmp_path)
    left: list[Path] = []

    def killed() -> Iterator[bytes]:
        yield b"half"
        left.extend((tmp_path / "incoming").iterdir())
        os.link(left[0], tmp_path / "kept")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        storage.put(new_key(), killed())
    # Killed for good, it could not have cleaned up.
    (tmp_path / "kept").rename(left[0])
    assert list(storage.list()) == []
    now = dt.datetime.now(dt.UTC)
    assert storage.tidy(now - dt.timedelta(days=1)) == 0
    assert storage.tidy(now + dt.timedelta(days=1)) == 1
    assert not left[0].exists()


def test_a_folder_that_can_t_be_is_told_in_words(tmp_path: Path) -> None:
    """What the system refuses is a sentence, for who stores and for who checks; a folder to be made is fine."""
    storage = LocalStorage(Path("/dev/null/files"))
    for call in (lambda: storage.put(new_key(), [b"x"]), storage.check):
        with pytest.raises(StorageError, match="Tell your admin"):
            call()
    LocalStorage(tmp_path / "to" / "be" / "made").check()
    assert list(tmp_path.iterdir()) == []


def test_prefixes_share_a_bucket(peer: s3.Peer, keys: None, tmp_path: Path) -> None:
    """Two sites with prefixes of their own see only their own objects."""
    bucket = peer.bucket("shared")
    one, two = (open_storage(peer.url("shared", name), tmp_path) for name in ("one", "two"))
    key = new_key()
    one.put(key, [b"x"])
    assert not two.exists(key)
    assert list(two.list()) == []
    assert (bucket / "one" / key).read_bytes() == b"x"


FORKED = """
import os, sys
from pathlib import Path
from crmhost.storage import StorageError, open_storage

storage = open_storage(sys.argv[1], Path("."))
storage.check()
child = os.fork()
if not child:
    try:
        storage.check()
    except StorageError:
        os._exit(7)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_fork_of_a_process_that_used_s3_is_refused(peer: s3.Peer, keys: None) -> None:
    """The library's threads do not follow into a fork, where a call would never end; it is refused instead."""
    peer.bucket("forked")
    done = subprocess.run([sys.executable, "-c", FORKED, peer.url("forked")], cwd=checkout(), check=False, timeout=60)
    assert done.returncode == 7


def test_a_storage_that_refuses_tells_no_secret(
    peer: s3.Peer, keys: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No bucket, no server, wrong keys: each is a sentence; neither it nor the log holds a key."""
    caplog.set_level(logging.DEBUG)
    peer.bucket("locked")
    for url, secret in (
        (peer.url("no-such-bucket"), s3.KEYS["AWS_SECRET_ACCESS_KEY"]),
        ("s3://bucket/?endpoint=http://127.0.0.1:1&region=us-east-1", s3.KEYS["AWS_SECRET_ACCESS_KEY"]),
        (peer.url("locked"), "another-secret-word"),
    ):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        storage = open_storage(url, tmp_path)
        for call in (functools.partial(storage.put, new_key(), [b"x"]), storage.check):
            with pytest.raises(StorageError, match="Tell your admin") as caught:
                call()
            said = f"{caught.value} {caught.value.__cause__} {caplog.text}"
            assert secret not in said
            assert s3.KEYS["AWS_ACCESS_KEY_ID"] not in said
            assert "file storage" in caplog.text


def test_libraries_are_loaded_where_they_are_used() -> None:
    """A site that keeps its files in a folder loads neither the client of S3 nor the table of file types when it starts."""
    started = (
        "import sys, crmhost.api, crmhost.wsgi, crmhost.core.files, crmhost.core.files.routes, crmhost.core.files.jobs;"
        "sys.exit(len({'obstore', 'puremagic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", started], cwd=checkout(), check=False).returncode == 0


@pytest.mark.database("sqlite")
def test_a_site_keeps_its_files_in_s3(peer: s3.Peer, keys: None, host: Callable[..., Host]) -> None:
    """With nothing but another address files are kept, sent, in parts too, and removed; a server that is down is told."""
    bucket = peer.bucket("whole-site")
    made = host(storage_url=peer.url("whole-site", "crm"))
    number = keep(made, PNG, "me.png", role="Admin")
    key = next(made.site.storage.list()).key
    assert (bucket / "crm" / key).read_bytes() == PNG
    with made.client().get(f"/storage/{number}", headers={"Range": "bytes=1-3"}) as answer:
        assert (answer.status_code, answer.data) == (206, b"PNG")
    with made.work() as work, work.begin():
        files.delete(work, number)
    made.run_jobs()
    assert not (bucket / "crm" / key).exists()
    lost = keep(made, PNG, "me.png", role="Admin")
    down = host(storage_url="s3://whole-site/crm?endpoint=http://127.0.0.1:1&region=us-east-1")
    answer = down.client().get(f"/storage/{lost}")
    assert answer.status_code == 503
    assert "file storage" in answer.text


@pytest.mark.parametrize(
    ("url", "what"),
    [("", LocalStorage), ("file://", LocalStorage), ("file:///srv/files", LocalStorage), ("s3://bucket", S3Storage),
     ("s3://bucket/a/b?endpoint=https://s3.example.com/&region=eu", S3Storage)],
)  # fmt: skip
def test_an_address_names_a_storage(url: str, what: type, tmp_path: Path) -> None:
    """Both kinds can be named; nothing is made or asked before it is used."""
    assert isinstance(open_storage(url, tmp_path), what)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    ["files", "http://bucket", "file://host/folder", "file:relative", "s3://", "s3://bucket?x=1", "s3:///bucket",
     "s3://key:word@bucket", "s3://bucket?endpoint=https://key:word@host", "s3://bucket?endpoint=ftp://host", "s3://[x"],
)  # fmt: skip
def test_an_address_that_names_none_is_told_and_not_repeated(url: str, tmp_path: Path) -> None:
    """The message names the variable and never the address, in which somebody may have put keys."""
    with pytest.raises(CrmError, match="CRMHOST_STORAGE_URL") as caught:
        open_storage(url, tmp_path)
    assert "word" not in str(caught.value)
