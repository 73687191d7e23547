"""Reading ``.pt`` files through a child process, so that a bad one takes down only the child.

What can be told from the outside (a program, a picture, a cut-off file) is refused before the
child sees it. The child sends safetensors, which are checked here as any foreign file is.
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Self

from lab.files.archives import archive
from lab.files.errors import LoadError, StrPath, quoted, reading
from lab.files.limits import LIMITS
from lab.files.sources import kind_of, opened
from lab.files.weights import Weights, weights_budget, weights_in

if TYPE_CHECKING:
    import zipfile

_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"  # the number torch.save wrote before 1.6
_PROGRAM = Path(__file__).with_name("pickle_child.py")
_OLDEST = (2, 10)
_SAVE_AGAIN = "Save it again with torch.save(model.state_dict(), path)"


class PickleReader:
    """A child process kept warm for one or many files; use it in a ``with``.

    The child costs seconds to start (it imports torch) and milliseconds a file.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, path: StrPath) -> Weights:
        """Return the tensors of a file; may run in any thread, one at a time.

        Raises
        ------
        LoadError
            For whatever is not a table of plain tensors, and where torch is older than 2.10.
        """
        _require_torch(path)
        with (
            reading(path, "it cannot be read as a PyTorch file", _SAVE_AGAIN),
            opened(path, weights_budget()) as stream,
        ):
            data = _checked(path, stream, os.fstat(stream.fileno()).st_size)
            good, reply = self._ask(path, data)
        if not good:
            told = json.loads(reply)
            where = None if told["where"] is None else quoted(told["where"])
            raise LoadError(path, told["what"], where, _SAVE_AGAIN)
        with reading(path, "its tensors cannot be used", _SAVE_AGAIN):
            return weights_in(path, io.BytesIO(reply), len(reply))

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()  # reaps it and closes the pipes
            self._child = None

    def _ask(self, path: StrPath, data: bytes) -> tuple[bool, bytes]:
        """Send one file to the child; its death or silence is the file's fault."""
        child = self._started(path)
        assert child.stdin is not None
        assert child.stdout is not None
        watch = threading.Timer(LIMITS.child_seconds, child.kill)
        watch.start()
        try:
            memory = 5 * len(data) + LIMITS.child_spare
            child.stdin.write(struct.pack("<QQQ", len(data), weights_budget(), memory))
            child.stdin.write(data)
            child.stdin.flush()
            head = _exactly(child.stdout, 9)
            return head[0] == 1, _exactly(child.stdout, struct.unpack("<Q", head[1:])[0])
        except (OSError, EOFError) as error:
            self.close()
            what = "the process that read it died or took too long: the file is rejected"
            raise LoadError(path, what, None, _SAVE_AGAIN) from error
        finally:
            watch.cancel()
            watch.join()

    def _started(self, path: StrPath) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            seconds = str(int(LIMITS.child_seconds))
            self._child = subprocess.Popen(
                [sys.executable, "-I", str(_PROGRAM), seconds],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
            assert self._child.stdout is not None
            if self._child.stdout.read(1) != b"\1":
                self.close()
                what = "the process that should read it did not start"
                raise LoadError(path, what, None, "Run 'nabla doctor'")
        return self._child


def _exactly(stream: IO[bytes], length: int) -> bytes:
    if length > 2 * LIMITS.weights_file:
        raise EOFError("an impossible length")
    data = stream.read(length)
    if len(data) != length:
        raise EOFError("the child ended")
    return data


def _require_torch(path: StrPath) -> None:
    """Refuse `.pt` files where torch's restricted unpickler is known to be unsafe."""
    import torch

    numbers = tuple(int(n) for n in re.findall(r"\d+", torch.__version__)[:2])
    if numbers < _OLDEST:
        what = f"torch {torch.__version__} cannot open .pt files safely (CVE-2026-24747)"
        raise LoadError(path, what, None, "Install torch 2.10 or newer, or use safetensors")


def _checked(path: StrPath, stream: BinaryIO, size: int) -> bytes:
    """Return the file's bytes if they look like what torch.save writes."""
    head = stream.read(64)
    if head.startswith(b"PK\x03\x04"):
        most, entries = weights_budget(), 2 * LIMITS.weights_tensors
        with archive(path, stream, size, entries=entries, budget=most) as opened_zip:
            _require_state_dict(path, opened_zip.infolist())
    elif not head.startswith(_LEGACY):
        kind = kind_of(head) or "no file of PyTorch"
        what = f"this is {kind}, which is not opened as weights"
        raise LoadError(path, what, None, _SAVE_AGAIN)
    stream.seek(0)
    return stream.read()


def _require_state_dict(path: StrPath, infos: list[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in infos]
    if any("/code/" in name or name.endswith("/constants.pkl") for name in names):
        raise LoadError(path, "this is a TorchScript program, not weights", None, _SAVE_AGAIN)
    tables = [info for info in infos if info.filename.endswith("/data.pkl")]
    if len(tables) != 1:
        what = "this zip archive has no table of tensors (data.pkl)"
        raise LoadError(path, what, None, _SAVE_AGAIN)
    if tables[0].file_size > LIMITS.weights_header:
        raise LoadError(path, "its table of tensors is too large", None, _SAVE_AGAIN)
    if any(info.compress_type for info in infos):
        raise LoadError(path, "its entries are compressed", None, _SAVE_AGAIN)
