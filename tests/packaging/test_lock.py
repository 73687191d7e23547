import errno
import os
import sys
from types import SimpleNamespace

import lock
import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="asks for the lock as POSIX does")
def test_a_second_set_up_of_the_same_checkout_has_to_wait(tmp_path, monkeypatch):
    import fcntl

    def is_free(root):
        with lock.place(root).open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    monkeypatch.setattr(lock.tempfile, "tempdir", str(tmp_path))
    with lock.alone(tmp_path):
        assert not is_free(tmp_path)
        assert is_free(tmp_path / "another")
    assert is_free(tmp_path)


def test_on_windows_a_set_up_of_many_minutes_is_waited_for(tmp_path, monkeypatch):
    """Windows' own wait gives up after ten tries with an error nobody could read."""
    tries = []

    def locking(number, mode, length):
        tries.append((mode, length, os.lseek(number, 0, os.SEEK_CUR)))
        if len(tries) < 30:
            raise OSError(errno.EACCES if mode == "try" else errno.EDEADLK, "taken")

    fake = SimpleNamespace(locking=locking, LK_NBLCK="try", LK_LOCK="wait")
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(lock.sys, "platform", "win32")
    monkeypatch.setattr(lock.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(lock, "LOOK_S", 0.0, raising=False)
    with lock.alone(tmp_path):
        assert len(tries) == 30
    assert {place for *_, place in tries} == {0}


def test_an_error_that_is_no_lock_is_not_waited_for(tmp_path, monkeypatch):
    def locking(number, mode, length):
        raise OSError(errno.EBADF, "no file")

    fake = SimpleNamespace(locking=locking, LK_NBLCK="try")
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(lock.sys, "platform", "win32")
    monkeypatch.setattr(lock.tempfile, "tempdir", str(tmp_path))
    with pytest.raises(OSError, match="no file"), lock.alone(tmp_path):
        pass
