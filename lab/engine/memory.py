"""Running out of memory: how it shows, and how to get memory back."""

from __future__ import annotations

import gc
import sys

import torch


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory ran out, on the CPU or a GPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def release() -> None:
    """Let go of what a failed iteration has left behind.

    Call it outside the handler: an exception keeps its frames, and they keep their tensors.
    The collection is one of the youngest objects only, as widgets must not be collected in
    this thread.
    """
    for name in ("last_value", "last_traceback", "last_exc"):
        if hasattr(sys, name):
            delattr(sys, name)
    gc.collect(0)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
