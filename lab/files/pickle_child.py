"""The program that opens foreign ``.pt`` files; `lab.files.pickles` runs it as a process.

Why: a pickle may crash or exhaust its reader. This one has bounded memory and time, cannot
write files where the system allows that bound, and only uses torch's restricted unpickler. It
stands alone: it is started by its path, isolated, and imports nothing of the lab.

Protocol: it writes one byte when ready. A request is three numbers of 8 bytes (length of the
file, bytes its tensors may take, bytes of memory it may use) and the file; an answer is one
byte (1 good, 0 bad), a length of 8 bytes, and safetensors or JSON with ``what`` and ``where``.
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
import sys
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import torch

NESTED = ("state_dict", "model_state_dict", "model", "weights", "module", "net", "network")


class Refused(Exception):
    """The file is not a table of plain tensors: what, where."""


def table_of(content: object) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Return the tensors by name, and metadata on what was chosen and left out."""
    if not isinstance(content, Mapping):
        raise Refused(f"it holds a {type(content).__name__}, not a table of tensors", None)
    for key in NESTED:
        inner = content.get(key)
        if isinstance(inner, Mapping) and _tensors(inner):
            tensors, metadata = table_of(inner)
            return tensors, {"taken_from": key, **metadata}
    tensors = _tensors(content)
    if not tensors:
        raise Refused("it holds no tensors by name", None)
    left_out = [str(key)[:80] for key in content if key not in tensors]
    return tensors, {"left_out": ", ".join(left_out[:20])} if left_out else {}


def _tensors(content: Mapping[Any, Any]) -> dict[str, torch.Tensor]:
    import torch

    return {
        k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, torch.Tensor)
    }


def owned(tensors: dict[str, torch.Tensor], budget: int) -> dict[str, torch.Tensor]:
    """Return contiguous copies, after a look at what they claim to hold."""
    import torch

    total = 0
    for name, tensor in tensors.items():
        is_plain = type(tensor) in (torch.Tensor, torch.nn.Parameter)
        if not is_plain or tensor.layout != torch.strided or tensor.device.type != "cpu":
            raise Refused("it is no plain tensor", name)
        if tensor.is_quantized:
            raise Refused("it is a quantised tensor", name)
        size = tensor.numel() * tensor.element_size()
        if size > tensor.untyped_storage().nbytes():
            raise Refused("it claims more numbers than the file holds", name)
        total += size
    if total > budget:
        raise Refused("its tensors take more memory than allowed", None)
    return {name: t.detach().contiguous().clone() for name, t in tensors.items()}


def answer(data: bytes, budget: int) -> bytes:
    """Return the content of a ``.pt`` as safetensors."""
    import torch
    from safetensors.torch import save

    content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    tensors, metadata = table_of(content)
    return bytes(save(owned(tensors, budget), metadata or None))


def refusal(error: BaseException) -> bytes:
    """Return JSON that says in words why a file is refused."""
    if isinstance(error, Refused):
        what, where = error.args
        return json.dumps({"what": what, "where": where}).encode()
    text = str(error)
    wanted = re.search(
        r"GLOBAL ([\w.]{1,80})|Unsupported (?:operand|class) ([\w.]{1,80})", text
    )
    if "UnpicklingError" in type(error).__name__ or wanted:
        where = f"it asks for {wanted[1] or wanted[2]}" if wanted else None
        what = "it holds objects or code besides tensors and is not opened"
        return json.dumps({"what": what, "where": where}).encode()
    if isinstance(error, MemoryError) or "allocate memory" in text:
        return json.dumps({"what": "it needs more memory than allowed", "where": None}).encode()
    what = "the file is damaged or cut off"
    return json.dumps({"what": what, "where": type(error).__name__}).encode()


def bound(memory: int, seconds: int) -> None:
    """Limit memory and processor time from now on, and forbid writing files, where possible."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as line:
            used = int(line.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        _lower(resource.RLIMIT_AS, used + memory)
        spent = resource.getrusage(resource.RUSAGE_SELF)
        _lower(resource.RLIMIT_CPU, int(spent.ru_utime + spent.ru_stime) + seconds)
        _lower(resource.RLIMIT_FSIZE, 0)
        _lower(resource.RLIMIT_CORE, 0)
    except (ImportError, OSError, ValueError):
        return  # this system has no such limits; the parent's clock still holds


def _lower(which: int, soft: int) -> None:
    import resource

    hard = resource.getrlimit(which)[1]
    resource.setrlimit(which, (soft if hard < 0 else min(soft, hard), hard))


def serve(requests: BinaryIO, answers: BinaryIO, seconds: int) -> None:
    """Answer requests until there are no more."""
    import safetensors.torch  # noqa: F401 - loaded before memory is bounded
    import torch

    torch.set_num_threads(1)
    answers.write(b"\1")
    answers.flush()
    while len(head := requests.read(24)) == 24:
        length, budget, memory = struct.unpack("<QQQ", head)
        data = requests.read(length)
        bound(memory, seconds)
        try:
            good, reply = b"\1", answer(data, budget)
        except Exception as error:
            good, reply = b"\0", refusal(error)
        answers.write(good + struct.pack("<Q", len(reply)))
        answers.write(reply)
        answers.flush()


def main() -> None:
    """Serve on standard input and output; whatever else prints goes nowhere."""
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    serve(sys.stdin.buffer, answers, int(sys.argv[1]))


if __name__ == "__main__":
    main()
