"""Writing a file so that the new one or the old one is there, whatever happens in between.

Why: ``open("wb")``, ``torch.save`` and their kind destroy the old file when the disk is full or
the process dies. Here the bytes go into a temporary file beside the target, reach the disk, are
read back, and only then take the target's name in one step.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from lab.files.errors import SaveError, StrPath, reason_of
from lab.files.limits import LIMITS, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_TEMPORARY = re.compile(r"\.nabla-(\d+)-[0-9a-f]{16}\.(tmp|out)")
_DAY_S = 86_400.0
IDLE_S = 3600.0
"""Where people keep files, what killed processes have left half written goes after so long."""
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL}
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF, errno.EPERM}


def atomic_write(
    path: StrPath,
    write: Callable[[BinaryIO], None],
    *,
    overwrite: bool = False,
    verify: Callable[[Path], None] | None = None,
    need: int | None = None,
) -> Path:
    """Write a file completely or not at all.

    Parameters
    ----------
    path : str or path
        The target; if it is a link, the file it leads to is replaced and the link kept.
    write : callable
        Receives the open binary file. What it raises passes through, errors of the system
        excepted.
    overwrite : bool
        Whether an existing file may be replaced.
    verify : callable, optional
        Reads the temporary file back and raises if it is not what was meant.
    need : int, optional
        Bytes the file will take; with less than that free, nothing is begun.

    Returns
    -------
    Path
        The target.

    Raises
    ------
    SaveError
        The old file, if any, is untouched, and nothing is left behind.
    """
    staged = Staged(path, overwrite=overwrite, need=need)
    try:
        with told(path):
            write(staged.stream)
        return staged.publish(verify)
    finally:
        staged.discard()


class Staged:
    """A file being written under a temporary name: publish it or discard it.

    For what is written bit by bit; `atomic_write` is the same in one call.
    """

    def __init__(
        self, path: StrPath, *, overwrite: bool = False, need: int | None = None
    ) -> None:
        self.path = Path(path)
        self._overwrite = overwrite
        self._target = _checked_target(path, overwrite)
        _require_space(path, self._target.parent, need)
        name = f".nabla-{os.getpid()}-{secrets.token_hex(8)}.tmp"
        self._temporary = self._target.parent / name
        with told(path):
            self.stream: BinaryIO = open(self._temporary, "xb")  # noqa: SIM115 - closed by either end

    def publish(self, verify: Callable[[Path], None] | None = None) -> Path:
        """Bring the bytes to the disk, verify them, and give them the target's name."""
        try:
            with told(self.path):
                self.stream.flush()
                os.fsync(self.stream.fileno())
                self.stream.close()
                self._keep_mode()
            _verified(self.path, self._temporary, verify)
            with told(self.path):
                self._rename()
                _sync_folder(self._target.parent)
        finally:
            self.discard()
        return self.path

    def discard(self) -> None:
        """Remove the temporary file; after `publish` there is nothing left to remove."""
        with suppress(OSError):  # a full disk is told by the write, not again by the close
            self.stream.close()
        with suppress(OSError):
            self._temporary.unlink()

    def _keep_mode(self) -> None:
        with suppress(OSError):
            os.chmod(self._temporary, stat.S_IMODE(self._target.stat().st_mode))

    def _rename(self) -> None:
        if self._overwrite:
            os.replace(self._temporary, self._target)
            return
        try:
            _publish_as_new(self._temporary, self._target)
        except FileExistsError as error:
            raise _exists(self.path) from error


def _publish_as_new(temporary: Path, target: Path) -> None:
    """Give a file its name unless that name is taken, without a moment in between."""
    if os.name == "nt":
        os.rename(temporary, target)  # refuses an existing target there
        return
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _publish_by_reserving(temporary, target)


def _publish_by_reserving(temporary: Path, target: Path) -> None:
    """For disks without hard links: reserve the name with an empty file, then replace that."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    try:
        os.replace(temporary, target)
    except BaseException:
        target.unlink()
        raise


@contextmanager
def told(path: StrPath) -> Generator[None, None, None]:
    """Turn an error of the system or a lack of memory into a `SaveError`."""
    try:
        yield
    except (OSError, MemoryError) as error:
        what, hint = reason_of(error)
        raise SaveError(path, f"not saved, {what}", None, hint) from error


def _checked_target(path: StrPath, overwrite: bool) -> Path:
    """Follow links to the file that will be replaced; refuse what must not be replaced."""
    try:
        target = Path(os.path.realpath(path))
        status = target.lstat() if os.path.lexists(target) else None
    except (OSError, ValueError) as error:
        raise SaveError(
            path, f"not saved, {reason_of(error)[0]}", None, reason_of(error)[1]
        ) from error
    if status is None:
        return _in_existing_folder(path, target)
    if stat.S_ISLNK(status.st_mode):
        raise SaveError(
            path, "not saved, it is a link that leads in a circle", None, "Rename it"
        )
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device or pipe"
        raise SaveError(
            path, f"not saved, the name belongs to {kind}", None, "Choose another name"
        )
    if not overwrite:
        raise _exists(path)
    if not os.access(target, os.W_OK):
        raise SaveError(
            path, "not saved, the file is write-protected", None, "Choose another name"
        )
    return target


def _in_existing_folder(path: StrPath, target: Path) -> Path:
    if not target.parent.is_dir():
        folder = str(target.parent)
        raise SaveError(path, "not saved, its folder does not exist", folder, "Create it first")
    return target


def _exists(path: StrPath) -> SaveError:
    hint = "Choose another name, or allow it to be replaced"
    return SaveError(path, "not saved, a file of this name exists already", None, hint)


def _require_space(path: StrPath, folder: Path, need: int | None) -> None:
    with told(path):
        free = shutil.disk_usage(folder).free
    wanted = 0 if need is None else int(need * 1.1) + LIMITS.spare_disk
    if wanted > free:
        what = f"not saved, it needs {in_words(wanted)} and the disk has {in_words(free)} free"
        raise SaveError(path, what, None, "Free some space or choose another folder")


def _verified(path: StrPath, temporary: Path, verify: Callable[[Path], None] | None) -> None:
    if verify is None:
        return
    try:
        verify(temporary)
    except Exception as error:
        what = "not saved, what was read back is not what was written"
        raise SaveError(path, what, None, "Check the disk and save elsewhere") from error


def _sync_folder(folder: Path) -> None:
    """Make the new name itself last through a power cut, where folders can be synced."""
    if os.name == "nt":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def write_bytes(path: StrPath, data: bytes, *, overwrite: bool = False) -> Path:
    """Write bytes atomically and compare what the disk gives back."""

    def write(stream: BinaryIO) -> None:
        stream.write(data)

    return atomic_write(
        path, write, overwrite=overwrite, verify=same_bytes(data), need=len(data)
    )


def same_bytes(data: bytes) -> Callable[[Path], None]:
    """Return a check that a file holds exactly ``data``; it raises ValueError if not."""
    wanted = hashlib.sha256(data).digest()

    def verify(path: Path) -> None:
        with open(path, "rb") as stream:
            found = hashlib.file_digest(stream, "sha256").digest()
        if found != wanted:
            raise ValueError("the digests differ")

    return verify


def sweep_orphans(folder: StrPath, idle_s: float = 0.0) -> int:
    """Remove temporary files, and folders of them, that killed processes left in a folder.

    It is an orphan if its process is gone and it has not been written for ``idle_s``, or if
    it has not been written for a day (a folder only if no such process lives: the number of
    one that is gone may be another's by now). On a shared disk a process that lives on
    another machine looks gone from here: leave it time, and touch a folder now and then.

    Returns
    -------
    int
        How many were removed; a folder that cannot be read has none.
    """
    removed = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name = _TEMPORARY.fullmatch(entry.name)
            if name and _is_orphan(entry, int(name[1]), idle_s):
                with suppress(OSError):
                    (shutil.rmtree if entry.is_dir() else os.unlink)(entry.path)
                    removed += 1
    return removed


def is_temporary(name: str) -> bool:
    """Say whether a name is that of something not finished, or left behind."""
    return _TEMPORARY.fullmatch(name) is not None


def _is_orphan(entry: os.DirEntry[str], process: int, idle_s: float) -> bool:
    with suppress(OSError):
        if entry.is_symlink():
            return False
        written = [entry.stat().st_mtime]
        if entry.is_dir():
            written += [inside.stat().st_mtime for inside in os.scandir(entry.path)]
        idle = time.time() - max(written)
        is_alive = _is_alive(process)
        is_old = idle > _DAY_S and not (entry.is_dir() and is_alive)
        return is_old or (idle >= idle_s and is_alive is False)
    return False


def _is_alive(process: int) -> bool | None:
    if os.name == "nt":
        return None  # os.kill would end it there; a day's age decides
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
