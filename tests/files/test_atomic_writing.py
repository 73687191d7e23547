from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from lab.files import atomic
from lab.files.atomic import Staged, atomic_write, sweep_orphans, write_bytes
from lab.files.errors import SaveError

ROOT = Path(__file__).parents[2]
OLD, NEW = b"old" * 1000, b"new" * 2000


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(OLD)
    return path


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of 2 MB where this may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if done.returncode:
        pytest.skip("a disk may not be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_new_file_is_written_whole_and_nothing_else(tmp_path):
    path = tmp_path / "a.bin"
    assert write_bytes(path, NEW) == path
    assert path.read_bytes() == NEW
    assert names(tmp_path) == ["a.bin"]


def test_an_existing_file_is_refused_unless_allowed(old):
    with pytest.raises(SaveError, match="exists already"):
        write_bytes(old, NEW)
    assert old.read_bytes() == OLD
    write_bytes(old, NEW, overwrite=True)
    assert old.read_bytes() == NEW
    assert names(old.parent) == ["weights.bin"]


def test_a_file_that_appears_during_the_save_is_not_replaced(tmp_path):
    path = tmp_path / "a.bin"

    def write(stream):
        stream.write(NEW)
        path.write_bytes(OLD)

    with pytest.raises(SaveError, match="exists already"):
        atomic_write(path, write)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("appears", [False, True])
def test_a_disk_without_hard_links_is_still_safe(tmp_path, monkeypatch, appears):
    path = tmp_path / "a.bin"

    def no_link(source, target):
        if appears:
            path.write_bytes(OLD)
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_link)
    if appears:
        with pytest.raises(SaveError, match="exists already"):
            write_bytes(path, NEW)
    else:
        write_bytes(path, NEW)
    assert path.read_bytes() == (OLD if appears else NEW)
    assert names(tmp_path) == ["a.bin"]


def test_a_reserved_name_is_given_back_if_the_rename_fails(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EACCES, "no")

    monkeypatch.setattr(
        os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOTSUP, ""))
    )
    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(SaveError, match="not allowed"):
        write_bytes(tmp_path / "a.bin", NEW)
    assert names(tmp_path) == []


def test_a_link_is_kept_and_its_file_replaced(old):
    link = old.parent / "link.bin"
    link.symlink_to(old.name)
    write_bytes(link, NEW, overwrite=True)
    assert link.is_symlink()
    assert old.read_bytes() == NEW


def test_the_mode_of_a_replaced_file_stays(old):
    old.chmod(0o640)
    write_bytes(old, NEW, overwrite=True)
    assert old.stat().st_mode & 0o777 == 0o640


def _make_loop(folder):
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


def _make_folder(folder):
    (folder / "sub").mkdir()
    return folder / "sub"


def _make_pipe(folder):
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


@pytest.mark.fault("E2")
@pytest.mark.parametrize(
    ("place", "words"),
    [
        (lambda f: f / "missing" / "a.bin", "folder does not exist"),
        (_make_loop, "leads in a circle"),
        (_make_folder, "belongs to a folder"),
        (_make_pipe, "device or pipe"),
        (lambda f: f / ("x" * 4096), "too long"),
        (lambda f: str(f / "a") + "\0b", "NUL"),
        (lambda f: "/dev/null", "device or pipe"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_in_one_sentence(tmp_path, place, words):
    path = place(tmp_path)
    before = names(tmp_path)
    with pytest.raises(SaveError, match=words) as caught:
        write_bytes(path, NEW, overwrite=True)
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == before


@pytest.mark.fault("E2")
def test_a_write_protected_file_is_not_replaced(old, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SaveError, match="write-protected"):
        write_bytes(old, NEW, overwrite=True)
    assert old.read_bytes() == OLD


@pytest.mark.fault("E4")
def test_a_full_disk_leaves_the_old_file(small_disk):
    path = small_disk / "weights.bin"
    path.write_bytes(OLD)

    def write(stream):
        for _ in range(1024):
            stream.write(b"\1" * 65536)

    with pytest.raises(SaveError, match="disk is full"):
        atomic_write(path, write, overwrite=True)
    assert path.read_bytes() == OLD
    assert names(small_disk) == ["weights.bin"]


@pytest.mark.fault("E4")
def test_a_disk_with_too_little_space_is_told_before_anything_is_written(small_disk):
    with pytest.raises(SaveError, match=r"needs 9\.\d MiB and the disk has 2\.0 MiB free"):
        atomic_write(small_disk / "a", lambda stream: pytest.fail("begun"), need=8_000_000)
    assert names(small_disk) == []


@pytest.mark.fault("E4")
@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EDQUOT])
def test_every_failing_call_leaves_the_old_file(old, monkeypatch, call, code):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(SaveError, match="not saved"):
        write_bytes(old, NEW, overwrite=True)
    monkeypatch.undo()
    assert old.read_bytes() == OLD
    assert names(old.parent) == ["weights.bin"]


def test_a_writer_that_raises_leaves_the_old_file_and_passes_its_error_on(old):
    def write(stream):
        stream.write(NEW)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic_write(old, write, overwrite=True)
    assert old.read_bytes() == OLD
    assert names(old.parent) == ["weights.bin"]


def test_what_reads_back_differently_is_not_published(old):
    def verify(path):
        assert path.read_bytes() == NEW
        raise ValueError("the disk lied")

    with pytest.raises(SaveError, match="read back is not what was written"):
        atomic_write(old, lambda stream: stream.write(NEW), overwrite=True, verify=verify)
    assert old.read_bytes() == OLD
    with pytest.raises(ValueError, match="digests differ"):
        atomic.same_bytes(NEW)(old)


def test_a_folder_that_cannot_be_synced_is_no_failure_but_a_dying_disk_is(old, monkeypatch):
    real, codes = os.fsync, iter([None, errno.EINVAL, None, errno.EIO])

    def fsync(handle):
        code = next(codes)
        if code:
            raise OSError(code, "")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    write_bytes(old, NEW, overwrite=True)
    with pytest.raises(SaveError, match="disk reported an error"):
        write_bytes(old, NEW, overwrite=True)


def test_a_staged_file_can_be_discarded_at_any_time(tmp_path):
    staged = Staged(tmp_path / "a.bin")
    staged.stream.write(NEW)
    staged.discard()
    staged.discard()
    assert names(tmp_path) == []


CHILD = """
import os, sys
from lab.files import atomic
path, point = sys.argv[1:]

def stop(name):
    if name == point:
        print("here", flush=True)
        sys.stdin.read()

def write(stream):
    stop("begun")
    stream.write({new!r}[:3000])
    stream.flush()
    stop("half")
    stream.write({new!r}[3000:])

def calling(name, real):
    def call(*arguments):
        stop("before " + name)
        real(*arguments)
        stop("after " + name)
    return call

os.fsync = calling("fsync", os.fsync)
os.replace = calling("replace", os.replace)
atomic.atomic_write(path, write, overwrite=True, verify=lambda p: stop("verify"))
"""
POINTS = {
    "begun": OLD,
    "half": OLD,
    "before fsync": OLD,
    "after fsync": OLD,
    "verify": OLD,
    "before replace": OLD,
    "after replace": NEW,
}


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_in_mid_save_leaves_old_or_new(old, point):
    command = [sys.executable, "-c", CHILD.format(new=NEW), str(old), point]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as child:
        assert child.stdout.readline() == b"here\n"
        assert sweep_orphans(old.parent) == 0, "the file of a living process was swept"
        child.kill()
        assert child.wait(timeout=30) == -9
    assert old.read_bytes() == POINTS[point]
    sweep_orphans(old.parent)
    assert names(old.parent) == ["weights.bin"]


def test_only_orphans_are_swept(tmp_path):
    mine = Staged(tmp_path / "a.bin")
    ancient = tmp_path / f".nabla-{os.getpid()}-{'0' * 16}.tmp"
    ancient.touch()
    os.utime(ancient, (0, 0))
    others = [tmp_path / ".nabla-1-note.tmp", tmp_path / "x.tmp"]
    for other in others:
        other.touch()
    assert sweep_orphans(tmp_path) == 1
    assert all(other.exists() for other in others)
    assert mine.publish().exists()
    assert sweep_orphans(tmp_path / "missing") == 0


def test_what_may_belong_to_another_machine_is_given_time(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    file = tmp_path / f".nabla-{ended.pid}-{'0' * 16}.tmp"
    folder = tmp_path / f".nabla-{ended.pid}-{'1' * 16}.out"
    folder.mkdir()
    file.touch()
    (folder / "metrics.jsonl").touch()
    assert sweep_orphans(tmp_path, 600) == 0
    long_ago = (time.time() - 700,) * 2
    os.utime(file, long_ago)
    os.utime(folder, long_ago)
    assert sweep_orphans(tmp_path, 600) == 1
    assert (folder / "metrics.jsonl").exists()  # written just now, whatever the folder says
    os.utime(folder / "metrics.jsonl", long_ago)
    os.utime(folder, long_ago)
    assert sweep_orphans(tmp_path, 600) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.soak
def test_kills_at_random_moments_never_mix_old_and_new(tmp_path):
    script = (
        "import sys\nfrom lab.files.atomic import write_bytes\nk = 0\nprint('on', flush=True)\n"
        "while True:\n    k = (k + 1) % 256\n"
        "    write_bytes(sys.argv[1], bytes([k]) * 4_000_000, overwrite=True)\n"
    )
    path = tmp_path / "a.bin"
    write_bytes(path, bytes([1]) * 4_000_000)
    for round_ in range(50):
        command = [sys.executable, "-c", script, str(path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=0.01 * (round_ % 10) + 0.003)
            child.kill()
        data = path.read_bytes()
        assert len(data) == 4_000_000
        assert len(set(data)) == 1
    sweep_orphans(tmp_path)
    assert names(tmp_path) == ["a.bin"]
