"""ONNX models made in a process of their own, while a run trains in this one.

Why: the exporter sets switches that hold for a whole process (torch's optimizers look at one of
them) and holds the interpreter for seconds. A process shares neither, and can be ended midway.

The child reads safetensors whose metadata hold the request as JSON, and answers with one byte
(1 good, 0 bad) and the model, or the sentence that says why there is none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lab.engine.exports import Unwanted
from lab.engine.kinds import ExperimentError
from lab.engine.onnx_export import Described, model_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from threading import Event as Flag

    from torch import Tensor

LOOK_S = 0.1
_ROOT = Path(__file__).parents[2]


def model_bytes_beside(asked: Described, tensors: Mapping[str, Tensor], stop: Flag) -> bytes:
    """Return what `lab.engine.onnx_export.model_bytes` returns; this thread only waits.

    Raises
    ------
    ExperimentError
        As that does, or if the process dies.
    Unwanted
        If ``stop`` is set meanwhile.
    """
    child = _started()
    try:
        answer = _answer(child, _request(asked, tensors), stop)
    finally:
        child.kill()
        child.communicate()
    if answer[:1] == b"\1":
        return answer[1:]
    said = answer[1:].decode() or "format: the process that writes ONNX died; try again."
    raise ExperimentError(said)


def _started() -> subprocess.Popen[bytes]:
    paths = filter(None, (str(_ROOT), os.environ.get("PYTHONPATH")))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "lab.engine.onnx_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
    )


def _answer(child: subprocess.Popen[bytes], request: bytes | None, stop: Flag) -> bytes:
    """Wait for the child, and look now and then whether anybody else does."""
    while not stop.is_set():
        with suppress(subprocess.TimeoutExpired):
            return child.communicate(request, LOOK_S)[0]
        request = None
    raise Unwanted


def _request(asked: Described, tensors: Mapping[str, Tensor]) -> bytes:
    from safetensors.torch import save

    rest = {
        "experiment": asked.experiment.model_dump(),
        "shape": asked.shape,
        "outputs": asked.outputs,
        "metadata": dict(asked.metadata),
    }
    return save(dict(tensors), {"request": json.dumps(rest)})


def answered(request: bytes) -> bytes:
    """Return the child's answer to a request."""
    from safetensors.torch import load

    from lab.engine.experiment import experiment

    length = int.from_bytes(request[:8], "little")
    rest = json.loads(json.loads(request[8 : 8 + length])["__metadata__"]["request"])
    wish, shape = experiment(rest["experiment"]), tuple(rest["shape"])
    asked = Described(wish, shape, rest["outputs"], rest["metadata"])
    try:
        return b"\1" + model_bytes(asked, load(request))
    except ExperimentError as error:
        return b"\0" + str(error).encode()


def main() -> None:
    """Answer one request; whatever else prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with answers:
        answers.write(answered(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
