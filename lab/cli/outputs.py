"""A folder of results: what is new in it comes at the end, each file whole."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.cli.answers import RequestError
from lab.cli.metrics import FILE_NAME as METRICS
from lab.files.atomic import IDLE_S, is_temporary, sweep_orphans, told

if TYPE_CHECKING:
    from collections.abc import Generator

RECORD, WEIGHTS = "experiment.toml", "weights.safetensors"
PICTURES = ("loss.png", "loss.svg", "accuracy.png", "accuracy.svg", "window.png")
OWN = {METRICS, RECORD, WEIGHTS, *PICTURES}


def checked(out: Path, overwrite: bool) -> Path:
    """Return the folder to write to, as an absolute path.

    Raises
    ------
    RequestError
        If something is there already that is not an empty folder, or with ``overwrite`` not
        a folder of earlier results and nothing else.
    """
    with told(out):
        out = Path(os.path.abspath(out))
        if not os.path.lexists(out):
            return out
        if not out.is_dir():
            raise RequestError(f"--out: {out} is there already and is not a folder.")
        names = {e.name for e in out.iterdir() if not is_temporary(e.name)}
    if names and not overwrite:
        raise RequestError(
            f"--out: {out} is not empty; choose another folder, or allow it with --overwrite."
        )
    if names and (RECORD not in names or names - OWN):
        foreign = ", ".join(sorted(names - OWN)[:3]) or f"no {RECORD}"
        raise RequestError(f"--out: {out} holds more than earlier results ({foreign}).")
    return out


@contextmanager
def new_folder(out: Path) -> Generator[Path, None, None]:
    """Yield a folder to write into, which becomes ``out`` if all goes well.

    ``out`` is what `checked` has returned. Where it is there already, what is new is written
    inside it, for it may lie on a disk of its own.
    """
    with told(out):
        beside = next(p for p in (out, *out.parents) if p.is_dir())
        sweep_orphans(beside, IDLE_S)
        staged = beside / f".nabla-{os.getpid()}-{secrets.token_hex(8)}.out"
        staged.mkdir()
    try:
        yield staged
        with told(out):
            _publish(staged, out)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _publish(staged: Path, out: Path) -> None:
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(out)
        return
    new = {entry.name for entry in staged.iterdir()}
    for name in sorted(new):
        os.replace(staged / name, out / name)
    for name in OWN - new:
        (out / name).unlink(missing_ok=True)
