import sys

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
