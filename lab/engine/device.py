"""Which device computes: decided once per run, and shown in the window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lab.engine.kinds import ExperimentError
from lab.engine.lazy import LazyModule

if TYPE_CHECKING:
    import torch
else:
    torch = LazyModule("torch")


@dataclass(frozen=True, slots=True)
class Device:
    """The device in use, its name for people, and the notice if another was wished for."""

    name: str
    title: str
    wish: str
    notice: str = ""

    @property
    def torch(self) -> torch.device:
        """The torch device."""
        return torch.device(self.name)


@cache
def available() -> dict[str, str]:
    """Return the devices of this machine: name and title; the CPU is always there."""
    found = {"cpu": "CPU"}
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            found[f"cuda:{index}"] = torch.cuda.get_device_name(index)
    return found


def wanted(name: str) -> Device:
    """Return the device asked for by name.

    Raises
    ------
    ExperimentError
        If there is no such device here: what a person asks for is refused, not replaced.
    """
    there = available()
    exact = "cuda:0" if name == "cuda" else name
    if exact not in there:
        raise ExperimentError(
            f"device: {name!r} is not on this machine; there is {', '.join(there)}."
        )
    return Device(exact, there[exact], name)


def granted(name: str) -> Device:
    """Return the device a file wishes for, or the CPU with a notice that says so.

    The wish is kept: on a machine that has the device, the file gets it.
    """
    try:
        return wanted(name)
    except ExperimentError:
        notice = (
            f"The file wishes for {name!r}, which is not on this machine; the CPU computes."
        )
        return Device("cpu", "CPU", name, notice)


def repeat_exactly(device: Device) -> None:
    """Have a GPU give the same bits every time, in full single precision.

    Its fastest kernels add in no fixed order, and round products to 10 bits (TF32).
    """
    if device.name != "cpu":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False


def use_threads(number: int) -> None:
    """Compute with so many threads from now on: other counts change the bits of a sum."""
    torch.set_num_threads(number)
